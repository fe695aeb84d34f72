#include "agents/run_record.hpp"

#include <filesystem>
#include <fstream>

namespace patchbay::agents {

namespace fs = std::filesystem;

base::Status write_run_record(const std::string& folder, const std::string& name,
                              const RunRecord& record) {
  std::error_code error;
  fs::create_directories(folder, error);
  const fs::path target = fs::path(folder) / name;
  const fs::path temporary = fs::path(folder) / ("." + name + ".new");
  {
    std::ofstream file(temporary, std::ios::trunc);
    file << record.pid << ' ' << record.start_time << ' ' << record.boot_id << ' ' << record.token
         << '\n';
    if (!file.flush()) {
      return {base::Code::kIo, "cannot write the run record " + temporary.string()};
    }
  }
  fs::rename(temporary, target, error);
  if (error) {
    return base::Status::from_errno(error.value(),
                                    "cannot write the run record " + target.string());
  }
  return {};
}

void remove_run_record(const std::string& folder, const std::string& name) {
  std::error_code ignored;  // a record that stays names a process that is gone, which is harmless
  fs::remove(fs::path(folder) / name, ignored);
}

std::vector<NamedRunRecord> read_run_records(const std::string& folder) {
  std::vector<NamedRunRecord> records;
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(folder, error)) {
    NamedRunRecord named{entry.path().filename(), {}};
    std::ifstream file(entry.path());
    file >> named.record.pid >> named.record.start_time >> named.record.boot_id;
    if (!file || named.record.pid <= 1) {
      remove_run_record(folder, named.name);
      continue;
    }
    file >> named.record.token;
    records.push_back(std::move(named));
  }
  return records;
}

}  // namespace patchbay::agents
