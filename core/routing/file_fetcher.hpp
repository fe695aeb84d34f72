// Fetches the files of rows that were committed with attachments pending, a few rows of each
// instance at a time, and completes the rows; also those that a former run left. What has to wait
// (for a platform, for a session that is locked) holds up nobody else. A platform that is away is
// waited for much longer than a file that an instance which works cannot have.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <string>

#include "base/executor.hpp"
#include "base/ids.hpp"
#include "base/lifetime.hpp"
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
  // One row, shared by the completions that follow each other.
  using JobPointer = std::shared_ptr<Job>;
  struct Lane {
    std::deque<JobPointer> ready;
    std::size_t under_way = 0;
  };
  void enqueue(const JobPointer& job);
  void run(const base::InstanceName& instance);
  void step(const JobPointer& job);
  void fetch_next(const JobPointer& job);
  void fetched(const JobPointer& job, const base::Result<std::string>& staged);
  void place(const JobPointer& job);
  void placed(const JobPointer& job, const base::Status& status);
  void complete(const JobPointer& job);
  void completed(const JobPointer& job, const base::Status& status);
  void forget(const JobPointer& job);
  [[nodiscard]] bool may_try_again(Job& job) const;
  void rest(const JobPointer& job);
  void leave(const JobPointer& job);

  base::Loop& loop_;
  base::Executor& storage_;
  store::CentralDatabase& database_;
  FileTools tools_;
  FilePort* files_ = nullptr;
  std::map<base::InstanceName, Lane> lanes_;
  base::Lifetime lifetime_;
};

}  // namespace patchbay::routing
