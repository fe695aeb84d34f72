#include "store/central_database.hpp"

#include <algorithm>
#include <condition_variable>
#include <deque>
#include <fcntl.h>
#include <future>
#include <malloc.h>
#include <mutex>
#include <pthread.h>
#include <sqlite3.h>
#include <sys/stat.h>
#include <thread>
#include <vector>

#include "base/failpoint.hpp"
#include "base/limits.hpp"
#include "base/log.hpp"
#include "base/unique_fd.hpp"
#include "store/migrations.hpp"
#include "store/repositories.hpp"
#include "store/statements.hpp"

namespace patchbay::store {
namespace {

constexpr char kBegin[] = "BEGIN IMMEDIATE";
constexpr char kCommit[] = "COMMIT";
constexpr char kRollback[] = "ROLLBACK";
constexpr char kSavepoint[] = "SAVEPOINT unit";
constexpr char kRelease[] = "RELEASE unit";
constexpr char kRollbackToSavepoint[] = "ROLLBACK TO unit";
// FULL: a commit is on disk when it returns. The journal shrinks again after a burst. Pages are
// kept in memory up to 4 MiB.
constexpr char kSettings[] =
    "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON; "
    "PRAGMA journal_size_limit = 16777216; PRAGMA cache_size = -4096; PRAGMA temp_store = MEMORY; "
    "PRAGMA mmap_size = 0; PRAGMA trusted_schema = OFF";
constexpr int kBusyMilliseconds = 5000;
// Without work for so long, what is kept for speed goes back to the system.
constexpr std::chrono::milliseconds kIdle{250};

struct Unit {
  base::UniqueFunction<base::Status(Repositories&)> work;
  base::UniqueFunction<void(base::Status)> done;
  bool repeatable = false;   // `work` may run twice
  bool synchronous = false;  // `done` runs on the database's thread
  base::Status status;
};

// The connection and what depends on it, used by the database's thread alone.
class Connection {
 public:
  explicit Connection(const std::string& path)
      // No locks inside: one thread at a time uses it.
      : database_(path, SQLite::OPEN_READWRITE | SQLite::OPEN_NOMUTEX, kBusyMilliseconds),
        statements_(database_),
        repositories_(statements_) {
    database_.exec(kSettings);
    // In place of SQLite's own checkpointing, which would come between a commit and its
    // completions.
    sqlite3_wal_hook(database_.getHandle(), &Connection::on_commit, this);
  }

  base::Status prepare(const std::string& path) { return migrate(database_, path); }

  void run(std::vector<Unit>& units, bool write_touched) {
    if (!begin(units) || !run_units(units)) {
      return;
    }
    if (write_touched) {
      write_last_active();
    }
    commit(units);
  }

  [[nodiscard]] bool has_touched() const { return repositories_.sessions.has_touched(); }

  // Moves what the journal holds into the database file. Bounded: only what is there, by this
  // thread, after the completions of the commit were given out.
  void checkpoint_if_due() {
    if (journal_pages_ < limits::kCentralCheckpointPages) {
      return;
    }
    journal_pages_ = 0;
    const int code = sqlite3_wal_checkpoint_v2(database_.getHandle(), nullptr,
                                               SQLITE_CHECKPOINT_PASSIVE, nullptr, nullptr);
    if (code != SQLITE_OK) {
      base::log_warning("store.checkpoint_failed", {{"reason", sqlite3_errstr(code)}});
    }
  }

  // Cached pages, and what malloc keeps of all threads.
  void release_memory() {
    sqlite3_db_release_memory(database_.getHandle());
    ::malloc_trim(0);
  }

 private:
  static int on_commit(void* connection, sqlite3* /*database*/, const char* /*name*/, int pages) {
    static_cast<Connection*>(connection)->journal_pages_ = static_cast<std::size_t>(pages);
    return SQLITE_OK;
  }

  base::Status execute(const char* sql) {
    return guarded(sql, [&]() -> base::Status {
      Query(statements_, sql).run();
      return {};
    });
  }

  [[nodiscard]] bool in_transaction() { return sqlite3_get_autocommit(database_.getHandle()) == 0; }

  // False: all units have failed.
  bool begin(std::vector<Unit>& units) {
    const base::Status begun = execute(kBegin);
    if (!begun.ok()) {
      fail(units, begun);
    }
    return begun.ok();
  }

