// The sessions: which folder holds which conversation.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/clock.hpp"
#include "base/ids.hpp"
#include "base/status.hpp"
#include "store/records.hpp"

namespace patchbay::store {

class Statements;

class SessionRepository {
 public:
  explicit SessionRepository(Statements& statements) : statements_(statements) {}

  // kAlreadyExists: an active session has the key, or one of the agent's has the id.
  base::Status insert(const SessionRecord& session);
  base::Result<std::optional<SessionRecord>> find_active(const std::string& key);
  // The only active one whose key differs from `key` in case alone; nothing if there are several.
  base::Result<std::optional<SessionRecord>> find_active_ignoring_case(const std::string& key);
  base::Result<std::optional<SessionRecord>> find(const base::AgentGroupId& agent,
                                                  const base::SessionId& id);
  // Newest first, of those below `before` (a record's number; 0: from the newest). Agent empty: of
  // all agents.
  base::Result<std::vector<SessionRecord>> list(const base::AgentGroupId& agent, bool active_only,
                                                std::size_t limit, std::int64_t before = 0);
  // The active ones, newest first, for those that go over all of them: `before` is 0 for the first
  // page, then the former page's `next`.
  struct Page {
    std::vector<std::pair<base::AgentGroupId, base::SessionId>> sessions;
    std::int64_t next = 0;  // 0: there are no more
  };
  base::Result<Page> page_of_active(std::int64_t before, std::size_t limit);
  // Active sessions whose default chat this is.
  base::Result<std::vector<SessionRecord>> list_of_chat(const base::InstanceName& instance,
                                                        const base::ChatKey& chat);
  // Active and agent_ran, or with a container status other than stopped: what a start looks at
  // first.
  base::Result<std::vector<SessionRecord>> list_ran();

  // All of these: kNotFound for a session that is not there.
  base::Status set_container_status(const base::AgentGroupId& agent, const base::SessionId& id,
                                    const std::string& status);
  // An agent starts: the container status is running, and agent_ran set.
  base::Status set_starting(const base::AgentGroupId& agent, const base::SessionId& id,
                            const std::string& provider);
  base::Status set_agent_ran(const base::AgentGroupId& agent, const base::SessionId& id, bool ran);
  base::Status set_default_chat(const base::AgentGroupId& agent, const base::SessionId& id,
                                const base::InstanceName& instance, const base::ChatKey& chat,
                                const base::ThreadId& thread);
  base::Status archive(const base::AgentGroupId& agent, const base::SessionId& id);
  // At start nothing runs: every other container status becomes stopped. The number changed.
  base::Result<std::size_t> reconcile_stopped();

  // Both: remembered, and written at most limits::kWriteBehind later; a crash may lose it, rows
  // have the truth. In a unit of work that fails it stays remembered. A status that is set in the
  // meantime takes the place of the remembered one.
  void touch(const base::AgentGroupId& agent, const base::SessionId& id, base::WallTime when);
  void touch_container_status(const base::AgentGroupId& agent, const base::SessionId& id,
                              const std::string& status);

  // For the database's own thread: what was remembered. Forgotten once it is committed.
  [[nodiscard]] bool has_touched() const { return !touched_.empty() || !touched_status_.empty(); }
  base::Status write_touched();
  void forget_touched();

 private:
  using Key = std::pair<base::AgentGroupId, base::SessionId>;

  Statements& statements_;
  std::map<Key, base::WallTime> touched_;
  std::map<Key, std::string> touched_status_;
};

}  // namespace patchbay::store
