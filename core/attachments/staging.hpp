// Where bytes from outside land first: <data>/staging, on the sessions' filesystem, for the host
// only. A file is opened, streamed into under a cap, committed (fsync) and adopted by the message
// it belongs to. What is not adopted and kept by name is gone after a restart.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>

#include "attachments/confined_folder.hpp"
#include "base/limits.hpp"
#include "base/status.hpp"

namespace patchbay::attachments {

using StagingHandle = std::uint64_t;  // 0 is never one

// A whole, durable file in staging, and its only owner: destroying it removes the file.
class StagedFile {
 public:
  StagedFile(std::shared_ptr<const ConfinedFolder> folder, std::string name, OpenedFile opened);
  StagedFile(StagedFile&&) noexcept = default;
  StagedFile& operator=(StagedFile&& other) noexcept;
  ~StagedFile();

  // Readable; shared position, so use pread().
  [[nodiscard]] int fd() const { return opened_.fd.get(); }
  [[nodiscard]] std::uint64_t size() const { return opened_.size; }

  // The file survives this object, and a restart if its staging_name() is given to sweep(). For
  // rows of intake, which outlive the process. After success the name is durable.
  [[nodiscard]] base::Result<std::string> keep() &&;
  // The file leaves staging by rename. A failure (another filesystem, name taken) leaves it owned.
  [[nodiscard]] base::Status move_into(const ConfinedFolder& target, std::string_view target_name);

 private:
  friend class StagingArea;
  void discard();
  // The content is complete: it is made durable and its size taken.
  [[nodiscard]] base::Status seal();

  // Shared with the area: a staged file may outlive it at shutdown.
  std::shared_ptr<const ConfinedFolder> folder_;
  std::string name_;
  OpenedFile opened_;
};

struct StagingOptions {
  std::uint64_t file_bytes = limits::kFileBytes;
  std::size_t open_per_owner = limits::kOpenStagingPerInstance;
};

// [any thread] all of it. Different handles do not wait for each other.
class StagingArea {
 public:
  static base::Result<std::unique_ptr<StagingArea>> open(const std::string& path,
                                                         StagingOptions options = {});
  ~StagingArea();

  // Removes everything but the kept names: what a former process left. Before any begin().
  [[nodiscard]] base::Status sweep(const std::unordered_set<std::string>& kept_names);

  // owner: the instance's name; kBusy when it has open_per_owner handles. expected_size: bytes, or
  // -1; kTooLarge at once when it is over the cap.
  [[nodiscard]] base::Result<StagingHandle> begin(std::string_view owner,
                                                  std::int64_t expected_size);
  // Appends. kTooLarge over the cap, kIo when the disk is full; after a failure the handle can only
  // be aborted.
  [[nodiscard]] base::Status write(StagingHandle handle, std::string_view bytes);
  // Blocks until the bytes are on disk; their number.
  [[nodiscard]] base::Result<std::uint64_t> commit(StagingHandle handle);
  // Forgets an open or committed handle; an unknown one is ignored.
  void abort(StagingHandle handle);
  // Forgets all handles of an owner that stopped.
  void abort_all(std::string_view owner);
  // Takes the file of a committed handle, once.
  [[nodiscard]] base::Result<StagedFile> adopt(std::string_view owner, StagingHandle handle);

  // The size of all that lies here.
  [[nodiscard]] base::Result<std::uint64_t> bytes() const;
  // A file that was kept by name.
  [[nodiscard]] base::Result<StagedFile> reopen(std::string_view staging_name) const;
  // A file from strict base64, decoded as it is written: no second copy in memory. kInvalidArgument
  // says where the text broke.
  [[nodiscard]] base::Result<StagedFile> from_base64(std::string_view text);
  // A file from bytes in memory.
  [[nodiscard]] base::Result<StagedFile> from_bytes(std::string_view bytes);
  // A clone, or else a copy, of `size` bytes of an open file.
  [[nodiscard]] base::Result<StagedFile> from_file(int fd, std::uint64_t size);

 private:
  struct Upload;
  StagingArea(ConfinedFolder folder, StagingOptions options);
  [[nodiscard]] std::shared_ptr<Upload> find(StagingHandle handle);
  // An empty file to fill and seal.
  [[nodiscard]] base::Result<StagedFile> new_file();
  [[nodiscard]] base::Status check_size(std::uint64_t bytes) const;

  const std::shared_ptr<const ConfinedFolder> folder_;
  const StagingOptions options_;
  const std::string boot_;  // makes names unlike those of former processes
  std::mutex mutex_;
  std::uint64_t last_number_ = 0;  // guarded by mutex_, like all below
  // Shared with the calls under way: an abort may meet a write.
  std::unordered_map<StagingHandle, std::shared_ptr<Upload>> uploads_;
};

}  // namespace patchbay::attachments
