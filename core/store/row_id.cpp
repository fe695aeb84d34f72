#include "store/row_id.hpp"

#include "base/limits.hpp"
#include "base/sha256.hpp"
#include "base/text.hpp"

namespace patchbay::store {
namespace {

constexpr std::size_t kHashDigits = 32;
constexpr std::string_view kEditMark = ":edit:";
constexpr std::string_view kReactionMark = ":react:";
constexpr std::string_view kDeleteMark = ":del";

std::string shortened(const std::string& id) {
  if (id.size() <= limits::kRowIdBytes) {
    return id;
  }
  const auto prefix = base::utf8_prefix(id, limits::kRowIdBytes - kHashDigits - 1);
  return std::string(prefix) + "~" + base::sha256_hex(id, kHashDigits);
}

bool take_prefix(std::string_view& text, std::string_view prefix) {
  if (!text.starts_with(prefix)) {
    return false;
  }
  text.remove_prefix(prefix.size());
  return true;
}

bool take_suffix(std::string_view& text, std::string_view suffix) {
  if (!text.ends_with(suffix)) {
    return false;
  }
  text.remove_suffix(suffix.size());
  return true;
}

}  // namespace

std::string row_id(const RowIdParts& parts) {
  std::string id;
  if (parts.instance.str() != parts.channel.str()) {
    id = parts.instance.str() + "/";
  }
  id += parts.chat_id + ":" + parts.message_id;
  switch (parts.kind) {
    case RowIdKind::kMessage:
      break;
    case RowIdKind::kEdit:
      id += std::string(kEditMark) + parts.event_id;
      break;
    case RowIdKind::kReaction:
      id += std::string(kReactionMark) + parts.event_id;
      break;
    case RowIdKind::kDelete:
      id += kDeleteMark;
      break;
  }
  return shortened(base::to_valid_utf8(id + ":" + parts.agent.str()));
}

std::optional<std::string> message_id_of_row(std::string_view row_id,
                                             const base::InstanceName& instance,
                                             std::string_view chat_id,
                                             const base::AgentGroupId& agent) {
  std::string_view rest = row_id;
  take_prefix(rest, instance.str() + "/");
  if (!take_prefix(rest, std::string(chat_id) + ":") || !take_suffix(rest, ":" + agent.str())) {
    return std::nullopt;
  }
  // The marks of a row about a message; a message id that holds one itself is not known anywhere.
  for (const std::string_view mark : {kEditMark, kReactionMark}) {
    if (const auto position = rest.find(mark); position != std::string_view::npos) {
      rest = rest.substr(0, position);
    }
  }
  take_suffix(rest, kDeleteMark);
  if (rest.empty()) {
    return std::nullopt;
  }
  return std::string(rest);
}

}  // namespace patchbay::store
