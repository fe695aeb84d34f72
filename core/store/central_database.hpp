// The central database: one thread, one connection, WAL, synchronous=FULL, group commit. Whatever
// is queued when the thread comes round is one transaction. A unit of work that fails harms no
// other: each has a savepoint of its own, unless all of the batch can be repeated.
#pragma once

#include <memory>
#include <string>
#include <type_traits>

#include "base/executor.hpp"
#include "base/status.hpp"
#include "base/unique_function.hpp"

namespace patchbay::store {

struct Repositories;  // store/repositories.hpp

// Sets the library up for many threads. To be called once in a process, before SQLite is used at
// all; later it is without effect.
void set_up_sqlite();

class CentralDatabase {
 public:
  // Opens or creates <data>/patchbay.db and applies the migrations. kRefused: the schema is newer
  // than this binary (the message names both versions and the remedy). `completions` is where every
  // `done` runs (the core loop).
  static base::Result<std::unique_ptr<CentralDatabase>> open(const std::string& path,
                                                             base::Executor& completions);
  virtual ~CentralDatabase() = default;  // commits what is queued

  // [core thread] `work` runs on the database's thread; `done` follows on the core loop when the
  // transaction is durable, or with the failure of work or commit. Units of work run in the order
  // of the calls, and so do their completions.
  template <class T>
  void transact(base::UniqueFunction<base::Result<T>(Repositories&)> work,
                base::UniqueFunction<void(base::Result<T>)> done) {
    submit_with_result(std::move(work), std::move(done), Runs::kOnce);
  }
  void transact(base::UniqueFunction<base::Status(Repositories&)> work,
                base::UniqueFunction<void(base::Status)> done) {
    submit(std::move(work), std::move(done), Runs::kOnce);
  }

  // [core thread] As transact(), for what every message needs: a batch of such units alone goes
  // without savepoints, a tenth of what a message costs. When one of them fails, what the batch
  // did is rolled back and it runs again with savepoints: `work` may run twice, and changes
  // nothing but the database.
  template <class T, class Work>
    requires std::is_invocable_r_v<base::Result<T>, const Work&, Repositories&>
  void transact_repeatable(Work work, base::UniqueFunction<void(base::Result<T>)> done) {
    submit_with_result<T>(
        [work = std::move(work)](Repositories& repositories) -> base::Result<T> {
          return work(repositories);
        },
        std::move(done), Runs::kPerhapsTwice);
  }

  // [any thread] Synchronous: for start-up and the command line. Waits for what is queued before.
  virtual base::Status run(base::UniqueFunction<base::Status(Repositories&)> work) = 0;

 protected:
  enum class Runs { kOnce, kPerhapsTwice };

  virtual void submit(base::UniqueFunction<base::Status(Repositories&)> work,
                      base::UniqueFunction<void(base::Status)> done, Runs runs) = 0;

 private:
  template <class T>
  void submit_with_result(base::UniqueFunction<base::Result<T>(Repositories&)> work,
                          base::UniqueFunction<void(base::Result<T>)> done, Runs runs) {
    // Shared by the two halves of one unit of work, which run one after the other.
    auto result = std::make_shared<base::Result<T>>(
        base::Status(base::Code::kInternal, "the transaction did not run"));
    submit(
        [work = std::move(work), result](Repositories& repositories) -> base::Status {
          *result = work(repositories);
          return result->status();
        },
        [done = std::move(done), result](base::Status status) {
          if (status.ok()) {
            done(std::move(*result));
          } else {
            done(std::move(status));
          }
        },
        runs);
  }
};

}  // namespace patchbay::store
