// The files of an agent: those that came in inbox/, those that go out through outbox/.
#include <SQLiteCpp/Statement.h>
#include <cerrno>
#include <fcntl.h>
#include <nlohmann/json.hpp>
#include <sys/stat.h>
#include <utility>

#include "agent_kit/agent_session.hpp"
#include "agent_kit/databases.hpp"
#include "attachments/confined_folder.hpp"
#include "attachments/names.hpp"
#include "attachments/transfer.hpp"
#include "base/json.hpp"
#include "base/log.hpp"

namespace patchbay::agent_kit {
namespace {

using attachments::Access;
using attachments::ConfinedFolder;
using base::Code;
using base::Result;
using base::Status;

// One name for all: a session has one agent at a time, and what a killed one left goes with the
// next turn.
constexpr const char* kCollecting = ".collecting";

Status put_file(const OutgoingFile& file, const ConfinedFolder& folder, const std::string& name) {
  // O_NONBLOCK: a FIFO must not hold the agent up.
  const base::UniqueFd source(::open(file.path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  struct stat facts{};
  if (!source.valid() || ::fstat(source.get(), &facts) != 0) {
    return Status::from_errno(errno, file.path);
  }
  if (!S_ISREG(facts.st_mode)) {
    return {Code::kRefused, file.path + " is not a regular file"};
  }
  // The host refuses files with a second name; such a one is copied.
  const bool move = file.source == OutgoingFile::Source::kMayBeMoved && facts.st_nlink == 1;
  if (move && ::renameat(AT_FDCWD, file.path.c_str(), folder.fd(), name.c_str()) == 0) {
    return ::fsync(source.get()) == 0 ? Status() : Status::from_errno(errno, file.path);
  }
  PATCHBAY_ASSIGN(const base::UniqueFd copy, folder.create_exclusive(name, Access::kAgentToo));
  PATCHBAY_TRY(attachments::clone_or_copy(source.get(), copy.get(),
                                          static_cast<std::uint64_t>(facts.st_size)));
  return ::fsync(copy.get()) == 0 ? Status() : Status::from_errno(errno, file.path);
}

bool exists(SQLite::Database& outbound, const std::string& id) {
  SQLite::Statement query(outbound, "SELECT 1 FROM messages_out WHERE id = ?");
  query.bind(1, id);
  return query.executeStep();
}

}  // namespace

// The row's content with the names of its files, which lie in outbox/<id>/ afterwards.
Result<std::string> AgentSession::place_files(const OutboundRow& row) {
  if (row.files.empty()) {
    return row.content;
  }
  if (const auto placed = placed_.find(row.id); placed != placed_.end()) {
    return placed->second;
  }
  if (folder_.empty() || !attachments::is_one_component(row.id)) {
    return Status(Code::kInvalidArgument,
                  row.id + ": files need a session with a folder, and an id that is a folder name");
  }
  PATCHBAY_ASSIGN(nlohmann::json content, base::parse_json(row.content));
  if (!content.is_object()) {
    return Status(Code::kInvalidArgument, row.id + ": the content has to be a JSON object");
  }
  PATCHBAY_ASSIGN(const bool sent_before, guarded("reading messages_out", [&]() -> Result<bool> {
                    return exists(databases_->outbound(), row.id);
                  }));
  if (sent_before) {
    return row.content;  // its files are under way already
  }
  PATCHBAY_ASSIGN(const ConfinedFolder session, ConfinedFolder::open(folder_));
  PATCHBAY_ASSIGN(const ConfinedFolder outbox,
                  session.open_or_make_subfolder("outbox", Access::kAgentToo));
  PATCHBAY_TRY(outbox.remove_tree(row.id));  // of a turn that a crash ended
  PATCHBAY_TRY(outbox.make_folder(row.id, Access::kAgentToo));
  PATCHBAY_ASSIGN(const ConfinedFolder folder, outbox.open_subfolder(row.id));
  std::vector<std::string> names;
  for (const OutgoingFile& file : row.files) {
    names.push_back(attachments::unique_file_name(
        attachments::sanitise_file_name(file.name, "", attachments::FileKind::kDocument), names));
    PATCHBAY_TRY(put_file(file, folder, names.back()));
  }
  PATCHBAY_TRY(folder.sync());
  PATCHBAY_TRY(outbox.sync());
  content["files"] = names;
  std::string with_names = content.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
  placed_[row.id] = with_names;
  return with_names;
}

Result<std::string> AgentSession::attachment_path(std::string_view local_path) const {
  const Status refused(Code::kRefused, std::string(local_path) + " is no path of an attachment");
  const std::size_t first = local_path.find('/');
  const std::size_t last = local_path.rfind('/');
  if (folder_.empty() || first == std::string_view::npos || first == last ||
      local_path.substr(0, first) != "inbox") {
    return refused;
  }
  PATCHBAY_ASSIGN(const ConfinedFolder session, ConfinedFolder::open(folder_));
  PATCHBAY_ASSIGN(const ConfinedFolder inbox, session.open_subfolder("inbox"));
  PATCHBAY_ASSIGN(const ConfinedFolder message,
                  inbox.open_subfolder(local_path.substr(first + 1, last - first - 1)));
  PATCHBAY_TRY(message.open_read(local_path.substr(last + 1)).status());
  return folder_ + "/" + std::string(local_path);
}

Result<std::string> AgentSession::make_collecting_folder() const {
  PATCHBAY_ASSIGN(const ConfinedFolder session, ConfinedFolder::open(folder_));
  PATCHBAY_ASSIGN(const ConfinedFolder outbox,
                  session.open_or_make_subfolder("outbox", Access::kAgentToo));
  PATCHBAY_TRY(outbox.remove_tree(kCollecting));
  PATCHBAY_TRY(outbox.make_folder(kCollecting, Access::kAgentToo));
  return folder_ + "/outbox/" + kCollecting;
}

void AgentSession::remove_collecting_folder() const {
  const Result<ConfinedFolder> session = ConfinedFolder::open(folder_);
  const Result<ConfinedFolder> outbox =
      session.ok() ? session->open_subfolder("outbox") : Result<ConfinedFolder>(session.status());
  const Status removed = outbox.ok() ? outbox->remove_tree(kCollecting) : outbox.status();
  if (!removed.ok() && removed.code() != Code::kNotFound) {
    base::log_warning("agent.collecting_folder_left", {{"reason", removed.message()}});
  }
}

}  // namespace patchbay::agent_kit
