// Who the bot is.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>

namespace patchbay::telegram {

struct Identity {
  std::string id;        // empty until Telegram has told
  std::string username;  // lower case, without @
  std::string name;
  bool reads_all_group_messages = false;  // else privacy mode hides most of a group from the bot
};

// The result of getMe: https://core.telegram.org/bots/api#getme
[[nodiscard]] Identity read_identity(const nlohmann::json& user);

}  // namespace patchbay::telegram
