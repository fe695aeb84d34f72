// The two ways in which patchbay-agent takes a turn.
#include <algorithm>
#include <utility>

#include "agent_kit/agent_loop.hpp"
#include "agent_kit/command.hpp"
#include "attachments/confined_folder.hpp"
#include "base/limits.hpp"
#include "base/log.hpp"
#include "base/text.hpp"

namespace patchbay::agent_kit {
namespace {

using base::Result;

// Where the file is; "" (and a line in the log) when it cannot be had.
std::string path_of(const AgentSession& session, const Attachment& attachment) {
  if (attachment.local_path.empty()) {
    return {};
  }
  Result<std::string> path = session.attachment_path(attachment.local_path);
  if (!path.ok()) {
    base::log_warning("agent.no_attachment", {{"reason", path.status().message()}});
    return {};
  }
  return std::move(*path);
}

std::string lines_of(const std::vector<std::string>& lines) {
  std::string text;
  for (const std::string& line : lines) {
    text += text.empty() ? line : "\n" + line;
  }
  return text;
}

std::map<std::string, std::string> environment_of(const AgentSession& session, const Turn& turn,
                                                  const std::string& outbox_folder) {
  std::vector<std::string> paths;
  for (const InboundRow& row : turn.rows) {
    for (const Attachment& attachment : parse_content(row).attachments) {
      if (std::string path = path_of(session, attachment); !path.empty()) {
        paths.push_back(std::move(path));
      }
    }
  }
  const InboundRow& newest = turn.rows.back();
  const Content content = parse_content(newest);
  return {{"PATCHBAY_SESSION_DIR", session.folder()},
          {"PATCHBAY_ATTACHMENTS", lines_of(paths)},
          {"PATCHBAY_OUTBOX_DIR", outbox_folder},
          {"PATCHBAY_CHANNEL", turn.address.channel_type},
          {"PATCHBAY_CHAT", turn.address.platform_id},
          {"PATCHBAY_THREAD", turn.address.thread_id},
          {"PATCHBAY_KIND", newest.kind},
          {"PATCHBAY_MESSAGE_ID", newest.id},
          {"PATCHBAY_SENDER", std::string(base::utf8_prefix(content.sender, 1000))},
          {"PATCHBAY_SENDER_ID", std::string(base::utf8_prefix(content.sender_id, 1000))}};
}

// Plain files that the command left, by name; anything else is named in the log and stays unsent.
std::vector<OutgoingFile> files_left_in(const std::string& path) {
  std::vector<OutgoingFile> files;
  const auto folder = attachments::ConfinedFolder::open(path);
  const auto listing = folder.ok() ? folder->list(limits::kFilesPerMessage + 1)
                                   : Result<attachments::Listing>(folder.status());
  if (!listing.ok()) {
    base::log_warning("agent.files_not_read", {{"reason", listing.status().message()}});
    return files;
  }
  for (const attachments::Entry& entry : listing->entries) {
    if (entry.kind == attachments::EntryKind::kFile && files.size() < limits::kFilesPerMessage) {
      files.push_back({.path = path + "/" + entry.name,
                       .name = entry.name,
                       .source = OutgoingFile::Source::kMayBeMoved});
    } else {
      base::log_warning("agent.file_not_sent",
                        {{"file", entry.name}, {"reason", "no plain file, or over 100 of them"}});
    }
  }
  std::sort(files.begin(), files.end(),
            [](const OutgoingFile& a, const OutgoingFile& b) { return a.name < b.name; });
  return files;
}

std::string answer_text(const CommandResult& result) {
  std::string text = base::to_valid_utf8(result.output);
  text.resize(text.find_last_not_of(" \t\r\n") + 1);
  if (result.output_cut) {
    text += "\n[The answer was longer than " +
            std::to_string(limits::kEventTextBytes / limits::kMiB) + " MiB and is cut here.]";
  }
  return text;
}

TurnResult failed_turn(const Turn& turn, std::string text) {
  return {.acknowledgement = Acknowledgement::kFailed,
          .answers = {{.in_reply_to = turn.in_reply_to, .text = std::move(text), .files = {}}}};
}

}  // namespace

TurnResult EchoTaker::take(AgentSession& session, const Turn& turn) {
  TurnResult result;
  for (const InboundRow& row : turn.rows) {
    if (!row.trigger || is_notice(row)) {
      continue;
    }
    const Content content = parse_content(row);
    TurnAnswer answer{.in_reply_to = row.id, .text = content.text, .files = {}};
    for (const Attachment& attachment : content.attachments) {
      if (const std::string path = path_of(session, attachment); !path.empty()) {
        answer.files.push_back({.path = path, .name = attachment.name});
        continue;
      }
      answer.text += (answer.text.empty() ? "" : "\n") + std::string("[") +
                     (attachment.name.empty() ? "a file" : attachment.name) + " could not be had" +
                     (attachment.error.empty() ? "" : ": " + attachment.error) + "]";
    }
    result.answers.push_back(std::move(answer));
  }
  return result;
}

TurnResult CommandTaker::take(AgentSession& session, const Turn& turn) {
  const Result<std::string> outbox_folder = session.make_collecting_folder();
  if (!outbox_folder.ok()) {
    return failed_turn(turn,
                       "The agent has no place for its files: " + outbox_folder.status().message());
  }
  CommandRequest request;
  request.command = command_;
  request.input =
      make_prompt(turn, [&](const Attachment& attachment) { return path_of(session, attachment); });
  request.environment = environment_of(session, turn, *outbox_folder);
  request.output_limit = limits::kEventTextBytes;
  request.sign_of_life = [&session] { static_cast<void>(session.touch_heartbeat()); };
  request.stop_fd = stop_fd_;
  const Result<CommandResult> ran = run_command(request);
  if (!ran.ok()) {
    return failed_turn(turn, "The agent's command did not start: " + ran.status().message());
  }
  if (ran->stopped && ran->exit_code != 0) {
    return {.given_up = true, .answers = {}};
  }
  if (ran->exit_code != 0) {
    return failed_turn(
        turn, "The agent's command failed with exit code " + std::to_string(ran->exit_code) +
                  (ran->last_error_line.empty() ? "." : ": " + ran->last_error_line));
  }
  return {.answers = {{.in_reply_to = turn.in_reply_to,
                       .text = answer_text(*ran),
                       .files = files_left_in(*outbox_folder)}}};
}

}  // namespace patchbay::agent_kit
