// A row of messages_out (or of host_outbox) → what is to become visible. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "delivery/channel_port.hpp"

namespace patchbay::delivery {

enum class ContentKind : std::uint8_t {
  kMessage,
  kEdit,
  kReaction,
  kDelete,
  kQuestion,
  kSystemAction,  // for the host, not for a chat
  kNeverSent,     // task_log: kept in outbound.db, no delivery
  kUnusable,      // `problem` says why; the delivery fails with it
};

struct Content {
  ContentKind kind = ContentKind::kUnusable;
  std::string text;                // CommonMark
  std::vector<std::string> files;  // names as the agent declared them: hostile until spooled
  std::string target;              // edits, reactions, deletions: messageId as the agent wrote it
  std::string emoji;               // the character(s)
  bool removed = false;            // the reaction is to be taken away
  std::string question_id;
  std::string title;
  std::vector<Option> options;
  std::string action;      // system actions
  std::string request_id;  // system actions: what a waiting tool looks for; may be empty
  std::optional<std::uint64_t> timeout_ms;  // system actions: for how long the tool waits
  std::string problem;
};

// `kind` and `content` are the columns. Never fails: see kUnusable.
[[nodiscard]] Content parse_content(std::string_view kind, std::string_view content);

// The operation of a kind that goes to a chat.
[[nodiscard]] Operation operation_of(ContentKind kind);

// True for what people see as a message of its own, so that they may be told of its failure.
[[nodiscard]] bool is_visible_message(ContentKind kind);

// The text with one line for each file that could not be taken: "name: reason".
[[nodiscard]] std::string with_refused_files(std::string text,
                                             const std::vector<std::string>& refused);

}  // namespace patchbay::delivery
