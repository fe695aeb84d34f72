// When the host was last seen at work. What was tried does not grow old while the host is off.
#pragma once

#include "base/clock.hpp"
#include "base/status.hpp"

namespace patchbay::store {

class Statements;

// All functions: [the database's thread, inside a unit of work].
class UptimeRepository {
 public:
  explicit UptimeRepository(Statements& statements) : statements_(statements) {}

  // The host starts: the time since it was last seen does not count as age of what was tried and
  // has not ended. Then it has been seen now, so a second call adds nothing.
  base::Status begin(base::WallTime now);
  // The host is at work. Costs a write only when something waits or is being sent.
  base::Status seen(base::WallTime now);

 private:
  Statements& statements_;
};

}  // namespace patchbay::store
