// Rows that wait for files which nobody fetches: the host was killed after the row was committed
// and before the record of what is to be fetched was. The platform, which was told nothing, repeats
// the message, and all is well; where it does not, the row would hold up its chat for ever. After a
// while such rows go to the agent with their files marked as failed.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/executor.hpp"
#include "base/lifetime.hpp"
#include "base/status.hpp"
#include "base/unique_function.hpp"
#include "routing/ports.hpp"
#include "session/session_storage.hpp"
#include "store/central_database.hpp"

namespace patchbay::routing {

// All functions: [core thread].
class LostFiles {
 public:
  // Whether an event with this row is under way, so that its record may be committed any time.
  using IsUnderWay =
      std::function<bool(const session::SessionAddress& session, const std::string& row_id)>;

  LostFiles(base::Loop& loop, store::CentralDatabase& database, session::SessionStorage& sessions,
            IsUnderWay is_under_way)
      : loop_(loop),
        database_(database),
        sessions_(sessions),
        is_under_way_(std::move(is_under_way)) {}

  // Before look_at().
  void set_files(FilePort& files) { files_ = &files; }
  // Once a session, after a start. `done` when it was looked at; what is found is completed later.
  void look_at(const session::SessionAddress& session, base::UniqueFunction<void()> done);

 private:
  using Rows = std::vector<session::SessionStorage::RowWithoutFiles>;
  struct Lost {
    base::InstanceName instance;  // where the session's messages come from
    Rows rows;
  };

  void keep_those_without_record(const session::SessionAddress& session, Rows rows,
                                 base::UniqueFunction<void(base::Result<Lost>)> done);
  void wait(const session::SessionAddress& session, Lost lost, bool was_connected);
  void look_again(const session::SessionAddress& session, Rows rows);
  void complete(const session::SessionAddress& session,
                const session::SessionStorage::RowWithoutFiles& row);

  base::Loop& loop_;
  store::CentralDatabase& database_;
  session::SessionStorage& sessions_;
  IsUnderWay is_under_way_;
  FilePort* files_ = nullptr;
  base::Lifetime lifetime_;
};

}  // namespace patchbay::routing
