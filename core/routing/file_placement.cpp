#include "routing/file_placement.hpp"

#include <memory>
#include <nlohmann/json.hpp>

#include "attachments/file_kind.hpp"
#include "attachments/inbox.hpp"
#include "attachments/mime_detector.hpp"
#include "attachments/names.hpp"
#include "attachments/staging.hpp"
#include "base/json.hpp"
#include "base/limits.hpp"
#include "routing/inbound_row.hpp"
#include "session/session_storage.hpp"

namespace patchbay::routing {
namespace {

using attachments::InboxFile;
using attachments::InboxTarget;
using nlohmann::json;

constexpr std::string_view kOverMessageLimit =
    "the files of this message are larger than one message may bring";

// A file of a message as an agent will be told of it.
struct Described {
  std::string type;
  std::string name;
  std::string mime;
  std::int64_t size = -1;
  std::string error;
  bool placed = false;  // goes into inbox/
};

json to_json(const Described& file) {
  json out{{"type", file.type}, {"name", file.name}, {"mimeType", file.mime}};
  if (file.size >= 0) {
    out["size"] = file.size;
  }
  if (!file.error.empty()) {
    out["error"] = file.error;
  }
  return out;
}

std::string attachments_json(const std::vector<Described>& files, const std::string& row_id,
                             const base::Status& status) {
  json out = json::array();
  for (const Described& file : files) {
    json& entry = out.emplace_back(to_json(file));
    if (!file.placed) {
      continue;
    }
    if (status.ok()) {
      entry["localPath"] = attachments::inbox_path(row_id, file.name);
    } else {
      entry["error"] = "it could not be stored: " + status.message();
    }
  }
  return json_text(out);
}

// Collects the files of one message: safe names, no two equal, the right types, within the limit.
class Collector {
 public:
  Collector(attachments::MimeDetector& mime, std::uint64_t message_bytes)
      : mime_(mime), message_bytes_(message_bytes) {}

  void add(const std::string& type, const std::string& name, const std::string& declared_mime,
           attachments::StagedFile file) {
    Described described;
    described.size = static_cast<std::int64_t>(file.size());
    described.mime = attachments::resolve_mime(mime_.detect(file.fd()), name, declared_mime);
    const auto kind = type.empty() ? attachments::kind_of_mime(described.mime)
                                   : attachments::parse_file_kind(type);
    described.type = attachments::to_string(kind);
    described.name = free_name(name, described.mime, kind);
    total_ += file.size();
    if (total_ > message_bytes_) {
      described.error = kOverMessageLimit;
    } else {
      described.placed = true;
      inbox_.push_back({std::move(file), described.name});
    }
    described_.push_back(std::move(described));
  }

  void add_error(const std::string& type, const std::string& name, const std::string& mime,
                 std::int64_t size, const std::string& error) {
    const auto kind = attachments::parse_file_kind(type);
    described_.push_back({std::string(attachments::to_string(kind)), free_name(name, mime, kind),
                          mime, size, error, false});
  }

  [[nodiscard]] const std::vector<Described>& described() const { return described_; }
  [[nodiscard]] std::vector<InboxFile> take_inbox() { return std::move(inbox_); }

 private:
  std::string free_name(const std::string& name, const std::string& mime,
                        attachments::FileKind kind) {
    std::string safe =
        attachments::unique_file_name(attachments::sanitise_file_name(name, mime, kind), names_);
    names_.push_back(safe);
    return safe;
  }

