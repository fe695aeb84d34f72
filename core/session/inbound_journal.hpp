// What may lie under the name of inbound.db's rollback journal, and what becomes of it. Blocks on
// the disk; all functions may be called from any thread.
#pragma once

#include <cstdint>
#include <string>

#include "attachments/confined_folder.hpp"
#include "base/status.hpp"

namespace patchbay::session {

// Whether a journal of inbound.db that is not empty may be one of ours: only until this process has
// closed the database properly; from then on somebody else wrote it.
enum class JournalTrust : std::uint8_t { kMayBeOurs, kForeign };

// Before inbound.db is opened: a journal that cannot be ours (by trust, or by its owner) is
// emptied, since rolling it back would rewrite the database.
[[nodiscard]] base::Status discard_foreign_journal(const attachments::ConfinedFolder& session,
                                                   JournalTrust trust);

// Why what bears the journal's name is no journal of ours and cannot be emptied either: a FIFO, a
// folder, a link, … Empty: it is in order. Without it the database is as it was closed, or else as
// if its journal had been deleted.
[[nodiscard]] std::string no_journal(const attachments::ConfinedFolder& session,
                                     JournalTrust trust);

// The host writes no super-journals: a name of one at the end of a journal was put there by an
// agent, so that the journal is not rolled back or another file is deleted. Cuts it off; what is
// left is rolled back like any other journal. True: there was one.
[[nodiscard]] base::Result<bool> cut_super_journal_off(const attachments::ConfinedFolder& session);

}  // namespace patchbay::session
