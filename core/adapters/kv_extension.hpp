// "patchbay.kv/1": the instance's rows in the central database.
#pragma once

#include <functional>
#include <optional>
#include <string>

#include <patchbay/adapter.h>

#include "adapters/extension_owner.hpp"
#include "base/status.hpp"

namespace patchbay::store {
class InstanceKvRepository;
}

namespace patchbay::adapters {

// [core thread] Completions come in the order of the calls: every call is a unit of work of the one
// writer, also one that is refused.
class KvExtension {
 public:
  explicit KvExtension(ExtensionOwner& owner) : owner_(owner) {}

  void get(pbay_op op, std::string key);
  void put(pbay_op op, std::string key, std::string value);
  void compare_and_set(pbay_op op, std::string key, std::optional<std::string> expected,
                       std::string value);
  void remove(pbay_op op, std::string key);

 private:
  using Value = std::optional<std::string>;
  void run(
      pbay_op op, const char* what,
      std::function<base::Result<Value>(store::InstanceKvRepository&, const base::InstanceName&)>
          work);

  ExtensionOwner& owner_;
};

[[nodiscard]] const void* kv_table();

}  // namespace patchbay::adapters
