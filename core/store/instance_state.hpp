// Deadlines that platforms imposed (Retry-After), which outlive a restart.
#pragma once

#include <string>
#include <vector>

#include "base/clock.hpp"
#include "base/ids.hpp"
#include "base/status.hpp"

namespace patchbay::store {

class Statements;

struct RetryDeadline {
  base::InstanceName instance;
  base::ChatKey chat;  // empty: the whole account
  base::WallTime until;
};

class InstanceStateRepository {
 public:
  explicit InstanceStateRepository(Statements& statements) : statements_(statements) {}

  // The later one stays.
  base::Status put_deadline(const RetryDeadline& deadline);
  base::Status remove_deadline(const base::InstanceName& instance, const base::ChatKey& chat);
  // Those after `now`; older ones are removed.
  base::Result<std::vector<RetryDeadline>> load_deadlines(base::WallTime now);

 private:
  Statements& statements_;
};

}  // namespace patchbay::store