  // In the transaction that has begun. False: it was given up, and all units have failed.
  bool run_units(std::vector<Unit>& units) {
    const bool sole = units.size() == 1;
    if (!sole &&
        std::all_of(units.begin(), units.end(), [](const Unit& unit) { return unit.repeatable; })) {
      if (std::all_of(units.begin(), units.end(),
                      [this](Unit& unit) { return (unit.status = run_alone(unit)).ok(); })) {
        return true;
      }
      roll_back();
      if (!begin(units)) {
        return false;
      }
    }
    for (Unit& unit : units) {
      // A sole unit needs no savepoint: the transaction itself is rolled back.
      unit.status = sole ? run_alone(unit) : run_in_savepoint(unit);
      if (!in_transaction()) {
        // SQLite gave the whole transaction up (disk full, I/O error).
        fail(units, {base::Code::kIo,
                     "central database: the transaction was given up: " + unit.status.message()});
        return false;
      }
    }
    return true;
  }

  void roll_back() {
    if (in_transaction()) {
      static_cast<void>(execute(kRollback).ok());
    }
  }

  base::Status run_alone(Unit& unit) {
    return guarded("a unit of work", [&] { return unit.work(repositories_); });
  }

  base::Status run_in_savepoint(Unit& unit) {
    PATCHBAY_TRY(execute(kSavepoint));
    base::Status status = run_alone(unit);
    if (!status.ok() && in_transaction()) {
      static_cast<void>(execute(kRollbackToSavepoint).ok());
    }
    if (in_transaction()) {
      const base::Status released = execute(kRelease);
      return status.ok() ? released : status;
    }
    return status;
  }

  void write_last_active() {
    if (execute(kSavepoint).ok()) {
      const base::Status written = repositories_.sessions.write_touched();
      if (!written.ok()) {
        base::log_warning("store.last_active_lost", {{"reason", written.message()}});
        static_cast<void>(execute(kRollbackToSavepoint).ok());
      }
      static_cast<void>(execute(kRelease).ok());
    }
    repositories_.sessions.forget_touched();
  }

  void commit(std::vector<Unit>& units) {
    if (units.size() == 1 && !units.front().status.ok()) {
      roll_back();
      return;
    }
    PBAY_FAILPOINT("store.before_commit");
    const base::Status committed = PBAY_FAILPOINT_FAILS("store.commit")
                                       ? base::Status(base::Code::kIo, "failpoint store.commit")
                                       : execute(kCommit);
    if (!committed.ok()) {
      fail(units, committed);
      return;
    }
    PBAY_FAILPOINT("store.after_commit");
  }

  // Nothing of the batch happened.
  void fail(std::vector<Unit>& units, const base::Status& status) {
    roll_back();
    base::log_error("store.commit_failed", {{"units", units.size()}, {"reason", status.message()}});
    for (Unit& unit : units) {
      if (unit.status.ok()) {
        unit.status = status;
      }
    }
  }

  SQLite::Database database_;
  Statements statements_;
  Repositories repositories_;
  std::size_t journal_pages_ = 0;
};

class CentralDatabaseOnThread final : public CentralDatabase {
  using Time = std::chrono::steady_clock::time_point;

 public:
  CentralDatabaseOnThread(std::unique_ptr<Connection> connection, base::Executor& completions)
      : connection_(std::move(connection)),
        completions_(completions),
        thread_([this] { serve(); }) {}

  ~CentralDatabaseOnThread() override {
    {
      const std::lock_guard lock(mutex_);
      stopping_ = true;
    }
    wake_.notify_one();
    thread_.join();
  }

  base::Status run(base::UniqueFunction<base::Status(Repositories&)> work) override {
    std::promise<base::Status> ended;
    auto future = ended.get_future();
    Unit unit;
    unit.work = std::move(work);
    unit.done = [&ended](base::Status status) { ended.set_value(std::move(status)); };
    unit.synchronous = true;
    enqueue(std::move(unit));
    return future.get();
  }

 protected:
  void submit(base::UniqueFunction<base::Status(Repositories&)> work,
              base::UniqueFunction<void(base::Status)> done, Runs runs) override {
    Unit unit;
    unit.work = std::move(work);
    unit.done = std::move(done);
    unit.repeatable = runs == Runs::kPerhapsTwice;
    enqueue(std::move(unit));
  }

 private:
  void enqueue(Unit unit) {
    bool was_empty = false;
    {
      const std::lock_guard lock(mutex_);
      was_empty = queue_.empty();
      queue_.push_back(std::move(unit));
    }
    if (was_empty) {
      wake_.notify_one();
    }
  }

