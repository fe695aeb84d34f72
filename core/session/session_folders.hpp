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

  // Moves what lies under the name of inbound.db's journal to <name>.corrupt-<time> and puts an
  // empty file there. What was done, for people.
  [[nodiscard]] base::Result<std::string> replace_journal(
      const attachments::ConfinedFolder& session, base::WallTime now) const;

 private:
  SessionFolders(attachments::ConfinedFolder root, std::string inbound, std::string replaced,
                 std::string outbound)
      : root_(std::move(root)),
        inbound_template_(std::move(inbound)),
        replaced_inbound_template_(std::move(replaced)),
        outbound_template_(std::move(outbound)) {}

  [[nodiscard]] base::Status fill(const attachments::ConfinedFolder& folder) const;
  attachments::ConfinedFolder root_;
  std::string inbound_template_;           // the bytes of a new database
  std::string replaced_inbound_template_;  // and of one in place of another: to be refilled
  std::string outbound_template_;
};

// The newest inbound.db.corrupt-… in the folder; empty: there is none.
[[nodiscard]] std::string newest_inbound_set_aside(const attachments::ConfinedFolder& session);

}  // namespace patchbay::session
