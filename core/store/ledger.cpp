#include "store/ledger.hpp"

#include <limits>

#include "store/attempts.hpp"
#include "store/ledger_sql.hpp"
#include "store/statements.hpp"

namespace patchbay::store {
namespace {

constexpr std::array<std::string_view, kDeliveryStates> kStateNames{
    "waiting", "sending", "delivered", "failed", "unknown"};

using Records = std::vector<DeliveryRecord>;

DeliveryRecord read(const Query& query) {
  DeliveryRecord record;
  int column = 0;
  record.id = query.integer(column++);
  record.agent = query.id<base::AgentGroupId>(column++);
  record.session = query.id<base::SessionId>(column++);
  record.message_out_id = query.text(column++);
  record.lane.instance = query.id<base::InstanceName>(column++);
  record.lane.chat = query.id<base::ChatKey>(column++);
  record.lane.thread = query.id<base::ThreadId>(column++);
  record.kind = query.text(column++);
  record.content = query.text(column++);
  record.in_reply_to = query.text(column++);
  record.target = query.text(column++);
  record.spool = query.text(column++);
  record.files = from_json_list(query.text(column++));
  record.refused_files = from_json_list(query.text(column++));
  record.idempotency_key = query.text(column++);
  record.state = static_cast<DeliveryState>(query.integer(column++));
  record.attempts = static_cast<std::uint32_t>(query.integer(column++));
  record.not_before = query.optional_time(column++);
  record.reason = query.text(column++);
  record.evidence = query.text(column++);
  record.accepted_at = query.time(column++);
  record.finished_at = query.optional_time(column++);
  record.paused_since = query.optional_time(column++);
  record.paused_total = base::Milliseconds(query.integer(column++));
  record.projected = query.flag(column++);
  record.notified = query.flag(column++);
  record.answers = query.text(column++);
  record.first_tried_at = query.optional_time(column++);
  return record;
}

void read_parts(Statements& statements, DeliveryRecord& record) {
  Query query(statements, ledger_sql::kParts, record.id);
  while (query.step()) {
    record.parts.push_back(
        {static_cast<std::uint32_t>(query.integer(0)), query.text(1), query.text(2)});
  }
}

Records read_list(Statements& statements, Query& query) {
  Records records;
  while (query.step()) {
    records.push_back(read(query));
    read_parts(statements, records.back());
  }
  return records;
}

// What a record holds of variable length, where it may be much.
std::size_t text_bytes(const DeliveryRecord& record) {
  std::size_t bytes = record.content.size() + record.reason.size() + record.evidence.size();
  for (const DeliveryPart& part : record.parts) {
    bytes += part.remote_id.size() + part.cursor.size();
  }
  for (const auto* names : {&record.files, &record.refused_files}) {
    for (const std::string& name : *names) {
      bytes += name.size();
    }
  }
  return bytes;
}

template <class... Values>
base::Result<Records> load(Statements& statements, const char* sql, const Values&... values) {
  return guarded("reading the ledger", [&]() -> base::Result<Records> {
    Query query(statements, sql, values...);
    return read_list(statements, query);
  });
}

template <class... Values>
base::Result<std::optional<DeliveryRecord>> load_one(Statements& statements, const char* sql,
                                                     const Values&... values) {
  PATCHBAY_ASSIGN(auto records, load(statements, sql, values...));
  return records.empty() ? std::nullopt : std::optional(std::move(records.front()));
}

template <class... Values>
base::Status change(Statements& statements, const char* sql, const Values&... values) {
  return guarded("writing the ledger", [&]() -> base::Status {
    Query(statements, sql, values...).run();
    return {};
  });
}

void count(Statements& statements, const base::InstanceName& instance, DeliveryState state,
           int difference) {
  Query(statements, ledger_sql::kCount, instance, state, difference).run();
}

const char* list_statement(const DeliveryFilter& filter) {
  if (!filter.state) {
    return ledger_sql::kListAny;
  }
  switch (*filter.state) {
    case DeliveryState::kWaiting:
    case DeliveryState::kSending:
      return ledger_sql::kListOpen;
    case DeliveryState::kFailed:
      return ledger_sql::kListFailed;
    case DeliveryState::kUnknown:
      return ledger_sql::kListUnknown;
    case DeliveryState::kDelivered:
      break;
  }
  return ledger_sql::kListAny;
}

}  // namespace

std::string_view to_string(DeliveryState state) {
  return kStateNames[static_cast<std::size_t>(state)];
}

std::optional<DeliveryState> parse_delivery_state(std::string_view text) {
  for (std::size_t index = 0; index < kStateNames.size(); ++index) {
    if (kStateNames[index] == text) {
      return static_cast<DeliveryState>(index);
    }
  }
  return std::nullopt;
}

bool is_end(DeliveryState state) { return state >= DeliveryState::kDelivered; }

DeliveryEnd delivery_end(const DeliveryRecord& record) {
  return {record.id, record.state, record.finished_at.value_or(base::WallTime{})};
}

bool may_move(DeliveryState from, DeliveryState to) {
  switch (from) {
    case DeliveryState::kWaiting:
      // Unknown again: it was sent before, and cannot be sent once more.
      return to == DeliveryState::kSending || to == DeliveryState::kFailed ||
             to == DeliveryState::kUnknown;
    case DeliveryState::kSending:
      return to != DeliveryState::kSending;
    case DeliveryState::kDelivered:
      return to == DeliveryState::kFailed;
    case DeliveryState::kUnknown:
      return to == DeliveryState::kDelivered || to == DeliveryState::kFailed ||
             to == DeliveryState::kWaiting;
    case DeliveryState::kFailed:
      return false;
  }
  return false;
}

base::Result<std::optional<std::int64_t>> LedgerRepository::accept(const DeliveryRecord& delivery) {
  if (delivery.state != DeliveryState::kWaiting && delivery.state != DeliveryState::kFailed) {
    return base::Status(base::Code::kInternal, "a delivery is accepted as waiting or failed, not " +
                                                   std::string(to_string(delivery.state)));
  }
  const std::string files = to_json_list(delivery.files);
  const std::string refused = to_json_list(delivery.refused_files);
  return guarded("accepting a delivery", [&]() -> base::Result<std::optional<std::int64_t>> {
    Query query(statements_, ledger_sql::kAccept, delivery.agent, delivery.session,
                delivery.message_out_id, delivery.lane.instance, delivery.lane.chat,
                delivery.lane.thread, delivery.kind, delivery.content, delivery.in_reply_to,
                delivery.target, delivery.spool, files, refused, delivery.idempotency_key,
                delivery.state, delivery.attempts, delivery.not_before, delivery.reason,
                delivery.evidence, delivery.accepted_at, delivery.finished_at,
                delivery.paused_since, delivery.paused_total, delivery.projected, delivery.notified,
                delivery.answers);
    if (!query.step()) {
      return std::optional<std::int64_t>();
    }
    const std::int64_t id = query.integer(0);
    count(statements_, delivery.lane.instance, delivery.state, 1);
    return std::optional(id);
  });
}

base::Status LedgerRepository::move(const DeliveryMove& move) {
  return guarded("moving a delivery", [&]() -> base::Status {
    DeliveryState from{};
    base::InstanceName instance;
    {
      Query query(statements_, ledger_sql::kFindState, move.id);
      if (!query.step()) {
        return {base::Code::kNotFound, "there is no delivery " + std::to_string(move.id)};
      }
      from = static_cast<DeliveryState>(query.integer(0));
      instance = query.id<base::InstanceName>(1);
    }
    if (!may_move(from, move.to)) {
      return {base::Code::kInternal, "delivery " + std::to_string(move.id) + " cannot go from " +
                                         std::string(to_string(from)) + " to " +
                                         std::string(to_string(move.to))};
    }
    const auto finished_at = is_end(move.to) ? std::optional(move.at) : std::nullopt;
    // Whether the pause lasts is known when the attempt has ended.
    if (move.to != DeliveryState::kSending && !move.keeps_pause) {
      Query(statements_, ledger_sql::kResume, move.id, move.at).run();
    }
    Query(statements_, ledger_sql::kMove, move.id, move.to, move.attempts, move.reason,
          move.evidence, move.not_before, finished_at, move.at, move.begins_anew)
        .run();
    count(statements_, instance, from, -1);
    count(statements_, instance, move.to, 1);
    if (move.to == DeliveryState::kSending) {
      return AttemptRepository(statements_).begin(move.id, move.at);
    }
    if (from == DeliveryState::kSending) {
      return AttemptRepository(statements_).end(move.id, move.at, move.to, move.code, move.reason);
    }
    return {};
  });
}

base::Status LedgerRepository::put_part(std::int64_t id, const DeliveryPart& part) {
  return change(statements_, ledger_sql::kPutPart, id, part.part, part.remote_id, part.cursor);
}

base::Status LedgerRepository::pause(std::int64_t id, base::WallTime since,
                                     const std::string& reason) {
  return change(statements_, ledger_sql::kPause, id, since, reason);
}

base::Status LedgerRepository::resume(std::int64_t id, base::WallTime at) {
  return change(statements_, ledger_sql::kResume, id, at);
}

base::Status LedgerRepository::postpone(std::int64_t id, std::optional<base::WallTime> not_before,
                                        const std::string& reason, base::WallTime at) {
  return change(statements_, ledger_sql::kPostpone, id, not_before, reason, at);
}

base::Status LedgerRepository::set_evidence(std::int64_t id, const std::string& evidence) {
  return change(statements_, ledger_sql::kSetEvidence, id, evidence);
}

base::Status LedgerRepository::set_target(std::int64_t id, const std::string& target) {
  return change(statements_, ledger_sql::kSetTarget, id, target);
}

base::Result<std::optional<DeliveryRecord>> LedgerRepository::find(std::int64_t id) {
  return load_one(statements_, ledger_sql::kFind, id);
}

base::Result<std::optional<DeliveryRecord>> LedgerRepository::find_by_message(
    const base::AgentGroupId& agent, const base::SessionId& session,
    const std::string& message_out_id) {
  return load_one(statements_, ledger_sql::kFindByMessage, agent, session, message_out_id);
}

base::Result<bool> LedgerRepository::has_any(const base::InstanceName& instance,
                                             DeliveryState state) {
  return guarded("counting the ledger", [&]() -> base::Result<bool> {
    return Query(statements_, ledger_sql::kHasAny, instance, state).step();
  });
}

base::Result<std::optional<DeliveryRecord>> LedgerRepository::find_reported(
    const base::InstanceName& instance, const std::string& remote_id) {
  return load_one(statements_, ledger_sql::kFindReported, remote_id, instance);
}

base::Result<std::optional<DeliveryRecord>> LedgerRepository::find_by_first_part(
    const LaneKey& lane, const std::string& remote_id, std::int64_t before) {
  return load_one(statements_, ledger_sql::kFindByFirstPart, remote_id, before, lane.instance,
                  lane.chat);
}

base::Result<std::optional<DeliveryRecord>> LedgerRepository::find_by_idempotency_key(
    const base::InstanceName& instance, const std::string& key) {
  return load_one(statements_, ledger_sql::kFindByIdempotencyKey, instance, key);
}

base::Result<Records> LedgerRepository::find_by_any_id(const std::string& id,
                                                       const base::ChatKey& chat,
                                                       std::size_t limit) {
  return load(statements_, ledger_sql::kFindByAnyId, id, chat, limit);
}

base::Result<Records> LedgerRepository::find_answers(const InboxRow& row, std::size_t limit) {
  return load(statements_, ledger_sql::kFindAnswers, row.row_id, row.agent, row.session, limit);
}

base::Result<Records> LedgerRepository::load_open(std::int64_t after, std::size_t limit) {
  return load(statements_, ledger_sql::kLoadOpen, after, limit);
}

base::Result<std::vector<LaneKey>> LedgerRepository::open_lanes() {
  return guarded("listing lanes", [&]() -> base::Result<std::vector<LaneKey>> {
    Query query(statements_, ledger_sql::kOpenLanes);
    std::vector<LaneKey> lanes;
    while (query.step()) {
      lanes.push_back({query.id<base::InstanceName>(0), query.id<base::ChatKey>(1),
                       query.id<base::ThreadId>(2)});
    }
    return lanes;
  });
}

base::Result<Records> LedgerRepository::load_lane(const LaneKey& lane, std::int64_t after,
                                                  std::size_t limit) {
  return load(statements_, ledger_sql::kLoadLane, lane.instance, lane.chat, lane.thread, after,
              limit);
}

base::Result<Records> LedgerRepository::load_session_open(const base::AgentGroupId& agent,
                                                          const base::SessionId& session) {
  return load(statements_, ledger_sql::kLoadSessionOpen, agent, session);
}

base::Result<Records> LedgerRepository::load_unknown(std::int64_t after, std::size_t limit) {
  return load(statements_, ledger_sql::kLoadUnknown, after, limit);
}

base::Result<Records> LedgerRepository::load_session_ended(const base::AgentGroupId& agent,
                                                           const base::SessionId& session,
                                                           const std::string& after,
                                                           std::size_t limit) {
  return load(statements_, ledger_sql::kLoadSessionEnded, agent, session, after, limit);
}

base::Result<std::vector<std::string>> LedgerRepository::message_ids(
    const base::AgentGroupId& agent, const base::SessionId& session) {
  return guarded("reading the ledger", [&]() -> base::Result<std::vector<std::string>> {
    Query query(statements_, ledger_sql::kMessageIds, agent, session);
    std::vector<std::string> ids;
    while (query.step()) {
      ids.push_back(query.text(0));
    }
    return ids;
  });
}

base::Result<std::optional<base::WallTime>> LedgerRepository::next_due(base::WallTime now) {
  return guarded("reading the ledger", [&]() -> base::Result<std::optional<base::WallTime>> {
    Query query(statements_, ledger_sql::kNextDue, now);
    query.step();
    return query.optional_time(0);
  });
}

base::Result<Records> LedgerRepository::load_not_projected(std::size_t limit) {
  return load(statements_, ledger_sql::kLoadNotProjected, limit);
}

base::Status LedgerRepository::set_projected(const DeliveryEnd& told) {
  return change(statements_, ledger_sql::kSetProjected, told.id, told.state, told.at);
}

base::Result<Records> LedgerRepository::load_not_notified(std::size_t limit) {
  return load(statements_, ledger_sql::kLoadNotNotified, limit);
}

base::Status LedgerRepository::set_notified(const DeliveryEnd& told) {
  return change(statements_, ledger_sql::kSetNotified, told.id, told.state, told.at);
}

base::Result<Records> LedgerRepository::load_spools_to_remove(base::WallTime ended_before,
                                                              std::size_t limit) {
  return load(statements_, ledger_sql::kLoadSpoolsToRemove, ended_before, limit);
}

base::Status LedgerRepository::clear_spool(std::int64_t id) {
  return change(statements_, ledger_sql::kClearSpool, id);
}

base::Result<std::vector<std::string>> LedgerRepository::spools() {
  return guarded("reading the ledger", [&]() -> base::Result<std::vector<std::string>> {
    Query query(statements_, ledger_sql::kSpools);
    std::vector<std::string> spools;
    while (query.step()) {
      spools.push_back(query.text(0));
    }
    return spools;
  });
}

base::Result<std::vector<InstanceCounts>> LedgerRepository::counts() {
  return guarded("counting the ledger", [&]() -> base::Result<std::vector<InstanceCounts>> {
    Query query(statements_, ledger_sql::kCounts);
    std::vector<InstanceCounts> counts;
    while (query.step()) {
      const auto instance = query.id<base::InstanceName>(0);
      if (counts.empty() || counts.back().instance != instance) {
        counts.push_back({instance, {}});
      }
      counts.back().by_state.at(static_cast<std::size_t>(query.integer(1))) = query.integer(2);
    }
    return counts;
  });
}

base::Result<DeliveryPage> LedgerRepository::list(const DeliveryFilter& filter) {
  const std::int64_t before =
      filter.before > 0 ? filter.before : std::numeric_limits<std::int64_t>::max();
  return guarded("reading the ledger", [&]() -> base::Result<DeliveryPage> {
    Query query(statements_, list_statement(filter), filter.state, filter.instance, filter.chat,
                filter.agent, filter.session, before, filter.limit + 1);
    DeliveryPage page;
    std::size_t bytes = 0;
    while (query.step()) {
      if (page.records.size() == filter.limit || bytes >= kDeliveryPageBytes) {
        page.more = true;
        break;
      }
      page.records.push_back(read(query));
      read_parts(statements_, page.records.back());
      bytes += text_bytes(page.records.back());
    }
    return page;
  });
}

base::Result<std::int64_t> LedgerRepository::count_waiting(const base::InstanceName& instance,
                                                           const base::ChatKey& chat) {
  return guarded("counting the ledger", [&]() -> base::Result<std::int64_t> {
    Query query(statements_, ledger_sql::kCountWaiting, instance, chat);
    query.step();
    return query.integer(0);
  });
}

}  // namespace patchbay::store
