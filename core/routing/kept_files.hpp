// What must survive the sweeps at start: files that rows of the central database still name.
#pragma once

#include <map>
#include <string>
#include <unordered_set>

#include "base/status.hpp"

namespace patchbay::store {
struct Repositories;
}

namespace patchbay::routing {

// [the database's thread] Names for StagingArea::sweep(): files of events that wait in the intake,
// and of rows whose other files are still to be fetched.
[[nodiscard]] base::Result<std::unordered_set<std::string>> kept_staging_names(
    store::Repositories& repositories);

// [the database's thread] By session ("<agent>/<id>"), the folders in its inbox/ whose rows still
// wait in the intake; for SessionStorage::sweep_inbox().
using InboxFolders = std::map<std::string, std::unordered_set<std::string>>;
[[nodiscard]] base::Result<InboxFolders> inbox_folders_of_intake(store::Repositories& repositories);

}  // namespace patchbay::routing
