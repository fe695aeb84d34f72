#include "host/data_folder.hpp"

#include <cerrno>
#include <filesystem>
#include <sys/stat.h>

namespace patchbay::host {

base::Status DataFolder::create() const {
  std::error_code error;
  std::filesystem::create_directories(std::filesystem::path(root).parent_path(), error);
  for (const std::string& folder :
       {root, sessions(), staging(), spool(), run(), agent_records(), logs()}) {
    if (::mkdir(folder.c_str(), 0700) != 0 && errno != EEXIST) {
      return base::Status::from_errno(
          errno, "cannot make the data folder " + folder + "; give another one with --data");
    }
  }
  return {};
}

}  // namespace patchbay::host
