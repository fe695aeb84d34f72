// What a platform said of deliveries while an attempt of them was under way: kept until the attempt
// ends, so that the outcome is judged in the light of it, also by a host that was started again.
// Failures, too, of messages whose ids the host does not know yet.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "base/clock.hpp"
#include "base/ids.hpp"
#include "base/status.hpp"

namespace patchbay::store {

class Statements;

// The platform's word on a whole delivery.
struct EndReport {
  bool failed = false;     // else all of it has arrived
  std::string reason;      // of a failure
  std::uint32_t part = 0;  // the part that failed; 0, too, of what names no part
};

// All functions: [the database's thread, inside a unit of work].
class EarlyReportRepository {
 public:
  explicit EarlyReportRepository(Statements& statements) : statements_(statements) {}

  // A failure replaces what was said before; only that of an earlier part replaces a failure.
  base::Status put(std::int64_t delivery, const EndReport& report);
  // What was said, once.
  base::Result<std::optional<EndReport>> take(std::int64_t delivery);

  // The failure of a message of this instance that no delivery is known to have made, reported
  // `at`. The first one stays.
  base::Status put_failure(const base::InstanceName& instance, const std::string& remote_id,
                           const std::string& reason, base::WallTime at);
  // What was said, once.
  base::Result<std::optional<EndReport>> take_failure(const base::InstanceName& instance,
                                                      const std::string& remote_id);
  // Takes away what no delivery that is being sent now can be meant by.
  base::Status prune();

 private:
  Statements& statements_;
};

}  // namespace patchbay::store
