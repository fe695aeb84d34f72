// When the host was last seen at work. While it is off, no delivery grows old and no pause longer.
#pragma once

#include "base/clock.hpp"
#include "base/status.hpp"

namespace patchbay::store {

class Statements;

// All functions: [the database's thread, inside a unit of work].
class UptimeRepository {
 public:
  explicit UptimeRepository(Statements& statements) : statements_(statements) {}

  // The host starts: the time since it was last seen is no age of what was tried and has not ended,
  // and moves the beginning of pauses. Then it has been seen now: a second call adds nothing.
  base::Status begin(base::WallTime now);
  // The host is at work. Costs a write only when something waits or is being sent.
  base::Status seen(base::WallTime now);

 private:
  Statements& statements_;
};

}  // namespace patchbay::store
