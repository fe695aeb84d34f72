// One file for every running agent: which process it is.
#pragma once

#include <cstdint>
#include <string>
#include <sys/types.h>
#include <vector>

#include "base/status.hpp"

namespace patchbay::agents {

struct RunRecord {
  pid_t pid = 0;
  std::uint64_t start_time = 0;
  std::string boot_id;
  std::string token{};  // in the environment of all that the agent started; empty in old records
};

// Records are kept under a name made from the session's address.
[[nodiscard]] base::Status write_run_record(const std::string& folder, const std::string& name,
                                            const RunRecord& record);
void remove_run_record(const std::string& folder, const std::string& name);

struct NamedRunRecord {
  std::string name;
  RunRecord record;
};
// Unreadable files are removed: they can only be torn, and name nothing.
[[nodiscard]] std::vector<NamedRunRecord> read_run_records(const std::string& folder);

}  // namespace patchbay::agents
