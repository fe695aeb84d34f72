#include "store/intake.hpp"

#include "base/limits.hpp"
#include "store/statements.hpp"

namespace patchbay::store {
namespace {

constexpr char kInsert[] =
    "INSERT INTO intake(id, reason, instance, chat, session, event, received_at) "
    "VALUES(?, ?, ?, ?, ?, ?, ?) ON CONFLICT(id) DO NOTHING RETURNING id";
// One statement for every filter: intake is bounded, and each has at most one page a call.
constexpr char kList[] =
    "SELECT id, reason, instance, chat, session, event, received_at FROM intake "
    "WHERE id > ?1 AND (?2 IS NULL OR reason = ?2) AND (?3 IS NULL OR instance = ?3) "
    "AND (?4 IS NULL OR chat = ?4) AND (?5 IS NULL OR session = ?5) ORDER BY id LIMIT ?6";
constexpr char kListOfSession[] =
    "SELECT id, reason, instance, chat, session, event, received_at FROM intake "
    "WHERE session = ? AND session <> '' AND id > ? ORDER BY id LIMIT ?";
constexpr char kRemove[] = "DELETE FROM intake WHERE id = ?";
constexpr char kCount[] = "SELECT count(*) FROM intake";
constexpr char kCountOfChat[] =
    "SELECT count(*) FROM intake WHERE instance = ? AND chat = ? AND reason = ?";
constexpr char kLargestId[] =
    "SELECT max(ifnull((SELECT max(id) FROM intake), 0), "
    "ifnull((SELECT seq FROM sqlite_sequence WHERE name = 'intake'), 0))";
constexpr char kCountByChat[] =
    "SELECT instance, chat, count(*) FROM intake WHERE reason = ? GROUP BY instance, chat";
constexpr char kSessions[] = "SELECT DISTINCT session FROM intake WHERE session <> ''";

std::vector<IntakeRecord> read_list(Query& query) {
  std::vector<IntakeRecord> records;
  while (query.step()) {
    records.push_back({query.integer(0), static_cast<IntakeReason>(query.integer(1)),
                       query.id<base::InstanceName>(2), query.id<base::ChatKey>(3), query.text(4),
                       query.text(5), query.time(6)});
  }
  return records;
}

}  // namespace

base::Result<std::int64_t> IntakeRepository::insert(const IntakeRecord& record) {
  if (!rows_known_) {
    PATCHBAY_ASSIGN(rows_, count());
    rows_known_ = true;
  }
  if (rows_ >= limits::kIntakeRows) {
    // The count may be too high after a rollback: look again before saying no.
    PATCHBAY_ASSIGN(rows_, count());
  }
  if (rows_ >= limits::kIntakeRows) {
    // Strangers cannot hold up an instance: only what is meant for a session is worth waiting for.
    const bool stranger = record.reason == IntakeReason::kUnknownChat;
    return base::Status(stranger ? base::Code::kTooLarge : base::Code::kBusy,
                        "the intake is full (" + std::to_string(limits::kIntakeRows) +
                            " events wait): `patchbay status` names the chats that wait for a "
                            "wiring, to add to wirings or to leave to people.unknown_chats, and "
                            "`patchbay sessions` the sessions that cannot be written");
  }
  if (record.reason == IntakeReason::kUnknownChat) {
    PATCHBAY_ASSIGN(const auto waiting, count_of_chat(record.instance, record.chat, record.reason));
    if (waiting >= limits::kIntakeChatRows) {
      return base::Status(base::Code::kTooLarge,
                          "chat " + record.chat.str() + " of " + record.instance.str() +
                              " has as many messages waiting for a wiring as are kept (" +
                              std::to_string(limits::kIntakeChatRows) +
                              "): name it in wirings, or set people.unknown_chats");
    }
  }
  return guarded("writing to the intake", [&]() -> base::Result<std::int64_t> {
    const auto insert_as = [&](std::optional<std::int64_t> id) -> std::optional<std::int64_t> {
      Query query(statements_, kInsert, id, record.reason, record.instance, record.chat,
                  record.session, record.event, record.received_at);
      return query.step() ? std::optional(query.integer(0)) : std::nullopt;
    };
    std::optional<std::int64_t> id;
    if (record.id != 0) {
      id = insert_as(record.id);
    }
    if (!id) {
      // No number of its own, or another writer of the intake has just taken that one.
      id = insert_as(std::nullopt);
    }
    ++rows_;
    return id.value_or(0);
  });
}

base::Result<std::vector<IntakeRecord>> IntakeRepository::list(const IntakeFilter& filter) {
  return guarded("listing the intake", [&]() -> base::Result<std::vector<IntakeRecord>> {
    if (filter.session && !filter.reason && !filter.instance && !filter.chat) {
      Query query(statements_, kListOfSession, *filter.session, filter.after, filter.limit);
      return read_list(query);
    }
    Query query(statements_, kList, filter.after, filter.reason, filter.instance, filter.chat,
                filter.session, filter.limit);
    return read_list(query);
  });
}

base::Status IntakeRepository::remove(std::int64_t id) {
  return guarded("removing from the intake", [&]() -> base::Status {
    const auto removed = static_cast<std::int64_t>(Query(statements_, kRemove, id).run());
    rows_ = std::max<std::int64_t>(0, rows_ - removed);
    return {};
  });
}

base::Result<std::int64_t> IntakeRepository::count() {
  return guarded("counting the intake", [&]() -> base::Result<std::int64_t> {
    Query query(statements_, kCount);
    query.step();
    return query.integer(0);
  });
}

base::Result<std::int64_t> IntakeRepository::count_of_chat(const base::InstanceName& instance,
                                                           const base::ChatKey& chat,
                                                           IntakeReason reason) {
  return guarded("counting the intake of a chat", [&]() -> base::Result<std::int64_t> {
    Query query(statements_, kCountOfChat, instance, chat, reason);
    query.step();
    return query.integer(0);
  });
}

base::Result<std::vector<ChatCount>> IntakeRepository::count_by_chat(IntakeReason reason) {
  return guarded("counting the intake by chat", [&]() -> base::Result<std::vector<ChatCount>> {
    Query query(statements_, kCountByChat, reason);
    return read_chat_counts(query);
  });
}

base::Result<std::int64_t> IntakeRepository::largest_id() {
  return guarded("reading the intake", [&]() -> base::Result<std::int64_t> {
    Query query(statements_, kLargestId);
    query.step();
    return query.integer(0);
  });
}

base::Result<std::vector<std::string>> IntakeRepository::sessions() {
  return guarded("listing sessions of the intake", [&]() -> base::Result<std::vector<std::string>> {
    Query query(statements_, kSessions);
    std::vector<std::string> sessions;
    while (query.step()) {
      sessions.push_back(query.text(0));
    }
    return sessions;
  });
}

}  // namespace patchbay::store
