#include "store/sessions.hpp"

#include <limits>

#include "store/statements.hpp"

namespace patchbay::store {
namespace {

constexpr char kInsert[] =
    "INSERT INTO sessions(agent, id, key, instance, chat, thread, agent_provider, active, "
    "container_status, agent_ran, created_at, last_active) "
    "VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)";
constexpr char kFindActive[] =
    "SELECT agent, id, key, instance, chat, thread, agent_provider, active, container_status, "
    "agent_ran, created_at, last_active, rowid FROM sessions WHERE key = ? AND active = 1";
constexpr char kFindActiveIgnoringCase[] =
    "SELECT agent, id, key, instance, chat, thread, agent_provider, active, container_status, "
    "agent_ran, created_at, last_active, rowid FROM sessions "
    "WHERE key = ? COLLATE NOCASE AND active = 1 LIMIT 2";
constexpr char kFind[] =
    "SELECT agent, id, key, instance, chat, thread, agent_provider, active, container_status, "
    "agent_ran, created_at, last_active, rowid FROM sessions WHERE agent = ? AND id = ?";
constexpr char kPageOfActive[] =
    "SELECT rowid, agent, id FROM sessions WHERE active = 1 AND rowid < ? ORDER BY rowid DESC "
    "LIMIT ?";
constexpr char kList[] =
    "SELECT agent, id, key, instance, chat, thread, agent_provider, active, container_status, "
    "agent_ran, created_at, last_active, rowid FROM sessions "
    "WHERE (?1 = '' OR agent = ?1) AND active >= ?2 AND rowid < ?4 ORDER BY rowid DESC LIMIT ?3";
constexpr char kListOfChat[] =
    "SELECT agent, id, key, instance, chat, thread, agent_provider, active, container_status, "
    "agent_ran, created_at, last_active, rowid FROM sessions "
    "WHERE instance = ? AND chat = ? AND active = 1 ORDER BY rowid";
constexpr char kListRan[] =
    "SELECT agent, id, key, instance, chat, thread, agent_provider, active, container_status, "
    "agent_ran, created_at, last_active, rowid FROM sessions "
    "WHERE active = 1 AND (agent_ran = 1 OR container_status <> 'stopped')";
constexpr char kSetContainerStatus[] =
    "UPDATE sessions SET container_status = ? WHERE agent = ? AND id = ?";
constexpr char kSetStarting[] =
    "UPDATE sessions SET agent_ran = 1, container_status = 'running', agent_provider = ? "
    "WHERE agent = ? AND id = ?";
constexpr char kSetAgentRan[] = "UPDATE sessions SET agent_ran = ? WHERE agent = ? AND id = ?";
constexpr char kSetDefaultChat[] =
    "UPDATE sessions SET instance = ?, chat = ?, thread = ? WHERE agent = ? AND id = ?";
constexpr char kArchive[] = "UPDATE sessions SET active = 0 WHERE agent = ? AND id = ?";
constexpr char kReconcile[] =
    "UPDATE sessions SET container_status = 'stopped' "
    "WHERE active = 1 AND (agent_ran = 1 OR container_status <> 'stopped') "
    "AND container_status <> 'stopped'";
constexpr char kTouch[] =
    "UPDATE sessions SET last_active = max(ifnull(last_active, 0), ?) WHERE agent = ? AND id = ?";

SessionRecord read(const Query& query) {
  SessionRecord session;
  session.agent = query.id<base::AgentGroupId>(0);
  session.id = query.id<base::SessionId>(1);
  session.key = query.text(2);
  session.instance = query.id<base::InstanceName>(3);
  session.chat = query.id<base::ChatKey>(4);
  session.thread = query.id<base::ThreadId>(5);
  session.agent_provider = query.text(6);
  session.active = query.flag(7);
  session.container_status = query.text(8);
  session.agent_ran = query.flag(9);
  session.created_at = query.time(10);
  session.last_active = query.optional_time(11);
  session.number = query.integer(12);
  return session;
}

// 0: from the newest.
std::int64_t below(std::int64_t before) {
  return before == 0 ? std::numeric_limits<std::int64_t>::max() : before;
}

std::vector<SessionRecord> read_list(Query& query) {
  std::vector<SessionRecord> sessions;
  while (query.step()) {
    sessions.push_back(read(query));
  }
  return sessions;
}

base::Result<std::optional<SessionRecord>> read_one(Query& query) {
  return query.step() ? std::optional(read(query)) : std::nullopt;
}

base::Status not_found(const base::AgentGroupId& agent, const base::SessionId& id) {
  return {base::Code::kNotFound, "there is no session " + agent.str() + "/" + id.str()};
}

}  // namespace

base::Status SessionRepository::insert(const SessionRecord& session) {
  return guarded("writing session " + session.key, [&]() -> base::Status {
    Query(statements_, kInsert, session.agent, session.id, session.key, session.instance,
          session.chat, session.thread, session.agent_provider, session.active,
          session.container_status, session.agent_ran, session.created_at, session.last_active)
        .run();
    return {};
  });
}

base::Result<std::optional<SessionRecord>> SessionRepository::find_active(const std::string& key) {
  return guarded("reading a session", [&]() -> base::Result<std::optional<SessionRecord>> {
    Query query(statements_, kFindActive, key);
    return read_one(query);
  });
}

base::Result<std::optional<SessionRecord>> SessionRepository::find_active_ignoring_case(
    const std::string& key) {
  return guarded("reading a session", [&]() -> base::Result<std::optional<SessionRecord>> {
    Query query(statements_, kFindActiveIgnoringCase, key);
    auto sessions = read_list(query);
    return sessions.size() == 1 ? std::optional(std::move(sessions.front())) : std::nullopt;
  });
}

base::Result<std::optional<SessionRecord>> SessionRepository::find(const base::AgentGroupId& agent,
                                                                   const base::SessionId& id) {
  return guarded("reading a session", [&]() -> base::Result<std::optional<SessionRecord>> {
    Query query(statements_, kFind, agent, id);
    return read_one(query);
  });
}

base::Result<std::vector<SessionRecord>> SessionRepository::list(const base::AgentGroupId& agent,
                                                                 bool active_only,
                                                                 std::size_t limit,
                                                                 std::int64_t before) {
  return guarded("listing sessions", [&]() -> base::Result<std::vector<SessionRecord>> {
    Query query(statements_, kList, agent, active_only, limit, below(before));
    return read_list(query);
  });
}

base::Result<SessionRepository::Page> SessionRepository::page_of_active(std::int64_t before,
                                                                        std::size_t limit) {
  return guarded("listing sessions", [&]() -> base::Result<Page> {
    Query query(statements_, kPageOfActive, below(before), limit);
    Page page;
    while (query.step()) {
      page.next = query.integer(0);
      page.sessions.emplace_back(query.text(1), query.text(2));
    }
    if (page.sessions.size() < limit) {
      page.next = 0;
    }
    return page;
  });
}

base::Result<std::vector<SessionRecord>> SessionRepository::list_of_chat(
    const base::InstanceName& instance, const base::ChatKey& chat) {
  return guarded("listing sessions of a chat", [&]() -> base::Result<std::vector<SessionRecord>> {
    Query query(statements_, kListOfChat, instance, chat);
    return read_list(query);
  });
}

base::Result<std::vector<SessionRecord>> SessionRepository::list_ran() {
  return guarded("listing sessions that ran", [&]() -> base::Result<std::vector<SessionRecord>> {
    Query query(statements_, kListRan);
    return read_list(query);
  });
}

base::Status SessionRepository::set_container_status(const base::AgentGroupId& agent,
                                                     const base::SessionId& id,
                                                     const std::string& status) {
  touched_status_.erase({agent, id});
  return guarded("writing a session's status", [&]() -> base::Status {
    Query query(statements_, kSetContainerStatus, status, agent, id);
    return query.run() == 1 ? base::Status() : not_found(agent, id);
  });
}

base::Status SessionRepository::set_starting(const base::AgentGroupId& agent,
                                             const base::SessionId& id,
                                             const std::string& provider) {
  touched_status_.erase({agent, id});
  return guarded("writing a session's status", [&]() -> base::Status {
    Query query(statements_, kSetStarting, provider, agent, id);
    return query.run() == 1 ? base::Status() : not_found(agent, id);
  });
}

base::Status SessionRepository::set_agent_ran(const base::AgentGroupId& agent,
                                              const base::SessionId& id, bool ran) {
  return guarded("writing a session's status", [&]() -> base::Status {
    Query query(statements_, kSetAgentRan, ran, agent, id);
    return query.run() == 1 ? base::Status() : not_found(agent, id);
  });
}

base::Status SessionRepository::set_default_chat(const base::AgentGroupId& agent,
                                                 const base::SessionId& id,
                                                 const base::InstanceName& instance,
                                                 const base::ChatKey& chat,
                                                 const base::ThreadId& thread) {
  return guarded("writing a session's chat", [&]() -> base::Status {
    Query query(statements_, kSetDefaultChat, instance, chat, thread, agent, id);
    return query.run() == 1 ? base::Status() : not_found(agent, id);
  });
}

base::Status SessionRepository::archive(const base::AgentGroupId& agent,
                                        const base::SessionId& id) {
  return guarded("archiving a session", [&]() -> base::Status {
    Query query(statements_, kArchive, agent, id);
    return query.run() == 1 ? base::Status() : not_found(agent, id);
  });
}

base::Result<std::size_t> SessionRepository::reconcile_stopped() {
  return guarded("reconciling sessions", [&]() -> base::Result<std::size_t> {
    return Query(statements_, kReconcile).run();
  });
}

void SessionRepository::touch(const base::AgentGroupId& agent, const base::SessionId& id,
                              base::WallTime when) {
  auto& latest = touched_[{agent, id}];
  latest = std::max(latest, when);
}

void SessionRepository::touch_container_status(const base::AgentGroupId& agent,
                                               const base::SessionId& id,
                                               const std::string& status) {
  touched_status_[{agent, id}] = status;
}

void SessionRepository::forget_touched() {
  touched_.clear();
  touched_status_.clear();
}

base::Status SessionRepository::write_touched() {
  return guarded("writing what sessions do", [&]() -> base::Status {
    for (const auto& [session, status] : touched_status_) {
      Query(statements_, kSetContainerStatus, status, session.first, session.second).run();
    }
    for (const auto& [session, when] : touched_) {
      Query(statements_, kTouch, when, session.first, session.second).run();
    }
    return {};
  });
}

}  // namespace patchbay::store
