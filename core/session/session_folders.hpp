// The folders of all sessions: <data>/sessions/<agent>/<session>. Blocks on the disk; all functions
// may be called from any thread.
#pragma once

#include <cstdint>
#include <string>

#include "attachments/confined_folder.hpp"
#include "base/clock.hpp"
#include "base/status.hpp"
#include "session/confined_vfs.hpp"
#include "session/types.hpp"

namespace patchbay::session {

// Whether a journal of inbound.db that is not empty may be one of ours: only until this process has
// closed the database properly; from then on somebody else wrote it.
enum class JournalTrust : std::uint8_t { kMayBeOurs, kForeign };

class SessionFolders {
 public:
  static base::Result<SessionFolders> open(const std::string& path);

  // kNotFound: there is no such session.
  [[nodiscard]] base::Result<attachments::ConfinedFolder> open_session(
      const SessionAddress& session) const;
  // True: it was made now, durably; false: it was there.
  [[nodiscard]] base::Result<bool> create(const SessionAddress& session) const;

  // Moves a damaged or hostile database with its journal to <name>.corrupt-<time> and makes a new,
  // empty one. What was done, for people.
  [[nodiscard]] base::Result<std::string> replace_database(
      const attachments::ConfinedFolder& session, DatabaseFile database, base::WallTime now) const;

 private:
  SessionFolders(attachments::ConfinedFolder root, std::string inbound, std::string outbound)
      : root_(std::move(root)),
        inbound_template_(std::move(inbound)),
        outbound_template_(std::move(outbound)) {}

  [[nodiscard]] base::Status fill(const attachments::ConfinedFolder& folder) const;
  [[nodiscard]] const std::string& template_of(DatabaseFile database) const;

  attachments::ConfinedFolder root_;
  std::string inbound_template_;  // the bytes of a new database
  std::string outbound_template_;
};

// Before inbound.db is opened: a journal that cannot be ours (by trust, or by its owner) is
// emptied, since rolling it back would rewrite the database.
[[nodiscard]] base::Status discard_foreign_journal(const attachments::ConfinedFolder& session,
                                                   JournalTrust trust);

}  // namespace patchbay::session
