#include "telegram/settings.hpp"

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>

#include "common/json_value.hpp"
#include "common/utf.hpp"

namespace patchbay::telegram {
namespace {

using common::string_of;
using nlohmann::json;

constexpr const char* kDefaultBase = "https://api.telegram.org";
constexpr std::array<std::string_view, 4> kKnown{"instance", "bot_token", "api_base", "mode"};

std::string check_names(const json& settings) {
  for (const auto& [name, value] : settings.items()) {
    if (std::find(kKnown.begin(), kKnown.end(), name) == kKnown.end()) {
      return "settings." + name + " is not known; the settings are bot_token, api_base and mode";
    }
    if (!value.is_string()) {
      return "settings." + name + " must be a text in quotes";
    }
  }
  return {};
}

std::string check_token(const json& settings) {
  const std::string token = string_of(settings, "bot_token");
  if (token.empty()) {
    return "settings.bot_token is missing: ask @BotFather for a bot (/newbot) and give its token, "
           "best as {\"env\": \"TELEGRAM_BOT_TOKEN\"}";
  }
  if (!looks_like_bot_token(token)) {
    return "settings.bot_token is not a bot token (digits, a colon, then letters): copy it from "
           "@BotFather again (/token)";
  }
  return {};
}

std::string check_base(const std::string& base) {
  const std::string_view rest = base.starts_with("https://")  ? std::string_view(base).substr(8)
                                : base.starts_with("http://") ? std::string_view(base).substr(7)
                                                              : std::string_view();
  if (rest.empty() || rest.find_first_of("?#@ \t\r\n") != std::string_view::npos) {
    return "settings.api_base must be an address such as https://api.telegram.org or "
           "http://localhost:8081, without user name or query";
  }
  return {};
}

std::string check_mode(const json& settings) {
  const std::string mode = string_of(settings, "mode");
  if (!mode.empty() && mode != "polling") {
    return "settings.mode must be \"polling\", the only mode that there is";
  }
  return {};
}

}  // namespace

std::variant<Settings, SettingsProblem> read_settings(std::string_view config_json) {
  const auto settings = common::parse_json(config_json);
  if (!settings || !settings->is_object()) {
    return SettingsProblem{"settings must be a JSON object with bot_token"};
  }
  std::string base = string_of(*settings, "api_base");
  if (!common::has(*settings, "api_base")) {
    base = kDefaultBase;
  }
  while (base.ends_with('/')) {
    base.pop_back();
  }
  for (std::string problem :
       {check_names(*settings), check_token(*settings), check_base(base), check_mode(*settings)}) {
    if (!problem.empty()) {
      return SettingsProblem{std::move(problem)};
    }
  }
  return Settings{string_of(*settings, "instance"), BotToken(string_of(*settings, "bot_token")),
                  std::move(base)};
}

}  // namespace patchbay::telegram
