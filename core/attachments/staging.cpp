#include "attachments/staging.hpp"

#include <algorithm>
#include <cerrno>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
#include <vector>

#include "attachments/base64.hpp"
#include "attachments/transfer.hpp"
#include "base/failpoint.hpp"
#include "base/log.hpp"
#include "base/random.hpp"

namespace patchbay::attachments {

using base::Code;
using base::Result;
using base::Status;

namespace {

std::string hex(std::uint64_t number) {
  static constexpr std::string_view kDigits = "0123456789abcdef";
  std::string text;
  for (int shift = 60; shift >= 0; shift -= 4) {
    text += kDigits[(number >> shift) & 0xF];
  }
  return text;
}

}  // namespace

// One file on its way in. The area's mutex guards the table, this one the file, so a slow disk
// holds up only its own handle.
struct StagingArea::Upload {
  enum class State : std::uint8_t { kOpen, kFailed, kCommitted, kGone };

  Upload(std::string owner_name, std::shared_ptr<const ConfinedFolder> staging,
         std::string file_name, base::UniqueFd file)
      : owner(std::move(owner_name)),
        folder(std::move(staging)),
        name(std::move(file_name)),
        fd(std::move(file)) {}
  ~Upload() { discard(); }

  // With the mutex held, or by the last holder.
  void discard() {
    if (state == State::kGone) {
      return;
    }
    state = State::kGone;
    fd.reset();
    if (const Status removed = folder->remove_file(name); !removed.ok()) {
      base::log_warning("attachments.staging_left", {{"reason", removed.message()}});
    }
  }

