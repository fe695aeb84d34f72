// The two ways in which patchbay-agent takes a turn.
#include <algorithm>
#include <cerrno>
#include <unistd.h>
#include <utility>

#include "agent_kit/agent_loop.hpp"
#include "agent_kit/command.hpp"
#include "agent_kit/unread_notices.hpp"
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

void add_line(std::string& text, const std::string& line) {
  text += text.empty() ? line : "\n" + line;
}

std::string lines_of(const std::vector<std::string>& lines) {
  std::string text;
  for (const std::string& line : lines) {
    add_line(text, line);
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

// Why a file that the command left cannot be sent; "" if it can.
std::string hindrance(const attachments::Entry& entry, const std::string& path) {
  if (entry.kind != attachments::EntryKind::kFile) {
    return "it is not a plain file";
  }
  return ::access(path.c_str(), R_OK) == 0
             ? std::string()
             : base::Status::from_errno(errno, "it cannot be read").message();
}

// Adds what the command left for sending, by name; what cannot be sent is named in the text.
void add_files_left_in(const std::string& path, TurnAnswer& answer) {
  const auto folder = attachments::ConfinedFolder::open(path);
  auto listing = folder.ok() ? folder->list() : Result<attachments::Listing>(folder.status());
  if (!listing.ok()) {
    base::log_warning("agent.files_not_read", {{"reason", listing.status().message()}});
    return;
  }
  std::sort(listing->entries.begin(), listing->entries.end(),
            [](const auto& a, const auto& b) { return a.name < b.name; });
  for (const attachments::Entry& entry : listing->entries) {
    if (answer.files.size() == limits::kFilesPerMessage) {
      add_line(answer.text, "[Only the first " + std::to_string(limits::kFilesPerMessage) + " of " +
                                std::to_string(listing->entries.size()) + " files are sent.]");
      return;
    }
    const std::string file = path + "/" + entry.name;
    if (const std::string reason = hindrance(entry, file); !reason.empty()) {
      add_line(answer.text, "[" + entry.name + " is not sent: " + reason + "]");
      continue;
    }
    answer.files.push_back(
        {.path = file, .name = entry.name, .source = OutgoingFile::Source::kMayBeMoved});
  }
}

std::string answer_text(const CommandResult& result) {
  std::string text = base::to_valid_utf8(result.output);
  text.resize(text.find_last_not_of(" \t\r\n") + 1);
  if (result.output_cut) {
    add_line(text, "[The answer was longer than " +
                       std::to_string(limits::kEventTextBytes / limits::kMiB) +
                       " MiB and is cut here.]");
  }
  return text;
}

TurnResult failed_turn(const Turn& turn, std::string text) {
  return {.acknowledgement = Acknowledgement::kFailed,
          .answers = {{.in_reply_to = turn.in_reply_to, .text = std::move(text), .files = {}}},
          .state = kept_notices(turn)};
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
      const std::string reason = attachment.error.empty() ? "" : ": " + attachment.error;
      add_line(answer.text, "[" + (attachment.name.empty() ? "a file" : attachment.name) +
                                " could not be had" + reason + "]");
    }
    result.answers.push_back(std::move(answer));
  }
  return result;
}

TurnResult CommandTaker::take(AgentSession& session, const Turn& due) {
  const Turn turn = with_unread_notices(session, due);
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
    return {.given_up = true, .answers = {}, .state = {}};
  }
  if (ran->exit_code != 0) {
    base::log_warning("agent.command_failed", {{"exit_code", ran->exit_code},
                                               {"row", turn.in_reply_to},
                                               {"last_error_line", ran->last_error_line}});
    return failed_turn(
        turn, "The agent's command failed with exit code " + std::to_string(ran->exit_code) +
                  (ran->last_error_line.empty() ? "." : ": " + ran->last_error_line));
  }
  TurnAnswer answer{.in_reply_to = turn.in_reply_to, .text = answer_text(*ran), .files = {}};
  add_files_left_in(*outbox_folder, answer);
  TurnResult result;
  result.answers.push_back(std::move(answer));
  result.state = no_kept_notices(turn);
  return result;
}

}  // namespace patchbay::agent_kit
