#include "attachments/spool.hpp"

#include <cerrno>
#include <unistd.h>
#include <utility>

#include "attachments/names.hpp"
#include "attachments/transfer.hpp"
#include "base/failpoint.hpp"
#include "base/log.hpp"
#include "base/text.hpp"

namespace patchbay::attachments {
namespace {

using base::Code;
using base::Result;
using base::Status;

constexpr std::string_view kOutbox = "outbox";

// What the agent's side can be blamed for; anything else is the host's disk, and worth a retry.
bool is_refusal(const Status& status) {
  switch (status.code()) {
    case Code::kRefused:
    case Code::kNotFound:
    case Code::kTooLarge:
    case Code::kInvalidArgument:
    case Code::kBusy:  // the agent holds a lease on its file
    case Code::kCorrupt:
      return true;
    default:
      return false;
  }
}

std::string printable(std::string_view name) {
  std::string result(base::utf8_prefix(base::to_valid_utf8(name), limits::kFileNameBytes));
  for (char& c : result) {
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) {
      c = '?';
    }
  }
  return result;
}

std::string mebibytes(std::uint64_t bytes) { return std::to_string(bytes / limits::kMiB) + " MiB"; }

}  // namespace

Result<Spool> Spool::open(const std::string& path, SpoolOptions options) {
  PATCHBAY_ASSIGN(ConfinedFolder folder, ConfinedFolder::open(path, Missing::kIsCreated));
  return Spool(std::move(folder), options);
}

Spool::Spool(ConfinedFolder folder, SpoolOptions options)
    : folder_(std::move(folder)), options_(options) {}

// The agent's folder, whatever it is, becomes an entry of the spool: only there, out of the agent's
// reach, is it looked at.
Result<ConfinedFolder> Spool::taken_folder(const ConfinedFolder& session, std::string_view row_id,
                                           const std::string& folder_name) const {
  // Messages reach the agent: they speak of the folder as it knows it, and of no path of the host.
  const std::string shown = "outbox/" + printable(row_id);
  Result<ConfinedFolder> earlier = folder_.open_subfolder(folder_name, shown);
  if (earlier.status().code() != Code::kNotFound) {
    return earlier;  // taken before a crash
  }
  if (!is_one_component(row_id)) {
    return Status(Code::kRefused,
                  "the row id " + printable(row_id) + " cannot be the name of a folder");
  }
  PATCHBAY_ASSIGN(const ConfinedFolder outbox,
                  session.open_subfolder(kOutbox, std::string(kOutbox)));
  const Status moved = outbox.rename(row_id, folder_, folder_name, Replace::kNever);
  if (moved.code() == Code::kNotFound) {
    return Status(Code::kNotFound, shown + ": there is no such folder");
  }
  PATCHBAY_TRY(moved);
  PBAY_FAILPOINT("spool.after_rename");
  PATCHBAY_TRY(folder_.sync());
  PATCHBAY_TRY(outbox.sync());
  return folder_.open_subfolder(folder_name, shown);
}

Result<SpooledFile> Spool::inspect(const ConfinedFolder& folder, const std::string& name,
                                   std::uint64_t room) const {
  PATCHBAY_ASSIGN(const OpenedFile opened, folder.open_read(name));
  if (opened.size > options_.file_bytes) {
    return Status(Code::kTooLarge, printable(name) + " is over the limit of " +
                                       mebibytes(options_.file_bytes) + " (limits.file)");
  }
  if (opened.size > room) {
    return Status(Code::kTooLarge, printable(name) + " brings the message over the limit of " +
                                       mebibytes(options_.message_bytes) +
                                       " (limits.message_files)");
  }
  // The agent may not have synced it, and the ledger will say that it is here.
  if (::fsync(opened.fd.get()) != 0) {
    return Status::from_errno(errno, "syncing " + folder.shown_name() + "/" + printable(name));
  }
  return SpooledFile{.name = name, .size = opened.size};
}

Result<SpooledFiles> Spool::take_outbox(const ConfinedFolder& session, std::string_view row_id,
                                        std::string_view spool_id,
                                        std::span<const std::string> declared) const {
  SpooledFiles result;
  if (declared.empty()) {
    return result;
  }
  const Result<ConfinedFolder> folder = taken_folder(session, row_id, folder_name_of_id(spool_id));
  if (!folder.ok() && !is_refusal(folder.status())) {
    return folder.status();
  }
  if (!folder.ok()) {
    for (const std::string& name : declared) {
      result.refused.push_back({printable(name), folder.status().message()});
    }
    return result;
  }
  std::uint64_t room = options_.message_bytes;
  for (const std::string& name : declared) {
    Result<SpooledFile> file =
        result.files.size() < limits::kFilesPerMessage
            ? inspect(*folder, name, room)
            : Status(Code::kTooLarge,
                     "the message has over " + std::to_string(limits::kFilesPerMessage) + " files");
    if (file.ok()) {
      room -= file->size;
      result.files.push_back(std::move(*file));
    } else if (is_refusal(file.status())) {
      result.refused.push_back({printable(name), file.status().message()});
    } else {
      return file.status();
    }
  }
  return result;
}

Result<SpooledFile> Spool::put(std::string_view spool_id, std::string_view name,
                               StagedFile file) const {
  if (!is_safe_file_name(name)) {
    return Status(Code::kInvalidArgument, printable(name) + " is not a safe file name");
  }
  PATCHBAY_ASSIGN(const ConfinedFolder folder,
                  folder_.open_or_make_subfolder(folder_name_of_id(spool_id), Access::kHostOnly));
  const SpooledFile spooled{.name = std::string(name), .size = file.size()};
  PATCHBAY_TRY(file.move_into(folder, name));
  PATCHBAY_TRY(folder.sync());
  PATCHBAY_TRY(folder_.sync());
  return spooled;
}

Result<OpenedFile> Spool::open_file(std::string_view spool_id, std::string_view name) const {
  PATCHBAY_ASSIGN(const ConfinedFolder folder, folder_.open_subfolder(folder_name_of_id(spool_id)));
  return folder.open_read(name);
}

Result<OpenedFile> Spool::open_file(std::string_view spool_id, const SpooledFile& file) const {
  PATCHBAY_ASSIGN(OpenedFile opened, open_file(spool_id, file.name));
  if (opened.size != file.size) {
    return Status(Code::kCorrupt, printable(file.name) + " has " + std::to_string(opened.size) +
                                      " bytes; " + std::to_string(file.size) + " were declared");
  }
  return opened;
}

void Spool::remove(std::string_view spool_id) const {
  if (const Status removed = folder_.remove_tree(folder_name_of_id(spool_id)); !removed.ok()) {
    base::log_warning("attachments.spool_left", {{"reason", removed.message()}});
  }
}

Result<std::size_t> Spool::remove_orphans(
    const std::function<bool(const std::string&)>& is_known) const {
  PATCHBAY_ASSIGN(const Listing listing, folder_.list());
  std::size_t removed_count = 0;
  for (const Entry& entry : listing.entries) {
    if (is_known(entry.name)) {
      continue;
    }
    if (const Status removed = folder_.remove_tree(entry.name); !removed.ok()) {
      base::log_warning("attachments.spool_left", {{"reason", removed.message()}});
      continue;
    }
    ++removed_count;
  }
  return removed_count;
}

}  // namespace patchbay::attachments
