#include "session/session_worker.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

#include "base/failpoint.hpp"
#include "base/limits.hpp"
#include "base/log.hpp"

namespace patchbay::session {

using base::Code;
using base::Result;
using base::Status;

namespace {

// For the outbound sequence number once an earlier one is known: the message counts more.
constexpr std::chrono::milliseconds kSequenceWait{20};

}  // namespace

int SessionWorker::window() const {
  const SessionStorage::Options& options = context_->options;
  return options.messages_per_prompt_of ? options.messages_per_prompt_of(session_.agent)
                                        : options.messages_per_prompt;
}

void SessionWorker::post(Item item) {
  {
    const std::lock_guard lock(mutex_);
    queue_.push_back(std::move(item));
    if (scheduled_) {
      return;
    }
    scheduled_ = true;
  }
  context_->pool.post([self = shared_from_this()] { self->turn(); });
}

std::optional<JournalTrust> SessionWorker::at_rest() {
  // The strand's last turn ended under this lock, so what it left is seen here.
  const std::lock_guard lock(mutex_);
  const bool busy = scheduled_ || outstanding_ != 0 || doomed_;
  if (busy || inbound_is_suspect_ || outbound_is_suspect_) {
    return std::nullopt;
  }
  return trust_;
}

void SessionWorker::turn() {
  std::vector<Item> items;
  {
    const std::lock_guard lock(mutex_);
    items.swap(queue_);
  }
  std::vector<PendingWrite> writes = std::exchange(stuck_, {});
  for (Item& item : items) {
    if (item.write) {
      writes.push_back(std::move(*item.write));
      continue;
    }
    run_writes(writes);
    item.job();
  }
  run_writes(writes);
  {
    const std::lock_guard lock(mutex_);
    if (queue_.empty() && stuck_.empty()) {
      scheduled_ = false;
      return;
    }
  }
  // What came meanwhile waits for its turn behind the work of other sessions.
  context_->pool.post([self = shared_from_this()] { self->turn(); });
}

template <class T>
void SessionWorker::complete(Done<T> done, Result<T> result) {
  context_->completions.post(
      [done = std::move(done), result = std::move(result)]() mutable { done(std::move(result)); });
}

template <class T>
void SessionWorker::post_job(Done<T> done, base::UniqueFunction<Result<T>()> job) {
  // The task keeps the worker alive through the turn that runs it.
  post({.write = {}, .job = [this, done = std::move(done), job = std::move(job)]() mutable {
          complete(std::move(done), job());
        }});
}

void SessionWorker::create(Done<bool> done) {
  post_job<bool>(std::move(done), [this] { return create_now(); });
}

void SessionWorker::recover(Done<SessionStorage::Recovery> done) {
  post_job<SessionStorage::Recovery>(std::move(done), [this] { return recover_now(); });
}

void SessionWorker::settle_claims(bool aborted, Done<SessionStorage::Settled> done) {
  post_job<SessionStorage::Settled>(std::move(done),
                                    [this, aborted] { return settle_now(aborted); });
}

void SessionWorker::write_outbound(DirectOutboundRow row, Done<CommandOutcome> done) {
  post_job<CommandOutcome>(std::move(done),
                           [this, row = std::move(row)] { return write_outbound_now(row); });
}

void SessionWorker::rows_without_files(Done<std::vector<SessionStorage::RowWithoutFiles>> done) {
  using Rows = std::vector<SessionStorage::RowWithoutFiles>;
  post_job<Rows>(std::move(done), [this]() -> Result<Rows> {
    PATCHBAY_ASSIGN(const attachments::ConfinedFolder folder,
                    context_->folders.open_session(session_));
    Rows rows;
    PATCHBAY_TRY(with_inbound(folder, [&rows](InboundDatabase& inbound) -> Status {
      PATCHBAY_ASSIGN(rows, inbound.rows_without_files(limits::kInboundQueueRows));
      return {};
    }));
    return rows;
  });
}

void SessionWorker::read_rows(std::vector<std::string> ids,
                              Done<std::vector<SessionStorage::RowState>> done) {
  using States = std::vector<SessionStorage::RowState>;
  post_job<States>(std::move(done), [this, ids = std::move(ids)]() -> Result<States> {
    PATCHBAY_ASSIGN(const attachments::ConfinedFolder folder,
                    context_->folders.open_session(session_));
    States states;
    PATCHBAY_TRY(with_inbound(folder, [&states, &ids](InboundDatabase& inbound) -> Status {
      PATCHBAY_ASSIGN(states, inbound.row_states(ids));
      return {};
    }));
    return states;
  });
}

void SessionWorker::read_work(Done<SessionWork> done) {
  post_job<SessionWork>(std::move(done), [this] { return read_work_now(); });
}

void SessionWorker::sweep_inbox(base::WallTime before, std::unordered_set<std::string> kept,
                                Done<std::size_t> done) {
  post_job<std::size_t>(std::move(done), [this, before, kept = std::move(kept)] {
    return sweep_inbox_now(before, kept);
  });
}

void SessionWorker::read_turn(Done<SessionStorage::Turn> done) {
  post_job<SessionStorage::Turn>(std::move(done), [this] { return read_turn_now(); });
}

void SessionWorker::write(InboundCommand command, Done<CommandOutcome> done) {
  doomed_ = doomed_ || outstanding_ >= limits::kInboundQueueRows;
  ++outstanding_;
  PendingWrite write{std::move(command), std::move(done), context_->clock.now(), epoch_};
  if (doomed_) {
    const Status busy(Code::kBusy, "session " + session_name(session_) +
                                       " has too many writes waiting, or its agent holds a lock");
    fail_writes(std::span(&write, 1), busy);
    return;
  }
  post({.write = std::move(write), .job = {}});
}

void SessionWorker::account(BatchEnd end) {
  --outstanding_;
  doomed_ = doomed_ || end == BatchEnd::kNothingWritten;
  if (outstanding_ == 0 && doomed_) {
    doomed_ = false;
    ++epoch_;
  }
}

void SessionWorker::run_writes(std::vector<PendingWrite>& writes) {
  std::vector<PendingWrite> all = std::exchange(writes, {});
  end_doomed(all);
  if (!stuck_.empty()) {
    // Tried in this turn already; these wait behind.
    std::move(all.begin(), all.end(), std::back_inserter(stuck_));
    return;
  }
  std::size_t begin = 0;
  while (begin < all.size()) {
    const std::size_t count = std::min(all.size() - begin, limits::kInboundBatchRows);
    const std::span<PendingWrite> batch = std::span(all).subspan(begin, count);
    std::vector<Result<CommandOutcome>> outcomes;
    const Status status = commit(batch, outcomes);
    if (status.code() == Code::kBusy) {
      all.erase(all.begin(), all.begin() + static_cast<std::ptrdiff_t>(begin));
      keep_or_give_up(std::move(all), status);
      return;
    }
    begin += count;
    if (status.ok()) {
      finish_writes(batch, std::move(outcomes), BatchEnd::kEachItsOwn);
      continue;
    }
    // What is behind them might succeed, and would overtake them.
    give_up_epoch_of(batch);
    fail_writes(batch, status);
    all.erase(all.begin(), all.begin() + static_cast<std::ptrdiff_t>(begin));
    end_doomed(all);
    begin = 0;
  }
}

// All that were given before the first of them is heard to have failed are to end with them.
void SessionWorker::give_up_epoch_of(std::span<const PendingWrite> writes) {
  for (const PendingWrite& write : writes) {
    given_up_epoch_ = write.done ? write.epoch : given_up_epoch_;
  }
}

void SessionWorker::end_doomed(std::vector<PendingWrite>& writes) {
  const auto doomed =
      std::stable_partition(writes.begin(), writes.end(), [this](const PendingWrite& write) {
        return !write.done || !given_up_epoch_ || write.epoch > *given_up_epoch_;
      });
  if (doomed == writes.end()) {
    return;
  }
  const Status busy(Code::kBusy, "session " + session_name(session_) +
                                     ": a message before this one could not be written");
  fail_writes(std::span(writes).last(static_cast<std::size_t>(writes.end() - doomed)), busy);
  writes.erase(doomed, writes.end());
}

void SessionWorker::fail_writes(std::span<PendingWrite> writes, const Status& why) {
  finish_writes(writes,
                std::vector<Result<CommandOutcome>>(writes.size(), Result<CommandOutcome>(why)),
                BatchEnd::kNothingWritten);
}

void SessionWorker::finish_writes(std::span<PendingWrite> writes,
                                  std::vector<Result<CommandOutcome>> outcomes, BatchEnd end) {
  std::vector<Done<CommandOutcome>> callbacks;
  callbacks.reserve(writes.size());
  for (PendingWrite& write : writes) {
    callbacks.push_back(std::move(write.done));
  }
  context_->completions.post([self = shared_from_this(), callbacks = std::move(callbacks),
                              outcomes = std::move(outcomes), end]() mutable {
    for (std::size_t i = 0; i < callbacks.size(); ++i) {
      if (callbacks[i]) {
        self->account(end);
        callbacks[i](std::move(outcomes[i]));
      }
    }
  });
}

void SessionWorker::keep_or_give_up(std::vector<PendingWrite> writes, const Status& busy) {
  const base::MonotonicTime oldest = context_->clock.now() - limits::kInboundGiveUp;
  const bool too_long = std::any_of(writes.begin(), writes.end(), [oldest](const auto& write) {
    return write.done && write.since <= oldest;
  });
  if (!too_long) {
    // The worker's own writes do not wait for ever either: the next look brings them again.
    std::erase_if(writes, [oldest](const auto& write) { return write.since <= oldest; });
    stuck_ = std::move(writes);
    return;
  }
  give_up_epoch_of(writes);
  base::log_warning("session.inbound_busy", {{"session", session_name(session_)},
                                             {"given_up", writes.size()},
                                             {"reason", busy.message()}});
  const Status status =
      busy.with_context("the agent holds a lock for longer than 2 s; nothing was written");
  fail_writes(writes, status);
}

Status SessionWorker::with_inbound(const attachments::ConfinedFolder& folder,
                                   const InTransaction& work) {
  const Status discarded = discard_foreign_journal(folder, trust_);
  tell_if_damaged(discarded);
  PATCHBAY_TRY(discarded);
  const JournalTrust before = std::exchange(trust_, JournalTrust::kMayBeOurs);
  bool begun = false;
  const Status status = transact(folder, work, begun);
  const bool busy = status.code() == Code::kBusy;
  if (status.ok() || (begun && busy)) {
    trust_ = JournalTrust::kForeign;  // closed in order: no journal of ours is left
  } else if (busy || (!begun && status.code() == Code::kRefused)) {
    // Nothing was written, so what lies there is as much ours as before: a lock may have kept the
    // rollback of a hot journal back, and what comes to lie there now is not the host's.
    trust_ = before;
  }
  inbound_is_stuck_ = busy;
  inbound_is_suspect_ = inbound_is_suspect_ || status.code() == Code::kCorrupt;
  tell_if_damaged(status);
  return status;
}

Status SessionWorker::transact(const attachments::ConfinedFolder& folder, const InTransaction& work,
                               bool& begun) {
  const InboundDatabase::Options options = {
      .busy = inbound_is_stuck_ ? kStuckWait : limits::kInboundBusy,
      .exclusive = inbound_is_stuck_,
      .known_schema = inbound_schema_};
  PATCHBAY_ASSIGN(InboundDatabase inbound, InboundDatabase::open(folder, options));
  PATCHBAY_TRY(inbound.begin());
  begun = true;
  PATCHBAY_TRY(work(inbound));
  if (PBAY_FAILPOINT_FAILS("session.before_commit")) {
    return {Code::kIo, "failpoint session.before_commit"};
  }
  PATCHBAY_TRY(inbound.commit());
  PBAY_FAILPOINT("session.after_commit");
  inbound_schema_ = inbound.schema_version();
  return {};
}

Status SessionWorker::commit(std::span<const PendingWrite> writes,
                             std::vector<Result<CommandOutcome>>& outcomes) {
  PATCHBAY_ASSIGN(const attachments::ConfinedFolder folder,
                  context_->folders.open_session(session_));
  const bool inserts = std::any_of(writes.begin(), writes.end(), [](const PendingWrite& write) {
    return std::holds_alternative<InboundMessage>(write.command);
  });
  const std::int64_t seq = inserts ? outbound_seq(folder) : 0;
  ReleaseResult release;
  PATCHBAY_TRY(with_inbound(folder, [&](InboundDatabase& inbound) {
    return apply(writes, seq, inbound, outcomes, release);
  }));
  remember(std::move(release));
  return {};
}

Status SessionWorker::apply(std::span<const PendingWrite> writes, std::int64_t outbound_seq,
                            InboundDatabase& inbound, std::vector<Result<CommandOutcome>>& outcomes,
                            ReleaseResult& release) {
  const base::WallTime now = context_->clock.wall_now();
  AgentState agent = AgentState::kMayRun;
  outcomes.reserve(writes.size());
  for (const PendingWrite& write : writes) {
    outcomes.push_back(inbound.apply(write.command, outbound_seq, now));
    const Status& status = outcomes.back().status();
    if (!outcomes.back().ok() && fails_batch(status.code())) {
      return status;
    }
    if (std::holds_alternative<ReturnClaims>(write.command)) {
      agent = AgentState::kGone;
    }
  }
  PATCHBAY_ASSIGN(release, inbound.release(window(), now, agent));
  release.work.finished = inbound.finished_rows();
  release.given_up = inbound.take_given_up();
  return {};
}

void SessionWorker::remember(ReleaseResult release) {
  const bool exposes =
      std::any_of(release.changes.begin(), release.changes.end(),
                  [](const StatusChange& change) { return change.status == RowStatus::kPending; });
  if (exposes) {
    seen_.drained.reset();  // their acknowledgements have not been looked for
  }
  given_up_ = std::move(release.given_up);
  exposed_ = std::move(release.exposed);
  work_ = release.work;
  tell(work_);
}

void SessionWorker::tell(const SessionWork& work) {
  context_->completions.post([context = context_, session = session_, work] {
    if (context->listener) {
      context->listener(session, work);
    }
  });
}

void SessionWorker::tell_if_damaged(const Status& status) {
  // Unavailable: a hot journal, which only a writer can roll back.
  if (status.code() == Code::kCorrupt || status.code() == Code::kRefused ||
      status.code() == Code::kNotFound || status.code() == Code::kUnavailable) {
    SessionWork work;
    work.damaged = true;
    tell(work);
  }
}

std::int64_t SessionWorker::outbound_seq(const attachments::ConfinedFolder& folder) {
  // The counter first: a lock, however short, can fail a commit of an agent that never waits.
  const auto counter = read_change_counter(folder.fd(), DatabaseFile::kOutbound);
  const std::uint64_t inode = vfs_report().database_inode;
  if (counter.ok() && seen_.known && *counter == seen_.change_counter && inode == seen_.inode) {
    return seen_.largest_seq;
  }
  // Without any, a number below the agent's own would be given; but one wait must do, since the
  // storage threads belong to all sessions.
  const bool is_known = seen_.known || std::exchange(waited_for_seq_, true);
  auto reader = OutboundReader::open(folder, is_known ? kSequenceWait : limits::kInboundBusy);
  if (!reader.ok()) {
    return seen_.largest_seq;
  }
  const auto seq = reader->largest_seq();
  const auto read_counter = reader->change_counter();
  if (!seq.ok() || !read_counter.ok()) {
    return seen_.largest_seq;
  }
  seen_ = {.inode = reader->inode(),
           .change_counter = *read_counter,
           .largest_seq = *seq,
           .known = true,
           .drained = {}};
  return *seq;
}

Result<SessionWork> SessionWorker::read_work_now() {
  std::vector<Result<CommandOutcome>> none;
  PATCHBAY_TRY(commit({}, none));
  return work_;
}

Result<bool> SessionWorker::create_now() {
  PATCHBAY_ASSIGN(const bool made, context_->folders.create(session_));
  if (!made) {
    // Brings an older folder's schema up to date.
    PATCHBAY_TRY(read_work_now());
  }
  return made;
}

}  // namespace patchbay::session
