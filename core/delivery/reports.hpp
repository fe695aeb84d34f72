// What is learned of a delivery after its attempt: reports of the platform, decisions of an
// operator, the deletion of its session. Units of work; [the database's thread].
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/status.hpp"
#include "session/types.hpp"
#include "store/repositories.hpp"

namespace patchbay::delivery {

struct Report {
  base::InstanceName instance;
  // By its key, else by the id of one of its messages.
  std::string remote_id;
  std::string idempotency_key;  // "<key of the delivery>:<part>"; without a part: all of it
  bool failed = false;
  std::string reason;
  base::WallTime at;
};

// The delivery as it is now. Nothing: the report did not change its state (a delivered message that
// has arrived, a message that is not ours, one that failed already). That one part has arrived is
// evidence and no more; what comes while it is being sent is heard when the attempt has ended.
[[nodiscard]] base::Result<std::optional<store::DeliveryRecord>> take_report(
    store::Repositories& repositories, const Report& report);

// A part that its adapter told of after the attempt's outcome had been given: where a further
// attempt goes on, and evidence.
[[nodiscard]] base::Status take_late_part(store::Repositories& repositories, std::int64_t id,
                                          const store::DeliveryPart& part);

// An operator has looked: it arrived (delivered), it did not (failed), or it is to be sent again
// (waiting). kNotFound; kRefused when it is not in state unknown, `to` is no such decision, or what
// is to be sent again had files that are gone. In the audit as well.
[[nodiscard]] base::Result<store::DeliveryRecord> resolve_unknown(store::Repositories& repositories,
                                                                  std::int64_t id,
                                                                  store::DeliveryState to,
                                                                  base::WallTime now);

// Ends what waits, with the reason: as failed, or unknown where an earlier attempt may have
// arrived. The deliveries that are being sent go on.
[[nodiscard]] base::Result<std::vector<store::DeliveryRecord>> fail_waiting(
    store::Repositories& repositories, const session::SessionAddress& session,
    const std::string& reason, base::WallTime now);

}  // namespace patchbay::delivery
