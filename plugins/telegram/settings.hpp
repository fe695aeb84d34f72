// What the configuration says about an instance.
#pragma once

#include <string>
#include <string_view>
#include <variant>

#include "telegram/bot_token.hpp"

namespace patchbay::telegram {

struct Settings {
  std::string instance;
  BotToken token;
  std::string api_base;  // no slash at its end
};

// Why the settings cannot be used: names the setting and the remedy, and never the token.
struct SettingsProblem {
  std::string text;
};

// config_json as create() gets it.
[[nodiscard]] std::variant<Settings, SettingsProblem> read_settings(std::string_view config_json);

}  // namespace patchbay::telegram
