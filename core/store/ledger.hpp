// The ledger of deliveries: what was accepted, and what became of it. delivery.md, "Outbound".
//
// What has not ended is found through partial indexes only, so that a million deliveries that have
// ended cost nothing. All functions: [the database's thread, inside a unit of work].
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.hpp"
#include "base/ids.hpp"
#include "base/status.hpp"
#include "store/records.hpp"

namespace patchbay::store {

class Statements;

inline constexpr std::size_t kDeliveryStates = 5;

// "waiting", "sending", "delivered", "failed", "unknown".
[[nodiscard]] std::string_view to_string(DeliveryState state);
[[nodiscard]] std::optional<DeliveryState> parse_delivery_state(std::string_view text);
// delivered, failed and unknown: the agent is told; unknown may still be resolved.
[[nodiscard]] bool is_end(DeliveryState state);
// The transitions of delivery.md; a state never moves to itself.
[[nodiscard]] bool may_move(DeliveryState from, DeliveryState to);
// The end that this record is at.
[[nodiscard]] DeliveryEnd delivery_end(const DeliveryRecord& record);

// One move of a delivery, with its reason.
struct DeliveryMove {
  std::int64_t id = 0;
  DeliveryState to = DeliveryState::kWaiting;
  base::WallTime at;                         // becomes finished_at when `to` is an end
  std::uint32_t attempts = 0;                // after the move
  std::string reason;                        // replaces the former one
  std::string evidence;                      // empty: the former one stays
  std::optional<base::WallTime> not_before;  // to waiting: the time of the next attempt
  std::optional<std::int32_t> code;          // from sending: what the adapter answered, if it did
  bool keeps_pause = false;                  // it was tried, and what paused it lasts
  bool begins_anew = false;                  // to waiting: it grows old from its next attempt only
};

struct DeliveryFilter {
  std::optional<DeliveryState> state;
  std::optional<base::InstanceName> instance;
  std::optional<base::ChatKey> chat;
  std::optional<base::AgentGroupId> agent;
  std::optional<base::SessionId> session;
  std::int64_t before = 0;  // only ids below it; 0: from the newest
  std::size_t limit = 50;
};

// Of a list for a person: a long content is shortened to what such a list shows.
struct DeliveryPage {
  std::vector<DeliveryRecord> records;
  bool more = false;  // there are older ones that the filter takes
};
// A page ends at the row with which its texts reach this, so that no list fills the memory.
inline constexpr std::size_t kDeliveryPageBytes = 1024 * 1024;

struct InstanceCounts {
  base::InstanceName instance;
  std::array<std::int64_t, kDeliveryStates> by_state{};  // index: DeliveryState
};

class LedgerRepository {
 public:
  explicit LedgerRepository(Statements& statements) : statements_(statements) {}

  // Inserts a delivery in state waiting or failed (then with reason and finished_at); its id is the
  // order of acceptance. `delivery.id` is ignored. Nothing: a row of this (agent, session,
  // message_out_id) is there already and stays as it is.
  base::Result<std::optional<std::int64_t>> accept(const DeliveryRecord& delivery);

  // kNotFound, or kInternal when may_move() says no (nothing changes). A move to waiting,
  // delivered, failed or unknown ends a pause, unless it keeps it; leaving `delivered` or `unknown`
  // clears `projected`, and a move to failed or unknown clears `notified`, so that agent and user
  // hear of it. To and from sending it begins and ends an attempt; with the first one it begins to
  // grow old.
  base::Status move(const DeliveryMove& move);

  // Inserts, or replaces remote id and cursor of, one part.
  base::Status put_part(std::int64_t id, const DeliveryPart& part);

  // The lane stands still because the chat or the account cannot be reached. Pausing a delivery
  // that is paused keeps the earlier time; resuming one adds what has passed since then, and since
  // it was first tried, to paused_total.
  base::Status pause(std::int64_t id, base::WallTime since, const std::string& reason);
  base::Status resume(std::int64_t id, base::WallTime at);
  // A delivery that stays waiting though its turn came `at`: the next attempt's time, the reason.
  // That counts as tried, and ends a pause.
  base::Status postpone(std::int64_t id, std::optional<base::WallTime> not_before,
                        const std::string& reason, base::WallTime at);
  base::Status set_evidence(std::int64_t id, const std::string& evidence);
  // Replaces `target` ("row:<id>" became a platform id).
  base::Status set_target(std::int64_t id, const std::string& target);

