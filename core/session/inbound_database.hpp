// One batch of writes to a session's inbound.db: open, one transaction, close. Every command has a
// savepoint of its own, so a command that fails harms no other.
#pragma once

#include <optional>
#include <set>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "attachments/confined_folder.hpp"
#include "base/clock.hpp"
#include "base/status.hpp"
#include "session/database.hpp"
#include "session/release.hpp"
#include "session/session_storage.hpp"

namespace patchbay::session {

// A row of messages_in that an outbound message refers to.
struct InboundLookup {
  std::string row_id;
  ChatAddress address;
};

// Whether a failure is one of the file, not of the command alone.
[[nodiscard]] bool fails_batch(base::Code code);

class InboundDatabase {
 public:
  struct Options {
    std::chrono::milliseconds busy;
    // An agent is known to hold a lock: ask for all locks at once, before any work is done in vain.
    bool exclusive = false;
    // The schema version that was brought up to date before; another one is brought up to date now.
    std::optional<std::int64_t> known_schema;
  };
  static base::Result<InboundDatabase> open(const attachments::ConfinedFolder& folder,
                                            const Options& options);

  // Begins the transaction and brings the schema up to date.
  [[nodiscard]] base::Status begin();
  // `outbound_seq`: the largest seq of messages_out; new rows get even numbers above it.
  [[nodiscard]] base::Result<CommandOutcome> apply(const InboundCommand& command,
                                                   std::int64_t outbound_seq, base::WallTime now);
  // Applies the release rules.
  [[nodiscard]] base::Result<ReleaseResult> release(int window, base::WallTime now,
                                                    AgentState agent);
  // What the commands of this transaction did to rows; see SessionWork and SessionStorage::Settled.
  [[nodiscard]] std::uint32_t finished_rows() const { return finished_rows_; }
  [[nodiscard]] std::vector<GivenUpRow> take_given_up() { return std::move(given_up_); }
  [[nodiscard]] base::Status commit();
  // kCorrupt unless SQLite finds the file whole, its indexes too.
  [[nodiscard]] base::Status check();
  // The file was made in place of another one, and no RefillInbound has ended that.
  [[nodiscard]] base::Result<bool> is_to_be_refilled();

  // Inside the transaction.
  [[nodiscard]] base::Result<std::optional<InboundLookup>> find_row(std::string_view id);
  [[nodiscard]] base::Result<std::optional<InboundLookup>> find_seq(std::int64_t seq);
  // Rows that wait for their files, the oldest ones first.
  [[nodiscard]] base::Result<std::vector<SessionStorage::RowWithoutFiles>> rows_without_files(
      std::size_t limit);
  [[nodiscard]] base::Result<std::vector<SessionStorage::RowState>> row_states(
      const std::vector<std::string>& ids);
  // Takes away the names of folders that files of rows lie in.
  [[nodiscard]] base::Status erase_folders_of_rows(std::set<std::string>& folders);
  [[nodiscard]] base::Result<bool> is_delivered_platform_id(std::string_view platform_id);
  [[nodiscard]] base::Result<std::int64_t> largest_seq();
  [[nodiscard]] std::int64_t schema_version() const { return schema_version_; }

 private:
  InboundDatabase(Database database, Options options)
      : database_(std::move(database)), options_(options) {}

  using Outcome = base::Result<CommandOutcome>;
  [[nodiscard]] Outcome run(const InboundMessage& message, std::int64_t outbound_seq,
                            base::WallTime now);
  [[nodiscard]] Outcome run(const CompleteAttachments& command);
  [[nodiscard]] Outcome run(const DeliveredRow& row);
  [[nodiscard]] Outcome run(const RefillInbound& command, std::int64_t outbound_seq,
                            base::WallTime now);
  [[nodiscard]] Outcome insert_delivered(const char* sql, const DeliveredRow& row);
  [[nodiscard]] Outcome run(const SetRouting& routing);
  [[nodiscard]] Outcome run(const TakeOverAcknowledgements& command);
  [[nodiscard]] Outcome run(const ReturnClaims& command, base::WallTime now);
  [[nodiscard]] Outcome run(const FailGivenUp& command);
  [[nodiscard]] base::Status return_claim(const std::string& id, base::WallTime now);
  [[nodiscard]] base::Status find_given_up();
  [[nodiscard]] base::Result<std::int64_t> next_seq(std::int64_t outbound_seq);
  [[nodiscard]] base::Result<ReleaseResult> plan_release(int window, base::WallTime now,
                                                         AgentState agent);
  [[nodiscard]] base::Result<std::optional<InboundLookup>> look_up(Statement& statement);
  // Statements are kept for the batch.
  [[nodiscard]] base::Result<Statement*> prepared(const char* sql);

  Database database_;
  Options options_;
  std::int64_t schema_version_ = 0;
  std::optional<std::int64_t> last_seq_;
  std::uint32_t finished_rows_ = 0;
  std::vector<GivenUpRow> given_up_;
  std::vector<std::pair<const char*, Statement>> statements_;  // destroyed before database_
};

}  // namespace patchbay::session
