// The strand of one session: what is asked for runs in order on the storage threads, one turn at a
// time; writes that wait together become one batch.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <unordered_set>
#include <vector>

#include "base/clock.hpp"
#include "base/executor.hpp"
#include "session/inbound_database.hpp"
#include "session/inbound_journal.hpp"
#include "session/outbound_reader.hpp"
#include "session/session_folders.hpp"
#include "session/session_storage.hpp"

namespace patchbay::session {

// What all workers share. Executors and clock outlive the work that is under way.
struct StorageContext {
  SessionStorage::Options options;
  SessionFolders folders;
  base::Executor& pool;
  base::Executor& completions;
  const base::Clock& clock;
  // Set once, and used on `completions` alone.
  std::function<void(const SessionAddress&, const SessionWork&)> listener;
};

// While an agent is known to hold a lock, a turn waits for it only this long: the storage threads
// belong to all sessions.
inline constexpr std::chrono::milliseconds kStuckWait{5};

class SessionWorker : public std::enable_shared_from_this<SessionWorker> {
 public:
  template <class T>
  using Done = SessionStorage::Done<T>;

  SessionWorker(std::shared_ptr<StorageContext> context, SessionAddress session,
                JournalTrust trust = JournalTrust::kMayBeOurs)
      : context_(std::move(context)), session_(std::move(session)), trust_(trust) {}

  // [core thread] Set: nothing is asked of it or under way, and another worker that is given this
  // finds out the rest again.
  [[nodiscard]] std::optional<JournalTrust> at_rest();

  // [core thread]
  void create(Done<bool> done);
  void write(InboundCommand command, Done<CommandOutcome> done);
  void drain(Watermark watermark, Done<OutboundBatch> done);
  void compare(std::vector<std::string> known, Done<OutboundBatch> done);
  void recover(Done<SessionStorage::Recovery> done);
  void settle_claims(bool aborted, Done<SessionStorage::Settled> done);
  void write_outbound(DirectOutboundRow row, Done<CommandOutcome> done);
  void read_turn(Done<SessionStorage::Turn> done);
  void rows_without_files(Done<std::vector<SessionStorage::RowWithoutFiles>> done);
  void read_rows(std::vector<std::string> ids, Done<std::vector<SessionStorage::RowState>> done);
  void read_work(Done<SessionWork> done);
  void sweep_inbox(base::WallTime before, std::unordered_set<std::string> kept,
                   Done<std::size_t> done);

 private:
  struct PendingWrite {
    InboundCommand command;
    Done<CommandOutcome> done;  // empty: the worker's own
    base::MonotonicTime since;
    std::uint64_t epoch = 0;
  };
  struct Item {
    std::optional<PendingWrite> write;
    base::Task job;  // if it is no write
  };
  // What the last complete look at outbound.db saw.
  struct Seen {
    std::uint64_t inode = 0;
    std::uint32_t change_counter = 0;
    std::int64_t largest_seq = 0;
    bool known = false;                // the three above
    std::optional<Watermark> drained;  // everything up to here was read, acknowledgements too
  };

  void post(Item item);
  template <class T>
  void post_job(Done<T> done, base::UniqueFunction<base::Result<T>()> job);
  void turn();
  template <class T>
  void complete(Done<T> done, base::Result<T> result);

  // On the strand from here on. Batches:
  void run_writes(std::vector<PendingWrite>& writes);
  // Of the commands of one batch: each ended in its own way, or nothing of them was written.
  enum class BatchEnd : std::uint8_t { kEachItsOwn, kNothingWritten };
  // On the core thread, before the `done` of a write runs.
  void account(BatchEnd end);
  void finish_writes(std::span<PendingWrite> writes,
                     std::vector<base::Result<CommandOutcome>> outcomes, BatchEnd end);
  void fail_writes(std::span<PendingWrite> writes, const base::Status& why);
  void end_doomed(std::vector<PendingWrite>& writes);
  void give_up_epoch_of(std::span<const PendingWrite> writes);
  void keep_or_give_up(std::vector<PendingWrite> writes, const base::Status& busy);
  [[nodiscard]] base::Status commit(std::span<const PendingWrite> writes,
                                    std::vector<base::Result<CommandOutcome>>& outcomes);
  [[nodiscard]] base::Status apply(std::span<const PendingWrite> writes, std::int64_t outbound_seq,
                                   InboundDatabase& inbound,
                                   std::vector<base::Result<CommandOutcome>>& outcomes,
                                   ReleaseResult& release);
  // One open, transaction and close of inbound.db.
  using InTransaction = std::function<base::Status(InboundDatabase&)>;
  [[nodiscard]] base::Status with_inbound(const attachments::ConfinedFolder& folder,
                                          const InTransaction& work);
  [[nodiscard]] base::Status transact(const attachments::ConfinedFolder& folder,
                                      const InTransaction& work, bool& begun);
  void remember(ReleaseResult release);
  void tell(const SessionWork& work);
  // Tells of damage that a recovery may end. Any other status, and a lock, is not damage.
  void tell_if_damaged(const base::Status& status);
  [[nodiscard]] std::int64_t outbound_seq(const attachments::ConfinedFolder& folder);
  [[nodiscard]] base::Result<SessionWork> read_work_now();
  [[nodiscard]] base::Result<bool> create_now();
  [[nodiscard]] base::Result<std::size_t> sweep_inbox_now(
      base::WallTime before, const std::unordered_set<std::string>& kept);

