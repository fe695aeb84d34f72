// Files on their way out: <data>/spool/<spool id>/, for the host only, on the sessions' filesystem.
// On acceptance of an outbound row its outbox folder is moved here in one rename, after which the
// agent cannot change it by path.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "attachments/confined_folder.hpp"
#include "attachments/staging.hpp"
#include "base/limits.hpp"
#include "base/status.hpp"

namespace patchbay::attachments {

struct SpooledFile {
  std::string name;
  std::uint64_t size = 0;  // bytes; exactly so many are sent, or the part fails
};

struct RefusedFile {
  std::string name;    // as the agent declared it, made printable
  std::string reason;  // "outbox/7/a.txt is a symbolic link"
};

// What became of the files that a message declared: the message goes out with `files` and says what
// was refused.
struct SpooledFiles {
  std::vector<SpooledFile> files;  // in the order declared
  std::vector<RefusedFile> refused;
};

struct SpoolOptions {
  std::uint64_t file_bytes = limits::kFileBytes;
  std::uint64_t message_bytes = limits::kMessageFileBytes;
};

// [any thread] all of it; blocks on the disk. A spool id is any key that is unique to the delivery
// (folder_name_of_id() is applied to it).
class Spool {
 public:
  static base::Result<Spool> open(const std::string& path, SpoolOptions options = {});

  // Takes outbox/<row_id> of the session and looks at the files that the row declares. Repeating it
  // with the same spool id after a crash gives the same files. Everything that is wrong with the
  // agent's side (links, FIFOs, "../" names, a row id that is no folder name, nothing there) is a
  // refusal; a Status only says that the host's own disk failed, and to try again.
  [[nodiscard]] base::Result<SpooledFiles> take_outbox(const ConfinedFolder& session,
                                                       std::string_view row_id,
                                                       std::string_view spool_id,
                                                       std::span<const std::string> declared) const;
  // Puts a file of the host's own (gateway, agent to agent) under a safe file name.
  [[nodiscard]] base::Result<SpooledFile> put(std::string_view spool_id, std::string_view name,
                                              StagedFile file) const;

  // kCorrupt: it no longer has the size that was declared.
  [[nodiscard]] base::Result<OpenedFile> open_file(std::string_view spool_id,
                                                   const SpooledFile& file) const;

  // For who kept only its name: with the size that it has now.
  [[nodiscard]] base::Result<OpenedFile> open_file(std::string_view spool_id,
                                                   std::string_view name) const;

  // Best effort: what cannot be removed is logged and stays for remove_orphans().
  void remove(std::string_view spool_id) const;
  // Removes folders whose name (folder_name_of_id() of the spool id) is not known.
  [[nodiscard]] base::Result<std::size_t> remove_orphans(
      const std::function<bool(const std::string&)>& is_known) const;

 private:
  Spool(ConfinedFolder folder, SpoolOptions options);
  [[nodiscard]] base::Result<ConfinedFolder> taken_folder(const ConfinedFolder& session,
                                                          std::string_view row_id,
                                                          const std::string& folder_name) const;
  [[nodiscard]] base::Result<SpooledFile> inspect(const ConfinedFolder& folder,
                                                  const std::string& name,
                                                  std::uint64_t room) const;

  ConfinedFolder folder_;
  SpoolOptions options_;
};

}  // namespace patchbay::attachments
