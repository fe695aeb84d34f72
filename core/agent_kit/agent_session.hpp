// The agent's side of a session folder, exactly as docs/session-contract.md has it: inbound.db is
// opened read-only anew for each look (a longer life would freeze its view across a mount),
// outbound.db read-write, both with a busy timeout of 5 s, foreign keys on and no memory map.
//
// One thread uses an object; several processes may each have one of their own for one folder.
// kBusy and kUnavailable in a Status mean: try again with the next look.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "agent_kit/rows.hpp"
#include "base/clock.hpp"
#include "base/limits.hpp"
#include "base/status.hpp"

namespace patchbay::agent_kit {

struct AgentSessionOptions {
  int max_messages_per_prompt = limits::kMessagesPerPrompt;  // from container.json
};

class AgentSession {
 public:
  // `folder`: where inbound.db and outbound.db lie (/workspace for an agent in a container). Stale
  // claims of a former run of this agent are cleared: call it once a process, before any other
  // process of the same agent runs. `clock` outlives the object.
  static base::Result<std::unique_ptr<AgentSession>> open(const std::string& folder,
                                                          const base::Clock& clock,
                                                          AgentSessionOptions options = {});
  // Both databases in memory, for the tests of an agent's author. `files_folder` holds inbox/ and
  // outbox/; empty: there are no files.
  static base::Result<std::unique_ptr<AgentSession>> in_memory(const base::Clock& clock,
                                                               const std::string& files_folder = {},
                                                               AgentSessionOptions options = {});
  AgentSession(const AgentSession&) = delete;
  AgentSession& operator=(const AgentSession&) = delete;
  ~AgentSession();

  [[nodiscard]] const std::string& folder() const { return folder_; }

  // The newest max_messages_per_prompt pending rows that are due and not claimed or acknowledged.
  // Rows for a fresh process alone (on_wake) are in the first answer only.
  [[nodiscard]] base::Result<DueRows> due();
  // A system row whose compact JSON content has this pair ("questionId", "requestId") and which is
  // not acknowledged; tools wait for their answers with it.
  [[nodiscard]] base::Result<std::optional<InboundRow>> find_system_row(std::string_view key,
                                                                        std::string_view value);

  // Tells the host that a turn with these rows has begun.
  [[nodiscard]] base::Status claim(std::span<const InboundRow> rows);
  // The turn ended: its answers, the acknowledgement of its rows and what is remembered of it
  // become visible in one transaction, the answers' files before it. On failure nothing is visible
  // and it may be called again.
  [[nodiscard]] base::Status finish(std::span<const InboundRow> rows,
                                    Acknowledgement acknowledgement,
                                    std::span<const OutboundRow> answers,
                                    std::span<const StateChange> state = {});
  // The turn was given up: its rows are as if never claimed.
  [[nodiscard]] base::Status release(std::span<const InboundRow> rows);
  // One message in the middle of a turn, or of the agent's own accord. A row whose id exists
  // already changes nothing.
  [[nodiscard]] base::Status send(const OutboundRow& row);

  // The host kills a turn that shows no sign of life for too long; a declared tool is given its
  // time.
  [[nodiscard]] base::Status touch_heartbeat() const;
  [[nodiscard]] base::Status tool_started(std::string_view name,
                                          base::Milliseconds declared_timeout);
  [[nodiscard]] base::Status tool_ended();

  // session_state: what the agent wants to find again after a restart. Empty value: removed.
  [[nodiscard]] base::Result<std::optional<std::string>> state(std::string_view key);
  [[nodiscard]] base::Status set_state(std::string_view key, std::string_view value);

  // Where an answer without an address goes; nothing: no chat yet.
  [[nodiscard]] base::Result<std::optional<Address>> default_address();
  struct Destination {
    std::string name;
    std::string display_name;
    bool is_agent = false;
    Address chat;  // of an agent: channel_type "agent", platform_id the agent group
  };
  [[nodiscard]] base::Result<std::vector<Destination>> destinations();
  // The platform's id of a message of ours, once it was delivered: to edit it or react to it.
  [[nodiscard]] base::Result<std::optional<std::string>> platform_message_id(
      std::string_view message_out_id);

  // The absolute path of an attachment's localPath ("inbox/<row>/<name>"). kRefused: it is no such
  // path, or what lies there is not a plain file.
  [[nodiscard]] base::Result<std::string> attachment_path(std::string_view local_path) const;
  // A new, empty folder in outbox/ to collect files in; finish() and send() take them from there.
  [[nodiscard]] base::Result<std::string> make_collecting_folder() const;
  // Removes what is left in the collecting folder.
  void remove_collecting_folder() const;

  // For tests in memory: what a host would write, and what it would read.
  [[nodiscard]] base::Status put_inbound(const InboundRow& row);
  [[nodiscard]] base::Result<std::vector<OutboundRow>> sent() const;  // by rowid; files in content
  [[nodiscard]] base::Result<std::string> acknowledgement_of(std::string_view inbound_id) const;

 private:
  class Databases;
  AgentSession(std::unique_ptr<Databases> databases, std::string folder, const base::Clock& clock,
               AgentSessionOptions options);
  [[nodiscard]] base::Status clear_stale_claims();
  [[nodiscard]] base::Result<std::string> place_files(const OutboundRow& row);
  [[nodiscard]] base::Status write(std::span<const OutboundRow> rows,
                                   std::span<const InboundRow> acknowledged,
                                   std::string_view status, std::span<const StateChange> state);
  void put_state(std::string_view key, std::string_view value);  // throws SQLite::Exception

  std::unique_ptr<Databases> databases_;
  std::string folder_;
  const base::Clock& clock_;
  AgentSessionOptions options_;
  // By row id: contents of rows whose files lie in outbox/ while the rows are not written yet. The
  // files may have been moved there, and cannot be placed again.
  std::map<std::string, std::string> placed_;
  bool fresh_ = true;  // nothing was read yet: on_wake rows are for us
};

}  // namespace patchbay::agent_kit