  // Looks at outbound.db:
  using Read = std::function<base::Result<OutboundLook>(OutboundReader&)>;
  void run_look(Done<OutboundBatch> done, const Read& read);
  [[nodiscard]] base::Result<SessionStorage::Turn> read_turn_now();
  [[nodiscard]] base::Result<OutboundBatch> look(const Read& read);
  [[nodiscard]] base::Result<OutboundLook> look_at(const attachments::ConfinedFolder& folder,
                                                   std::span<const std::string> exposed,
                                                   const Read& read);
  [[nodiscard]] base::Status resolve_references(const attachments::ConfinedFolder& folder,
                                                OutboundLook& look);
  [[nodiscard]] bool is_unchanged_since(const Watermark& watermark);
  void take_over(std::vector<Acknowledgement> acknowledgements);
  [[nodiscard]] base::Result<std::vector<std::string>> exposed_ids();

  // Under the run lease:
  [[nodiscard]] base::Result<SessionStorage::Recovery> recover_now();
  [[nodiscard]] base::Status clear_journal_name(const attachments::ConfinedFolder& folder,
                                                std::vector<std::string>& healed);
  using Opening = std::function<base::Status()>;
  [[nodiscard]] base::Status heal(const attachments::ConfinedFolder& folder, DatabaseFile database,
                                  std::vector<std::string>& healed, const Opening& opening);
  // `refill_needed`: the database was made anew, and that has not ended.
  [[nodiscard]] base::Status open_inbound(const attachments::ConfinedFolder& folder,
                                          bool& refill_needed);
  [[nodiscard]] base::Status open_outbound(const attachments::ConfinedFolder& folder,
                                           std::vector<Acknowledgement>& acknowledgements);
  [[nodiscard]] base::Result<SessionStorage::Settled> settle_now(bool aborted);
  [[nodiscard]] base::Result<CommandOutcome> write_outbound_now(const DirectOutboundRow& row);

  void forget(DatabaseFile database);
  [[nodiscard]] int window() const;

  const std::shared_ptr<StorageContext> context_;
  const SessionAddress session_;

  // Of the core thread alone. A write whose batch fails dooms all that are on their way, and those
  // given until all of them have ended: nothing overtakes a message that goes through intake.
  std::size_t outstanding_ = 0;  // writes whose `done` has not run
  bool doomed_ = false;
  std::uint64_t epoch_ = 0;  // counts dooms; a write bears the one it was given in

  std::mutex mutex_;
  std::vector<Item> queue_;  // guarded by mutex_
  bool scheduled_ = false;   // guarded by mutex_

  // Of the strand alone.
  std::optional<std::uint64_t> given_up_epoch_;
  std::vector<PendingWrite> stuck_;  // a lock of the agent's keeps them out; tried each turn
  bool inbound_is_stuck_ = false;
  bool outbound_is_stuck_ = false;
  bool waited_for_seq_ = false;
  bool inbound_is_suspect_ = false;
  bool outbound_is_suspect_ = false;
  JournalTrust trust_;
  std::optional<std::int64_t> inbound_schema_;
  std::optional<std::vector<ExposedRow>> exposed_;
  SessionWork work_;
  std::vector<GivenUpRow> given_up_;  // as the last batch found them
  Seen seen_;
};

}  // namespace patchbay::session
