#include "delivery/notice_texts.hpp"

#include <nlohmann/json.hpp>

#include "base/text.hpp"
#include "delivery/address.hpp"
#include "delivery/content.hpp"

namespace patchbay::delivery {
namespace {

constexpr std::size_t kExcerptBytes = 80;
constexpr std::size_t kRequestIdBytes = 128;  // longer ones are no part of a row's id

std::string dump(const nlohmann::json& value) {
  return value.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

std::string excerpt(const std::string& text) {
  const std::string valid = base::to_valid_utf8(text);
  const std::string_view prefix = base::utf8_prefix(valid, kExcerptBytes);
  return "\"" + std::string(prefix) + (prefix.size() < valid.size() ? "…\"" : "\"");
}

std::string what(const store::DeliveryRecord& record) {
  const Content content = parse_content(record.kind, record.content);
  std::string out;
  switch (content.kind) {
    case ContentKind::kEdit:
      out = "Your edit ";
      break;
    case ContentKind::kReaction:
      out = "Your reaction ";
      break;
    case ContentKind::kDelete:
      out = "Your deletion ";
      break;
    case ContentKind::kQuestion:
      out = "Your question ";
      break;
    default:
      out = "Your message ";
  }
  out += record.message_out_id;
  if (!content.text.empty()) {
    out += " (" + excerpt(content.text) + ")";
  }
  if (!is_host_lane(record.lane)) {
    out += " to " + record.lane.chat.str();
  }
  return out;
}

std::string sentence(const store::DeliveryRecord& record) {
  const bool certain = record.state == store::DeliveryState::kFailed;
  std::string out = what(record);
  out += certain ? " was not delivered: " : " may not have been delivered: ";
  out += record.reason.empty() ? "no reason is known" : record.reason;
  return record.evidence.empty() ? out + "." : out + " (" + record.evidence + ").";
}

}  // namespace

std::string agent_notice_text(const std::vector<store::DeliveryRecord>& failures,
                              std::size_t more) {
  std::string text;
  for (const store::DeliveryRecord& failure : failures) {
    text.append(text.empty() ? "" : "\n").append(sentence(failure));
  }
  if (more > 0) {
    text += "\nThe same is true of " + std::to_string(more) + " more of your messages.";
  }
  return text;
}

std::string agent_notice_content(const std::string& text) {
  return dump({{"text", text}, {"sender", "system"}, {"senderId", "system"}});
}

std::string user_notice_text(store::DeliveryState state, const std::string& reason) {
  const std::string why = reason.empty() ? std::string() : " (" + reason + ")";
  return state == store::DeliveryState::kFailed
             ? "⚠️ A message to you was not delivered" + why + "."
             : "⚠️ A message to you may not have been delivered" + why + ".";
}

std::string text_content(const std::string& text) { return dump({{"text", text}}); }

ActionAnswer action_error(const std::string& action, const std::string& request_id,
                          const std::string& reason, std::optional<std::uint64_t> timeout_ms) {
  ActionAnswer answer;
  nlohmann::json content;
  if (action == "cli_request") {
    const nlohmann::json frame = {
        {"id", request_id}, {"ok", false}, {"error", {{"code", "failed"}, {"message", reason}}}};
    answer.row_id = request_id.size() <= kRequestIdBytes ? "cli-resp-" + request_id : std::string();
    content = {{"type", "cli_response"}, {"requestId", request_id}, {"frame", frame}};
  } else {
    content = {{"type", "question_response"},
               {"questionId", request_id},
               {"selectedOption", "error"},
               {"status", "error"},
               {"result", reason}};
  }
  if (timeout_ms) {
    content["timeoutMs"] = *timeout_ms;
  }
  answer.content = dump(content);
  return answer;
}

}  // namespace patchbay::delivery