  // With parts.
  base::Result<std::optional<DeliveryRecord>> find(std::int64_t id);
  // Agent and session empty: the host's own.
  base::Result<std::optional<DeliveryRecord>> find_by_message(const base::AgentGroupId& agent,
                                                              const base::SessionId& session,
                                                              const std::string& message_out_id);
  // Deliveries of this instance are in that state.
  base::Result<bool> has_any(const base::InstanceName& instance, DeliveryState state);
  // The delivery of that instance that made the message with this remote id. Nothing as well when
  // messages of several chats have it: on many platforms it says which message of a chat it is.
  base::Result<std::optional<DeliveryRecord>> find_reported(const base::InstanceName& instance,
                                                            const std::string& remote_id);
  // The newest before the delivery `before` whose first part has this remote id: it made or edited
  // that message, or reacted to it.
  base::Result<std::optional<DeliveryRecord>> find_by_first_part(const LaneKey& lane,
                                                                 const std::string& remote_id,
                                                                 std::int64_t before);
  base::Result<std::optional<DeliveryRecord>> find_by_idempotency_key(
      const base::InstanceName& instance, const std::string& key);
  // For the command line: by message_out_id of any session, or by the remote id of a part; in this
  // chat, or if it is empty in any. Newest first, long contents shortened.
  base::Result<std::vector<DeliveryRecord>> find_by_any_id(const std::string& id,
                                                           const base::ChatKey& chat,
                                                           std::size_t limit);

  // Those with which this session answers the row; at most `limit`, newest first, long contents
  // shortened.
  base::Result<std::vector<DeliveryRecord>> find_answers(const InboxRow& row, std::size_t limit);

  // Start: everything waiting or sending in order of acceptance, with parts; pages by `after`.
  base::Result<std::vector<DeliveryRecord>> load_open(std::int64_t after, std::size_t limit);
  // The lanes with something waiting or sending.
  base::Result<std::vector<LaneKey>> open_lanes();
  // The waiting and sending ones of a lane in order, with parts; pages by `after`.
  base::Result<std::vector<DeliveryRecord>> load_lane(const LaneKey& lane, std::int64_t after,
                                                      std::size_t limit);
  // The waiting and sending ones of a session (to be failed when it is deleted).
  base::Result<std::vector<DeliveryRecord>> load_session_open(const base::AgentGroupId& agent,
                                                              const base::SessionId& session);
  // Those in state unknown that are still to be resolved: pages by `after`.
  base::Result<std::vector<DeliveryRecord>> load_unknown(std::int64_t after, std::size_t limit);
  // What of a session has ended, in the order of message_out_id, without the contents: pages by
  // `after`.
  base::Result<std::vector<DeliveryRecord>> load_session_ended(const base::AgentGroupId& agent,
                                                               const base::SessionId& session,
                                                               const std::string& after,
                                                               std::size_t limit);
  // Every message_out_id of a session, for the comparison by id.
  base::Result<std::vector<std::string>> message_ids(const base::AgentGroupId& agent,
                                                     const base::SessionId& session);
  // The earliest waiting time of deliveries with not_before after `now`, or nothing.
  base::Result<std::optional<base::WallTime>> next_due(base::WallTime now);

  // Ended, of a session, and not yet in the agent's `delivered` table.
  base::Result<std::vector<DeliveryRecord>> load_not_projected(std::size_t limit);
  // Nothing changes when it has come to another end than the one that was told. So set_notified().
  base::Status set_projected(const DeliveryEnd& told);
  // Failed or unknown, and no notice given yet.
  base::Result<std::vector<DeliveryRecord>> load_not_notified(std::size_t limit);
  base::Status set_notified(const DeliveryEnd& told);

  // Deliveries whose spool folder may go: delivered, or failed and unknown since before
  // `ended_before`.
  base::Result<std::vector<DeliveryRecord>> load_spools_to_remove(base::WallTime ended_before,
                                                                  std::size_t limit);
  base::Status clear_spool(std::int64_t id);
  // Every spool folder that a delivery still names.
  base::Result<std::vector<std::string>> spools();

  // Per instance; kept up to date by every move, so it costs the same at any size.
  base::Result<std::vector<InstanceCounts>> counts();
  // Newest first, with parts; at most filter.limit, or kDeliveryPageBytes.
  base::Result<DeliveryPage> list(const DeliveryFilter& filter);
  // What waits for this chat, in all its threads.
  base::Result<std::int64_t> count_waiting(const base::InstanceName& instance,
                                           const base::ChatKey& chat);

 private:
  Statements& statements_;
};

}  // namespace patchbay::store
