// Brings the files of an event into the inbox of each session that gets it.
// All functions: [storage threads], they block on the disk.
#pragma once

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/limits.hpp"
#include "base/status.hpp"
#include "routing/inbound_event.hpp"
#include "session/types.hpp"

namespace patchbay::attachments {
class ConfinedFolder;
class MimeDetector;
class StagingArea;
}  // namespace patchbay::attachments
namespace patchbay::session {
class SessionStorage;
}

namespace patchbay::routing {

struct FileTools {
  session::SessionStorage* sessions = nullptr;
  attachments::StagingArea* staging = nullptr;
  attachments::MimeDetector* mime = nullptr;
  std::uint64_t message_bytes = limits::kMessageFileBytes;  // of all files of a message
  // In staging, beyond which files of chats that nobody knows yet are not kept: strangers must not
  // fill the disk.
  std::uint64_t held_bytes = 256 * limits::kMiB;
};

struct PlacementTarget {
  session::SessionAddress session;
  std::string row_id;
};

// Not ok: no file of the message is in that session's inbox; `attachments` names each with the
// error.
struct Placement {
  base::Status status;
  std::string attachments;  // JSON array, as in a row's content
};

// The disk's trouble, not that of the files or of one folder: it may pass.
[[nodiscard]] bool is_trouble_of_disk(base::Code code);

// The event's staged files are used up. A file that cannot be had or is over a limit stands in
// `attachments` with its error. One result a target.
[[nodiscard]] std::vector<Placement> place_files(const FileTools& tools,
                                                 const std::vector<InboundFile>& files,
                                                 std::span<const PlacementTarget> targets);

// What a row says of files that have not come yet, or that need no placing.
[[nodiscard]] nlohmann::json describe_files(const std::vector<InboundFile>& files);

// The same files, the staged ones as kept copies of their own; one that cannot be copied has an
// error.
[[nodiscard]] std::vector<InboundFile> copies_of_staged(const FileTools& tools,
                                                        const std::vector<InboundFile>& files);

// Removes what nobody will take out of staging again.
void discard_files(const FileTools& tools, const std::vector<InboundFile>& files);

// For content that carries its files as base64 (gateway, agent to agent, import): each
// attachments[].data becomes a file in inbox/ and a localPath, or an error; the result holds no
// data. Content that is no JSON object, or has no attachments array, comes back unchanged. Not ok:
// the files could not be stored.
[[nodiscard]] base::Result<std::string> store_inline_files(
    const FileTools& tools, const attachments::ConfinedFolder& session, std::string_view row_id,
    const std::string& content);

}  // namespace patchbay::routing
