// What is learned of a delivery after its attempt: reports of the platform, decisions of an
// operator, the deletion of its session. Units of work; [the database's thread].
#pragma once

#include <cstdint>
#include <optional>
#include <set>
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
  // The chats, without threads, whose persons were told of a failure just now.
  std::set<store::LaneKey> users_told;
};

struct Heard {
  enum class What : std::uint8_t {
    kNothingNew,  // a delivered message that has arrived, one that failed already …
    kChanged,     // `record` is the delivery as it is now
    kKept,        // for a delivery that is being sent: heard when that attempt has ended
    kMayBeOurs,   // kept as well: of a message that the host does not know, while it sends others
    kNobodys,     // of a message that the host does not know
  };
  What what = What::kNothingNew;
  std::optional<store::DeliveryRecord> record;
  std::optional<store::DeliveryRecord> user_notice;  // of its failure; accepted, in the same lane
};

// That one part has arrived is evidence and no more. A failure by the id of a message that the host
// does not know is kept while its instance sends anything: the id may come with the answer.
[[nodiscard]] base::Result<Heard> take_report(store::Repositories& repositories,
                                              const Report& report);

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