  void serve() {
    ::pthread_setname_np(::pthread_self(), "central-db");
    std::vector<Unit> batch;
    while (take_batch(batch)) {
      const Time now = std::chrono::steady_clock::now();
      const bool write_touched = touched_since_ && (last_round_ || now >= touched_due());
      if (!batch.empty() || write_touched) {
        const bool touched_before = touched_since_.has_value();
        connection_->run(batch, write_touched);
        if (last_round_ || !connection_->has_touched()) {
          touched_since_.reset();
        } else if (!touched_before || write_touched) {
          touched_since_ = now;
        }
        idle_from_ = now + kIdle;
      } else if (idle_from_ && now >= *idle_from_) {
        connection_->release_memory();
        idle_from_.reset();
      }
      give_out(batch);
      connection_->checkpoint_if_due();
      batch.clear();
    }
  }

  [[nodiscard]] Time touched_due() const { return *touched_since_ + limits::kWriteBehind; }

  // Waits for work, or until something else is due (then the batch is empty). False: stopped, and
  // nothing is left to do.
  bool take_batch(std::vector<Unit>& batch) {
    std::unique_lock lock(mutex_);
    const auto ready = [this] { return stopping_ || !queue_.empty(); };
    if (idle_from_ && (!touched_since_ || *idle_from_ < touched_due())) {
      wake_.wait_until(lock, *idle_from_, ready);
    } else if (touched_since_) {
      wake_.wait_until(lock, touched_due(), ready);
    } else {
      wake_.wait(lock, ready);
    }
    while (!queue_.empty() && batch.size() < limits::kCentralUnitsPerCommit) {
      batch.push_back(std::move(queue_.front()));
      queue_.pop_front();
    }
    last_round_ = stopping_ && batch.empty();
    return !last_round_ || touched_since_.has_value();
  }

  void give_out(std::vector<Unit>& batch) {
    std::vector<Unit> asynchronous;
    asynchronous.reserve(batch.size());
    for (Unit& unit : batch) {
      // What the work holds may belong to its submitter, and is given back before it is told.
      unit.work = nullptr;
      if (unit.synchronous) {
        unit.done(std::move(unit.status));
      } else if (unit.done) {
        asynchronous.push_back(std::move(unit));
      }
    }
    if (asynchronous.empty()) {
      return;
    }
    completions_.post([units = std::move(asynchronous)]() mutable {
      for (Unit& unit : units) {
        unit.done(std::move(unit.status));
        unit.done = nullptr;  // and with it the result: a list may be large
      }
    });
  }

  // Used by thread_ alone, once it runs.
  std::unique_ptr<Connection> connection_;
  std::optional<Time> touched_since_;
  std::optional<Time> idle_from_;  // none: it is idle, and has given its memory back
  bool last_round_ = false;

  base::Executor& completions_;
  std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<Unit> queue_;  // guarded by mutex_; bounded by what its users have under way
  bool stopping_ = false;   // guarded by mutex_
  std::thread thread_;      // last: it uses all of the above
};

// SQLite gives -wal and -shm the mode of the database file.
base::Status create_private_file(const std::string& path) {
  const base::UniqueFd file(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600));
  if (!file.valid()) {
    return base::Status::from_errno(errno, "cannot open the central database " + path);
  }
  if (::fchmod(file.get(), 0600) != 0) {
    return base::Status::from_errno(errno, "cannot close " + path + " to other users");
  }
  for (const char* suffix : {"-wal", "-shm"}) {
    if (::chmod((path + suffix).c_str(), 0600) != 0 && errno != ENOENT) {
      return base::Status::from_errno(errno, "cannot close " + path + suffix + " to other users");
    }
  }
  return {};
}

}  // namespace

void set_up_sqlite() {
  // Counting what it allocates would take a lock that all threads share.
  sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
}

base::Result<std::unique_ptr<CentralDatabase>> CentralDatabase::open(const std::string& path,
                                                                     base::Executor& completions) {
  PATCHBAY_TRY(create_private_file(path));
  return guarded("opening " + path, [&]() -> base::Result<std::unique_ptr<CentralDatabase>> {
    auto connection = std::make_unique<Connection>(path);
    PATCHBAY_TRY(connection->prepare(path));
    return std::unique_ptr<CentralDatabase>(
        std::make_unique<CentralDatabaseOnThread>(std::move(connection), completions));
  });
}

}  // namespace patchbay::store