  const std::string owner;
  const std::shared_ptr<const ConfinedFolder> folder;
  const std::string name;
  std::mutex mutex;
  State state = State::kOpen;  // guarded by mutex, like all below
  base::UniqueFd fd;
  std::uint64_t size = 0;
};

Result<std::unique_ptr<StagingArea>> StagingArea::open(const std::string& path,
                                                       StagingOptions options) {
  PATCHBAY_ASSIGN(ConfinedFolder folder, ConfinedFolder::open(path, Missing::kIsCreated));
  return std::unique_ptr<StagingArea>(new StagingArea(std::move(folder), options));
}

StagingArea::StagingArea(ConfinedFolder folder, StagingOptions options)
    : folder_(std::make_shared<const ConfinedFolder>(std::move(folder))),
      options_(options),
      boot_(hex(base::system_seed())) {}

StagingArea::~StagingArea() = default;

Status StagingArea::sweep(const std::unordered_set<std::string>& kept_names) {
  PATCHBAY_ASSIGN(const Listing listing, folder_->list());
  Status first_failure;
  for (const Entry& entry : listing.entries) {
    if (kept_names.contains(entry.name)) {
      continue;
    }
    if (Status removed = folder_->remove_tree(entry.name); !removed.ok() && first_failure.ok()) {
      first_failure = std::move(removed);
    }
  }
  return first_failure;
}

Result<std::uint64_t> StagingArea::bytes() const {
  PATCHBAY_ASSIGN(const Listing listing, folder_->list());
  std::uint64_t sum = 0;
  for (const Entry& entry : listing.entries) {
    struct stat info{};
    if (::fstatat(folder_->fd(), entry.name.c_str(), &info, AT_SYMLINK_NOFOLLOW) == 0) {
      sum += static_cast<std::uint64_t>(info.st_size);
    }
  }
  return sum;
}

Status StagingArea::check_size(std::uint64_t bytes) const {
  if (bytes <= options_.file_bytes) {
    return {};
  }
  return {Code::kTooLarge, "the file is over the limit of " +
                               std::to_string(options_.file_bytes / limits::kMiB) +
                               " MiB (limits.file)"};
}

std::shared_ptr<StagingArea::Upload> StagingArea::find(StagingHandle handle) {
  const std::lock_guard lock(mutex_);
  const auto found = uploads_.find(handle);
  return found == uploads_.end() ? nullptr : found->second;
}

Result<StagingHandle> StagingArea::begin(std::string_view owner, std::int64_t expected_size) {
  if (expected_size > 0) {
    PATCHBAY_TRY(check_size(static_cast<std::uint64_t>(expected_size)));
  }
  // Held over the creation, which is quick, so that the limit is exact.
  const std::lock_guard lock(mutex_);
  const auto open = std::count_if(uploads_.begin(), uploads_.end(),
                                  [&](const auto& entry) { return entry.second->owner == owner; });
  if (static_cast<std::size_t>(open) >= options_.open_per_owner) {
    return Status(Code::kBusy, std::string(owner) + " has " + std::to_string(open) +
                                   " files in staging; one has to be submitted or aborted first");
  }
  const StagingHandle handle = ++last_number_;
  std::string name = boot_ + "-" + std::to_string(handle);
  PATCHBAY_ASSIGN(base::UniqueFd fd, folder_->create_exclusive(name, Access::kHostOnly));
  uploads_.emplace(handle, std::make_shared<Upload>(std::string(owner), folder_, std::move(name),
                                                    std::move(fd)));
  return handle;
}

Status StagingArea::write(StagingHandle handle, std::string_view bytes) {
  const std::shared_ptr<Upload> upload = find(handle);
  if (upload == nullptr) {
    return {Code::kNotFound, "there is no staging handle " + std::to_string(handle)};
  }
  const std::lock_guard lock(upload->mutex);
  if (upload->state != Upload::State::kOpen) {
    return {Code::kInvalidArgument, "this staging handle was committed, or failed before"};
  }
  Status written = check_size(upload->size + bytes.size());
  if (written.ok()) {
    written = PBAY_FAILPOINT_FAILS("staging.write") ? Status::from_errno(ENOSPC, "writing a file")
                                                    : write_all(upload->fd.get(), bytes);
  }
  if (!written.ok()) {
    upload->state = Upload::State::kFailed;
    return written;
  }
  upload->size += bytes.size();
  return {};
}

Result<std::uint64_t> StagingArea::commit(StagingHandle handle) {
  const std::shared_ptr<Upload> upload = find(handle);
  if (upload == nullptr) {
    return Status(Code::kNotFound, "there is no staging handle " + std::to_string(handle));
  }
  const std::lock_guard lock(upload->mutex);
  if (upload->state != Upload::State::kOpen) {
    return Status(Code::kInvalidArgument, "this staging handle was committed, or failed before");
  }
  const int error = PBAY_FAILPOINT_FAILS("staging.sync") ? EIO
                    : ::fsync(upload->fd.get()) != 0     ? errno
                                                         : 0;
  if (error != 0) {
    // After a failed fsync the kernel may have dropped the pages: trying again proves nothing.
    upload->state = Upload::State::kFailed;
    return Status::from_errno(error, "syncing a staged file");
  }
  upload->state = Upload::State::kCommitted;
  return upload->size;
}

void StagingArea::abort(StagingHandle handle) {
  std::shared_ptr<Upload> upload;
  {
    const std::lock_guard lock(mutex_);
    const auto found = uploads_.find(handle);
    if (found == uploads_.end()) {
      return;
    }
    upload = std::move(found->second);
    uploads_.erase(found);
  }
  const std::lock_guard lock(upload->mutex);
  upload->discard();
}

void StagingArea::abort_all(std::string_view owner) {
  std::vector<StagingHandle> handles;
  {
    const std::lock_guard lock(mutex_);
    for (const auto& [handle, upload] : uploads_) {
      if (upload->owner == owner) {
        handles.push_back(handle);
      }
    }
  }
  for (const StagingHandle handle : handles) {
    abort(handle);
  }
}

Result<StagedFile> StagingArea::adopt(std::string_view owner, StagingHandle handle) {
  const std::shared_ptr<Upload> upload = find(handle);
  if (upload == nullptr || upload->owner != owner) {
    return Status(Code::kNotFound,
                  std::string(owner) + " has no staging handle " + std::to_string(handle));
  }
  const std::lock_guard lock(upload->mutex);
  if (upload->state != Upload::State::kCommitted) {
    return Status(Code::kInvalidArgument, "the staging handle is not committed");
  }
  StagedFile file(folder_, upload->name, {std::move(upload->fd), upload->size, {}});
  upload->state = Upload::State::kGone;
  const std::lock_guard table_lock(mutex_);
  uploads_.erase(handle);
  return file;
}

Result<StagedFile> StagingArea::reopen(std::string_view staging_name) const {
  PATCHBAY_ASSIGN(OpenedFile opened, folder_->open_read(staging_name));
  return StagedFile(folder_, std::string(staging_name), std::move(opened));
}

Result<StagedFile> StagingArea::new_file() {
  std::string name;
  {
    const std::lock_guard lock(mutex_);
    name = boot_ + "-" + std::to_string(++last_number_);
  }
  PATCHBAY_ASSIGN(base::UniqueFd fd, folder_->create_exclusive(name, Access::kHostOnly));
  return StagedFile(folder_, std::move(name), {std::move(fd), 0, {}});
}

Result<StagedFile> StagingArea::from_base64(std::string_view text) {
  PATCHBAY_TRY(check_size(text.size() / 4 * 3));
  PATCHBAY_ASSIGN(StagedFile file, new_file());
  Base64Decoder decoder;
  std::string chunk;
  for (; !text.empty(); text.remove_prefix(std::min(text.size(), kChunkBytes))) {
    chunk.clear();
    PATCHBAY_TRY(decoder.feed(text.substr(0, kChunkBytes), chunk));
    PATCHBAY_TRY(write_all(file.fd(), chunk));
  }
  PATCHBAY_TRY(decoder.finish());
  PATCHBAY_TRY(file.seal());
  return file;
}

Result<StagedFile> StagingArea::from_bytes(std::string_view bytes) {
  PATCHBAY_TRY(check_size(bytes.size()));
  PATCHBAY_ASSIGN(StagedFile file, new_file());
  PATCHBAY_TRY(write_all(file.fd(), bytes));
  PATCHBAY_TRY(file.seal());
  return file;
}

Result<StagedFile> StagingArea::from_file(int fd, std::uint64_t size) {
  PATCHBAY_TRY(check_size(size));
  PATCHBAY_ASSIGN(StagedFile file, new_file());
  PATCHBAY_TRY(clone_or_copy(fd, file.fd(), size));
  PATCHBAY_TRY(file.seal());
  return file;
}

}  // namespace patchbay::attachments
