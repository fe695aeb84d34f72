// Brings rows into sessions, in order. A session that cannot take one now is *diverted*: that row
// and all later ones go through the central intake, and are replayed from there in order, until
// nothing of the session waits any more. No session waits for another.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/executor.hpp"
#include "base/lifetime.hpp"
#include "base/status.hpp"
#include "base/unique_function.hpp"
#include "routing/inbound_row.hpp"
#include "session/session_storage.hpp"
#include "session/types.hpp"
#include "store/central_database.hpp"
#include "store/pending_files.hpp"
#include "store/records.hpp"

namespace patchbay::routing {

// All functions: [core thread].
class SessionLanes {
 public:
  enum class Outcome : std::uint8_t {
    kDone,
    kDuplicate,
    kDiverted,  // the caller puts the row into the intake under `order`, then calls
                // intake_settled()
    kRefused,   // this row can never be stored; `why` says so
  };
  struct Written {
    Outcome outcome = Outcome::kDone;
    std::int64_t order = 0;  // of the write() calls: the id of a row in the intake
    base::Status why;        // of kDiverted and kRefused
  };

  SessionLanes(base::Loop& loop, store::CentralDatabase& database,
               session::SessionStorage& sessions)
      : loop_(loop), database_(database), sessions_(sessions) {}

  // Once, before the first write(): what waits in the intake since the last run is replayed.
  // Synchronous.
  [[nodiscard]] base::Status start();

  // Rows replayed from the intake whose files are still to be fetched are told to `listener`, once
  // that is durable.
  void on_pending_files(std::function<void(const store::PendingFilesRecord&)> listener) {
    on_pending_files_ = std::move(listener);
  }

  // `done` may run inside the call.
  void write(const session::SessionAddress& session, session::InboundMessage row,
             base::UniqueFunction<void(Written)> done);
  // The folder is there; or why it cannot be made.
  void ensure_folder(const session::SessionAddress& session,
                     base::UniqueFunction<void(base::Status)> done);
  // The intake row of a diverted write is durable, or its transaction failed.
  void intake_settled(const session::SessionAddress& session);
  // The session could be written just now: what waits for it is tried at once.
  void session_is_writable(const session::SessionAddress& session);

  // The next number in the order of write(); for other rows of the intake.
  [[nodiscard]] std::int64_t next_order() { return ++last_order_; }
  [[nodiscard]] std::size_t diverted_sessions() const;

 private:
  enum class Folder : std::uint8_t { kNotLookedAt, kBeingMade, kThere };
  struct Lane {
    Folder folder = Folder::kNotLookedAt;
    std::vector<base::UniqueFunction<void(base::Status)>> waiting_for_folder;
    bool diverted = false;
    std::size_t being_settled = 0;  // diverted rows that are not in the intake yet
    bool replaying = false;
    bool more_came = false;  // into the intake, since the replay looked
    base::Milliseconds backoff{0};
    base::TimerId timer = 0;
  };
  struct Page {
    std::vector<store::IntakeRecord> records;
    // Where they belong now: a session that was reset has a successor. Nothing: it is gone.
    std::optional<session::SessionAddress> session;
  };
  struct Replay;

  void write_now(const session::SessionAddress& session, session::InboundMessage row,
                 std::int64_t order, base::UniqueFunction<void(Written)> done);
  Written divert(const session::SessionAddress& session, std::int64_t order, base::Status why);
  void schedule_replay(const session::SessionAddress& session, base::Milliseconds delay);
  void replay(const session::SessionAddress& session);
  void load_page(const session::SessionAddress& session);
  void write_page(const session::SessionAddress& session, Page page);
  void page_is_written(const std::shared_ptr<Replay>& replay);
  void replay_ended(const session::SessionAddress& session, const base::Status& status);

  base::Loop& loop_;
  store::CentralDatabase& database_;
  session::SessionStorage& sessions_;
  std::function<void(const store::PendingFilesRecord&)> on_pending_files_;
  std::map<session::SessionAddress, Lane> lanes_;
  std::int64_t last_order_ = 0;
  // What completions look at first: they may come when this object is gone.
  base::Lifetime lifetime_;
};

}  // namespace patchbay::routing
