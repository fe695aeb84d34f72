// Files that the host has asked an instance for, by references that it submitted.
#pragma once

#include <cstdint>
#include <map>
#include <string>

#include <patchbay/adapter.h>

#include "adapters/extension_owner.hpp"
#include "adapters/staging_extension.hpp"
#include "base/executor.hpp"
#include "base/status.hpp"

namespace patchbay::adapters {

// [core thread]
class FetchTable {
 public:
  using Done = base::UniqueFunction<void(base::Result<std::string>)>;

  FetchTable(ExtensionOwner& owner, StagingExtension& staging,
             base::UniqueFunction<void(pbay_op)> overdue)
      : owner_(owner), staging_(staging), overdue_(std::move(overdue)) {}
  ~FetchTable();
  FetchTable(const FetchTable&) = delete;
  FetchTable& operator=(const FetchTable&) = delete;

  // The staging handle to stream into.
  [[nodiscard]] base::Result<std::uint64_t> add(pbay_op op, Done done);
  // False: no such operation.
  bool complete(pbay_op op, std::int32_t code, const std::string& text);
  void end_all(const std::string& why);

 private:
  struct Entry {
    std::uint64_t handle = 0;
    Done done;
    base::TimerId timer = 0;
  };
  void end(pbay_op op, base::Status why);

  ExtensionOwner& owner_;
  StagingExtension& staging_;
  base::UniqueFunction<void(pbay_op)> overdue_;
  std::map<pbay_op, Entry> entries_;
};

}  // namespace patchbay::adapters
