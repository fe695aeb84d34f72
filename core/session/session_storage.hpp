// The host's one way into session folders. Everything of one session runs in order on its own
// strand; different sessions run in parallel on the storage threads. Inbound writes are batched:
// whatever is queued for a session when its turn comes is one open–transaction–close, each command
// in a savepoint of its own.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <unordered_set>
#include <variant>
#include <vector>

#include "base/executor.hpp"
#include "base/limits.hpp"
#include "base/status.hpp"
#include "base/unique_function.hpp"
#include "session/types.hpp"

namespace patchbay::attachments {
class ConfinedFolder;
}

namespace patchbay::session {

using InboundCommand =
    std::variant<InboundMessage, CompleteAttachments, DeliveredRow, SetRouting,
                 TakeOverAcknowledgements, ReturnClaims, FailGivenUp, RefillInbound>;

// How one command ended.
enum class CommandOutcome : std::uint8_t {
  kDone,       // written and durable
  kDuplicate,  // a row of this id was there already: nothing changed
};

// A proof that no agent of the session runs; only then may the host write outbound.db. Made by the
// supervisor (core/agents), which knows.
class RunLease {
 public:
  explicit RunLease(SessionAddress session) : session_(std::move(session)) {}
  RunLease(RunLease&&) = default;
  RunLease& operator=(RunLease&&) = default;
  RunLease(const RunLease&) = delete;
  RunLease& operator=(const RunLease&) = delete;
  ~RunLease() = default;
  [[nodiscard]] const SessionAddress& session() const { return session_; }

 private:
  SessionAddress session_;
};

// A row that the host itself puts into an agent's outbound.db while no agent runs.
struct DirectOutboundRow {
  std::string id;
  std::string kind;
  ChatAddress address;
  std::string content;
};

class SessionStorage {
 public:
  struct Options {
    std::string sessions_folder;  // absolute path of <data>/sessions; created if missing
    int messages_per_prompt =
        10;  // rule 2 of the session contract; per agent by the function below
    // [storage threads] N of the agent group; nullptr: messages_per_prompt for all.
    std::function<int(const base::AgentGroupId&)> messages_per_prompt_of;
    // Of more sessions than about these, only those at work are held in memory.
    std::size_t workers = limits::kSessionWorkers;
  };

  // `completions` is where every `done` runs (the core loop). `pool` outlives this object.
  static base::Result<std::unique_ptr<SessionStorage>> open(Options options, base::Executor& pool,
                                                            base::Executor& completions,
                                                            const base::Clock& clock);
  virtual ~SessionStorage() = default;

  template <class T>
  using Done = base::UniqueFunction<void(base::Result<T>)>;

  // All functions: [core thread].

  // Makes the folder and both databases; a session that exists already is left as it is (and its
  // schema brought up to date). True: it was made now.
  virtual void create(const SessionAddress& session, Done<bool> done) = 0;

  // kBusy: the queue of the session is full, or the agent held a lock for longer than
  // limits::kInboundGiveUp (nothing was written; the caller keeps the message in intake). Once a
  // command ended so, or with its whole batch for any other reason (a full disk), every command of
  // that session that was given before its `done` ran on the core thread ends with kBusy too:
  // nothing overtakes a message that takes the way through intake.
  // kCorrupt, kRefused: the folder is damaged or hostile; the message names session and reason.
  virtual void write(const SessionAddress& session, InboundCommand command,
                     Done<CommandOutcome> done) = 0;

  // Reads what is new in outbound.db, and the acknowledgements of exposed rows; takes finished
  // acknowledgements over into inbound.db and releases rows in the same turn of the strand.
  virtual void drain(const SessionAddress& session, Watermark watermark,
                     Done<OutboundBatch> done) = 0;

  // After full_comparison_needed: all ids of messages_out that are not in `known`, as messages.
  virtual void compare(const SessionAddress& session, std::vector<std::string> known,
                       Done<OutboundBatch> done) = 0;

  // Before a wake and after an exit: opens both databases once read-write through the confined VFS
  // so that a hot journal is rolled back; sets a database that stays corrupt aside as
  // .corrupt-<time> and makes a fresh one (`healed` names what was done).
  struct Recovery {
    std::vector<std::string> healed;
    std::vector<Acknowledgement> unfinished;  // claims (processing) that are still there
    // Set from the time that inbound.db was made anew until a RefillInbound has ended that, across
    // crashes: the name of what was set aside, empty when nothing of it was left.
    std::optional<std::string> inbound_set_aside;
  };
  virtual void recover(const RunLease& lease, Done<Recovery> done) = 0;

  // Under the lease: deletes processing claims, prunes acknowledgements that were taken over, and
  // returns unfinished rows to pending (or completes them as aborted, or gives them up).
  struct Settled {
    SessionWork work;
    std::vector<GivenUpRow> given_up;  // still pending: write FailGivenUp when they were told of
  };
  virtual void settle_claims(const RunLease& lease, bool aborted, Done<Settled> done) = 0;

  // Under the lease, with an even or odd seq as the contract says.
  virtual void write_outbound(const RunLease& lease, DirectOutboundRow row,
                              Done<CommandOutcome> done) = 0;

  // What the agent is doing now, for the supervisor: read from outbound.db (hostile, may be old: a
  // missing container_state table means no tool). [running agents, seldom]
  struct Turn {
    std::optional<base::WallTime> oldest_claim;      // of processing_ack rows in status processing
    std::optional<base::Milliseconds> tool_timeout;  // declared by the tool in flight
  };
  virtual void read_turn(const SessionAddress& session, Done<Turn> done) = 0;

  // Rows that wait for their files, the oldest ones first, at most limits::kInboundQueueRows.
  struct RowWithoutFiles {
    std::string id;
    std::string content;
  };
  virtual void rows_without_files(const SessionAddress& session,
                                  Done<std::vector<RowWithoutFiles>> done) = 0;

  // How far the agent is with these rows of messages_in; ids that are not there are left out.
  // [seldom: for an operator]
  struct RowState {
    std::string id;
    std::string status;  // as messages_in has it, in valid UTF-8
    // Runs of the agent that ended before it was done with the row, up to limits::kClaimTries + 1:
    // then it was given up.
    std::int64_t tries = 0;
    std::optional<base::WallTime> process_after;
  };
  virtual void read_rows(const SessionAddress& session, std::vector<std::string> ids,
                         Done<std::vector<RowState>> done) = 0;

  // What waits in the session now.
  virtual void read_work(const SessionAddress& session, Done<SessionWork> done) = 0;

  // Removes from inbox/ what was last changed before `before`, is of no row, and is not in `kept`
  // (rows that wait elsewhere); the number of folders removed. What is older than any message that
  // may be on its way was left by a crash between a message's files and its row.
  virtual void sweep_inbox(const SessionAddress& session, base::WallTime before,
                           std::unordered_set<std::string> kept, Done<std::size_t> done) = 0;

  // After all sessions were looked at: gives back what is held for speed alone. Where something is
  // under way, nothing changes.
  virtual void rest() = 0;

  // [any thread] The session's folder, opened through the confined class; for inbox and outbox.
  [[nodiscard]] virtual base::Result<std::shared_ptr<attachments::ConfinedFolder>> folder(
      const SessionAddress& session) = 0;

  // Runs after every batch that was committed, and with `damaged` when a database could not be
  // opened for a reason that recover() may end; set once, before the first write.
  virtual void on_work(std::function<void(const SessionAddress&, const SessionWork&)> listener) = 0;
};

}  // namespace patchbay::session
