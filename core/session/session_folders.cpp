#include "session/session_folders.hpp"

#include <algorithm>
#include <cerrno>
#include <unistd.h>
#include <vector>

#include "base/failpoint.hpp"
#include "base/iso_time.hpp"
#include "session/schema_upgrade.hpp"

namespace patchbay::session {
namespace {

using attachments::Access;
using attachments::ConfinedFolder;
using attachments::Replace;
using base::Code;
using base::Result;
using base::Status;

Status check_address(const SessionAddress& session) {
  if (!base::is_agent_group_id(session.agent.str()) || !base::is_session_id(session.id.str())) {
    return {Code::kInvalidArgument, "\"" + session_name(session) + "\" names no session"};
  }
  return {};
}

std::string shown(const SessionAddress& session) { return "session " + session_name(session); }

Status write_file(const ConfinedFolder& folder, std::string_view name, std::string_view bytes) {
  PATCHBAY_ASSIGN(const base::UniqueFd fd, folder.create_exclusive(name, Access::kAgentToo));
  while (!bytes.empty()) {
    const ssize_t written = ::write(fd.get(), bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) {
      continue;
    }
    if (written < 0) {
      return Status::from_errno(errno, folder.shown_name() + "/" + std::string(name));
    }
    bytes.remove_prefix(static_cast<std::size_t>(written));
  }
  if (::fsync(fd.get()) != 0) {
    return Status::from_errno(errno, folder.shown_name() + "/" + std::string(name));
  }
  return {};
}

// "20260131T090506007Z"
std::string compact_time(base::WallTime time) {
  std::string text = base::format_iso_utc(time);
  std::erase_if(text, [](char c) { return c == '-' || c == ':' || c == '.'; });
  return text;
}

// Everything that SQLite may keep for a database; a log that stayed would be replayed by the
// agent's SQLite into a new file.
std::vector<std::string> files_of(DatabaseFile database) {
  const std::string name(file_name(database));
  return {name, journal_name(database), name + "-wal", name + "-shm"};
}

// ".corrupt-<time>", and a number after it if that was taken in the same millisecond.
std::string free_suffix(const ConfinedFolder& folder, DatabaseFile database, base::WallTime now) {
  const std::string suffix = ".corrupt-" + compact_time(now);
  const std::vector<std::string> names = files_of(database);
  const auto taken = [&](const std::string& candidate) {
    return std::any_of(names.begin(), names.end(), [&](const std::string& name) {
      return folder.kind_of(name + candidate).ok();
    });
  };
  std::string candidate = suffix;
  for (int number = 2; taken(candidate) && number < 1000; ++number) {
    candidate = suffix + "-" + std::to_string(number);
  }
  return candidate;
}

// False: there was nothing to move.
Result<bool> move_aside(const ConfinedFolder& folder, const std::string& name,
                        const std::string& suffix) {
  const Status moved = folder.rename(name, folder, name + suffix, Replace::kNever);
  if (moved.ok() || moved.code() == Code::kNotFound) {
    return moved.ok();
  }
  return moved;
}

}  // namespace

Result<SessionFolders> SessionFolders::open(const std::string& path) {
  PATCHBAY_TRY(register_confined_vfs());
  PATCHBAY_ASSIGN(ConfinedFolder root,
                  ConfinedFolder::open(path, attachments::Missing::kIsCreated));
  PATCHBAY_ASSIGN(std::string inbound, make_template(DatabaseFile::kInbound));
  PATCHBAY_ASSIGN(std::string replaced, make_template(DatabaseFile::kInbound, kToBeRefilled));
  PATCHBAY_ASSIGN(std::string outbound, make_template(DatabaseFile::kOutbound));
  return SessionFolders(std::move(root), std::move(inbound), std::move(replaced),
                        std::move(outbound));
}

Result<ConfinedFolder> SessionFolders::open_session(const SessionAddress& session) const {
  PATCHBAY_TRY(check_address(session));
  PATCHBAY_ASSIGN(const ConfinedFolder agent, root_.open_subfolder(session.agent.str()));
  return agent.open_subfolder(session.id.str(), shown(session));
}

Status SessionFolders::fill(const ConfinedFolder& folder) const {
  PATCHBAY_TRY(write_file(folder, file_name(DatabaseFile::kInbound), inbound_template_));
  PATCHBAY_TRY(write_file(folder, journal_name(DatabaseFile::kInbound), {}));
  PATCHBAY_TRY(write_file(folder, file_name(DatabaseFile::kOutbound), outbound_template_));
  PATCHBAY_TRY(folder.make_folder("inbox", Access::kAgentToo));
  PATCHBAY_TRY(folder.make_folder("outbox", Access::kAgentToo));
  return folder.sync();
}

Result<bool> SessionFolders::create(const SessionAddress& session) const {
  PATCHBAY_TRY(check_address(session));
  PATCHBAY_ASSIGN(const ConfinedFolder agent,
                  root_.open_or_make_subfolder(session.agent.str(), Access::kAgentToo));
  const auto present = agent.open_subfolder(session.id.str(), shown(session));
  if (present.ok()) {
    return false;
  }
  if (present.status().code() != Code::kNotFound) {
    return present.status();
  }
  // No session id begins with a dot; what a crash left under this name was never a session.
  const std::string unfinished = ".new-" + session.id.str();
  PATCHBAY_TRY(agent.remove_tree(unfinished));
  PATCHBAY_TRY(agent.make_folder(unfinished, Access::kAgentToo));
  PATCHBAY_ASSIGN(const ConfinedFolder folder, agent.open_subfolder(unfinished, shown(session)));
  PATCHBAY_TRY(fill(folder));
  PBAY_FAILPOINT("session.before_folder_appears");
  PATCHBAY_TRY(agent.rename(unfinished, agent, session.id.str(), Replace::kNever));
  PATCHBAY_TRY(agent.sync());
  PATCHBAY_TRY(root_.sync());
  return true;
}

Result<std::string> SessionFolders::replace_database(const ConfinedFolder& session,
                                                     DatabaseFile database,
                                                     base::WallTime now) const {
  const std::string name(file_name(database));
  const std::string suffix = free_suffix(session, database, now);
  std::string moved;
  for (const std::string& file : files_of(database)) {
    PATCHBAY_ASSIGN(const bool was_there, move_aside(session, file, suffix));
    if (was_there) {
      moved += (moved.empty() ? "" : ", ") + file;
    }
  }
  PBAY_FAILPOINT("session.after_set_aside");
  if (database == DatabaseFile::kInbound) {
    PATCHBAY_TRY(write_file(session, journal_name(database), {}));
  }
  const std::string fresh = ".new-" + name;
  PATCHBAY_TRY(session.remove_tree(fresh));
  PATCHBAY_TRY(write_file(
      session, fresh,
      database == DatabaseFile::kInbound ? replaced_inbound_template_ : outbound_template_));
  PATCHBAY_TRY(session.rename(fresh, session, name, Replace::kNever));
  PATCHBAY_TRY(session.sync());
  const std::string told =
      moved.empty() ? name + " was missing" : moved + " set aside with the ending " + suffix;
  return told + "; a new, empty " + name + " was made";
}

Result<std::string> SessionFolders::replace_journal(const ConfinedFolder& session,
                                                    base::WallTime now) const {
  const std::string name = journal_name(DatabaseFile::kInbound);
  const std::string suffix = free_suffix(session, DatabaseFile::kInbound, now);
  PATCHBAY_TRY(move_aside(session, name, suffix));
  PATCHBAY_TRY(write_file(session, name, {}));
  PATCHBAY_TRY(session.sync());
  return name + " set aside with the ending " + suffix + "; the database itself was kept";
}

std::string newest_inbound_set_aside(const ConfinedFolder& session) {
  const std::string prefix = std::string(file_name(DatabaseFile::kInbound)) + ".corrupt-";
  std::string newest;
  if (const auto listing = session.list(); listing.ok()) {
    for (const attachments::Entry& entry : listing->entries) {
      if (entry.name.starts_with(prefix)) {
        newest = std::max(newest, entry.name);
      }
    }
  }
  return newest;
}

}  // namespace patchbay::session
