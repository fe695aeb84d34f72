// What must survive the sweeps at start: files that rows of the central database still name.
#pragma once

#include <string>
#include <unordered_set>

#include "base/status.hpp"
#include "session/types.hpp"

namespace patchbay::store {
struct Repositories;
}

namespace patchbay::routing {

// [the database's thread] Names for StagingArea::sweep(): files of events that wait in the intake,
// and of rows whose other files are still to be fetched.
[[nodiscard]] base::Result<std::unordered_set<std::string>> kept_staging_names(
    store::Repositories& repositories);

// [the database's thread] Folders in the session's inbox/ whose rows still wait in the intake; for
// attachments::remove_inbox_orphans().
[[nodiscard]] base::Result<std::unordered_set<std::string>> inbox_folders_of_intake(
    store::Repositories& repositories, const session::SessionAddress& session);

}  // namespace patchbay::routing
