#include <cerrno>
#include <sys/stat.h>
#include <unistd.h>
#include <utility>

#include "attachments/staging.hpp"
#include "base/log.hpp"

namespace patchbay::attachments {

using base::Result;
using base::Status;

StagedFile::StagedFile(std::shared_ptr<const ConfinedFolder> folder, std::string name,
                       OpenedFile opened)
    : folder_(std::move(folder)), name_(std::move(name)), opened_(std::move(opened)) {}

StagedFile& StagedFile::operator=(StagedFile&& other) noexcept {
  if (this != &other) {
    discard();
    folder_ = std::move(other.folder_);
    name_ = std::move(other.name_);
    opened_ = std::move(other.opened_);
  }
  return *this;
}

StagedFile::~StagedFile() { discard(); }

void StagedFile::discard() {
  if (folder_ == nullptr) {
    return;
  }
  if (const Status removed = folder_->remove_file(name_); !removed.ok()) {
    base::log_warning("attachments.staging_left", {{"reason", removed.message()}});
  }
  folder_ = nullptr;
}

Status StagedFile::seal() {
  struct stat facts{};
  if (::fsync(fd()) != 0 || ::fstat(fd(), &facts) != 0) {
    return Status::from_errno(errno, "syncing a staged file");
  }
  opened_.size = static_cast<std::uint64_t>(facts.st_size);
  return {};
}

Result<std::string> StagedFile::keep() && {
  PATCHBAY_TRY(folder_->sync());
  folder_ = nullptr;
  return std::move(name_);
}

Status StagedFile::move_into(const ConfinedFolder& target, std::string_view target_name) {
  PATCHBAY_TRY(folder_->rename(name_, target, target_name, Replace::kNever));
  folder_ = nullptr;
  return {};
}

}  // namespace patchbay::attachments