  attachments::MimeDetector& mime_;
  std::vector<Described> described_;
  std::vector<InboxFile> inbox_;
  std::vector<std::string> names_;
  const std::uint64_t message_bytes_;
  std::uint64_t total_ = 0;  // bytes
};

Collector collect(const FileTools& tools, const std::vector<InboundFile>& files) {
  Collector collector(*tools.mime, tools.message_bytes);
  for (const InboundFile& file : files) {
    if (file.staged.empty()) {
      const std::string error = file.error.empty() ? "it was not fetched" : file.error;
      collector.add_error(file.kind, file.name, file.mime, file.size, error);
      continue;
    }
    auto staged = tools.staging->reopen(file.staged);
    if (staged.ok()) {
      collector.add(file.kind, file.name, file.mime, std::move(staged).value());
    } else {
      collector.add_error(file.kind, file.name, file.mime, file.size,
                          "it is gone: " + staged.status().message());
    }
  }
  return collector;
}

using FolderResult = base::Result<std::shared_ptr<attachments::ConfinedFolder>>;

}  // namespace

bool is_trouble_of_disk(base::Code code) {
  return code == base::Code::kIo || code == base::Code::kBusy || code == base::Code::kUnavailable;
}

std::vector<Placement> place_files(const FileTools& tools, const std::vector<InboundFile>& files,
                                   std::span<const PlacementTarget> targets) {
  Collector collector = collect(tools, files);
  std::vector<InboxFile> inbox_files = collector.take_inbox();
  const bool something_to_place = !inbox_files.empty();
  std::vector<base::Status> statuses(targets.size());
  std::vector<std::shared_ptr<attachments::ConfinedFolder>> folders;
  std::vector<InboxTarget> inbox_targets;
  std::vector<std::size_t> target_of;  // for each of inbox_targets
  for (std::size_t index = 0; something_to_place && index < targets.size(); ++index) {
    FolderResult folder = tools.sessions->folder(targets[index].session);
    if (!folder.ok()) {
      statuses[index] = folder.status();
      continue;
    }
    folders.push_back(std::move(folder).value());
    inbox_targets.push_back({folders.back().get(), targets[index].row_id});
    target_of.push_back(index);
  }
  if (!inbox_targets.empty()) {
    auto placed = attachments::place_into_inboxes(inbox_targets, std::move(inbox_files));
    for (std::size_t index = 0; index < placed.size(); ++index) {
      statuses[target_of[index]] = std::move(placed[index]);
    }
  }
  std::vector<Placement> placements;
  placements.reserve(targets.size());
  for (std::size_t index = 0; index < targets.size(); ++index) {
    placements.push_back(
        {statuses[index],
         attachments_json(collector.described(), targets[index].row_id, statuses[index])});
  }
  return placements;
}

json describe_files(const std::vector<InboundFile>& files) {
  json out = json::array();
  std::vector<std::string> names;
  for (const InboundFile& file : files) {
    const auto kind = attachments::parse_file_kind(file.kind);
    names.push_back(attachments::unique_file_name(
        attachments::sanitise_file_name(file.name, file.mime, kind), names));
    json& entry = out.emplace_back(to_json({std::string(attachments::to_string(kind)), names.back(),
                                            file.mime, file.size, file.error, false}));
    if (file.error.empty()) {
      entry["pending"] = true;
    }
  }
  return out;
}

std::vector<InboundFile> copies_of_staged(const FileTools& tools,
                                          const std::vector<InboundFile>& files) {
  const auto copy = [&](const std::string& name) -> base::Result<std::string> {
    PATCHBAY_ASSIGN(attachments::StagedFile original, tools.staging->reopen(name));
    auto copied = tools.staging->from_file(original.fd(), original.size());
    // The original stays whatever became of the copy.
    PATCHBAY_TRY(std::move(original).keep());
    if (!copied.ok()) {
      return copied.status();
    }
    return std::move(*copied).keep();
  };
  std::vector<InboundFile> copies = files;
  for (InboundFile& file : copies) {
    if (file.staged.empty()) {
      continue;
    }
    auto copied = copy(file.staged);
    if (copied.ok()) {
      file.staged = std::move(copied).value();
    } else {
      file.staged.clear();
      file.error = "it could not be copied: " + copied.status().message();
    }
  }
  return copies;
}

void discard_files(const FileTools& tools, const std::vector<InboundFile>& files) {
  for (const InboundFile& file : files) {
    if (!file.staged.empty()) {
      // Owned and let go: that removes the file.
      static_cast<void>(tools.staging->reopen(file.staged).ok());
    }
  }
}

base::Result<std::string> store_inline_files(const FileTools& tools,
                                             const attachments::ConfinedFolder& session,
                                             std::string_view row_id, const std::string& content) {
  auto parsed = base::parse_json(content);
  if (!parsed.ok() || !parsed->is_object() || !parsed->contains("attachments") ||
      !(*parsed)["attachments"].is_array()) {
    return content;
  }
  const auto text_of = [](const json& entry, const char* key) {
    const auto found = entry.find(key);
    return found != entry.end() && found->is_string() ? found->get<std::string>() : std::string();
  };
  json& list = (*parsed)["attachments"];
  Collector collector(*tools.mime, tools.message_bytes);
  std::vector<std::size_t> entry_of;  // for each collected file
  for (std::size_t index = 0; index < list.size(); ++index) {
    json& entry = list[index];
    if (!entry.is_object() || !entry.contains("data")) {
      continue;
    }
    const std::string type = text_of(entry, "type");
    const std::string name = text_of(entry, "name");
    const std::string declared = text_of(entry, "mimeType");
    entry_of.push_back(index);
    if (!entry["data"].is_string()) {
      collector.add_error(type, name, declared, -1, "its data is no base64 text");
      continue;
    }
    auto staged = tools.staging->from_base64(entry["data"].get_ref<const std::string&>());
    entry["data"] = nullptr;  // the memory is needed for the next one
    if (staged.ok()) {
      collector.add(type, name, declared, std::move(staged).value());
    } else if (staged.status().code() == base::Code::kInvalidArgument ||
               staged.status().code() == base::Code::kTooLarge) {
      collector.add_error(type, name, declared, -1, staged.status().message());
    } else {
      return staged.status();
    }
  }
  if (entry_of.empty()) {
    return content;
  }
  std::vector<InboxFile> files = collector.take_inbox();
  if (!files.empty()) {
    PATCHBAY_TRY(attachments::move_into_inbox({&session, std::string(row_id)}, files));
  }
  for (std::size_t index = 0; index < entry_of.size(); ++index) {
    const Described& file = collector.described()[index];
    json& entry = list[entry_of[index]];
    entry.erase("data");
    entry.update(to_json(file));
    if (file.placed) {
      entry["localPath"] = attachments::inbox_path(row_id, file.name);
    }
  }
  return json_text(*parsed);
}

}  // namespace patchbay::routing
