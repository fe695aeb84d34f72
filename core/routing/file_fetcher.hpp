// Fetches the files of rows that were committed with attachments pending, a few rows at a time, and
// completes the rows; also those that a former run left.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <string>

#include "base/executor.hpp"
#include "base/status.hpp"
#include "routing/file_placement.hpp"
#include "routing/ports.hpp"
#include "store/central_database.hpp"
#include "store/pending_files.hpp"

namespace patchbay::routing {

// All functions: [core thread].
class FileFetcher {
 public:
  FileFetcher(base::Loop& loop, base::Executor& storage, store::CentralDatabase& database,
              FileTools tools)
      : loop_(loop), storage_(storage), database_(database), tools_(tools) {}

  // Before start().
  void set_files(FilePort& files) { files_ = &files; }
  // Takes up what the database holds. Synchronous.
  [[nodiscard]] base::Status start();
  // The row is committed, and so is the record.
  void add(store::PendingFilesRecord record);

 private:
  struct Job;
  void begin_some();
  void begin(const std::shared_ptr<Job>& job);
  void fetch_next(const std::shared_ptr<Job>& job);
  void fetched(const std::shared_ptr<Job>& job, const base::Result<std::string>& staged);
  void place(const std::shared_ptr<Job>& job);
  void complete(const std::shared_ptr<Job>& job);
  void forget(const std::shared_ptr<Job>& job);
  void ended();
  base::Milliseconds next_delay(Job& job);

  base::Loop& loop_;
  base::Executor& storage_;
  store::CentralDatabase& database_;
  FileTools tools_;
  FilePort* files_ = nullptr;
  std::deque<store::PendingFilesRecord> waiting_;
  std::size_t under_way_ = 0;
  std::shared_ptr<const char> alive_ = std::make_shared<const char>();
};

}  // namespace patchbay::routing
