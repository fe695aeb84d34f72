// The small durable memory of an adapter instance (the "kv" of the ABI).
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "base/ids.hpp"
#include "base/status.hpp"

namespace patchbay::store {

class Statements;

class InstanceKvRepository {
 public:
  explicit InstanceKvRepository(Statements& statements) : statements_(statements) {}

  base::Result<std::optional<std::string>> get(const base::InstanceName& instance,
                                               const std::string& key);
  // kTooLarge: over limits::kKvKeyBytes, kKvValueBytes, or kKvKeys of the instance. Values may hold
  // any bytes.
  base::Status put(const base::InstanceName& instance, const std::string& key,
                   const std::string& value);
  base::Status remove(const base::InstanceName& instance, const std::string& key);
  // Keys that begin with `prefix`, in order.
  base::Result<std::vector<std::string>> keys(const base::InstanceName& instance,
                                              const std::string& prefix, std::size_t limit);

 private:
  Statements& statements_;
};

}  // namespace patchbay::store
