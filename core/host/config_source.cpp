#include "host/config_source.hpp"

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <string_view>
#include <sys/stat.h>

#include "base/json.hpp"
#include "base/text.hpp"
#include "base/text_file.hpp"

namespace patchbay::host {
namespace {

namespace fs = std::filesystem;
using base::Code;
using base::Result;
using base::Status;
using Json = nlohmann::ordered_json;

// With no file at all: a console and an echo agent; Telegram as well if there is a token for it.
constexpr std::string_view kEmbedded = R"({
  "instances": { "console": { "channel": "console" } },
  "agents": { "main": { "name": "Echo", "command": ["patchbay-agent", "--echo"] } },
  "wirings": [
    { "chats": "console:*", "agent": "main", "engage": "always" },
    { "chats": "telegram:dm:*", "agent": "main", "engage": "always" },
    { "chats": "telegram:*", "agent": "main", "engage": "mention" }
  ]
})";
constexpr const char* kTelegramToken = "TELEGRAM_BOT_TOKEN";

// --set a.b.c=value: the value is JSON if it can be, else a string.
void set_value(Json& config, const std::string& key, const std::string& text) {
  Json* at = &config;
  std::string_view rest = key;
  while (!rest.empty()) {
    const std::string name(rest.substr(0, rest.find('.')));
    rest.remove_prefix(std::min(rest.size(), name.size() + 1));
    if (!at->is_object()) {
      *at = Json::object();
    }
    at = &(*at)[name];
  }
  auto parsed = base::parse_json_with_comments(text);
  *at = parsed.ok() ? *std::move(parsed) : Json(text);
}

}  // namespace

std::string absolute_path(const std::string& base_dir, const std::string& path) {
  return (fs::path(base_dir) / path).lexically_normal().string();
}

Result<ConfigSource> read_config_source(const std::string& file) {
  if (file.empty()) {
    return ConfigSource{kEmbeddedDefaults, fs::current_path().string(), std::string(kEmbedded),
                        true};
  }
  struct stat info{};
  auto text = base::read_text_file(file);
  if (!text.ok() || ::stat(file.c_str(), &info) != 0) {
    const Status why = text.ok() ? Status::from_errno(errno, "cannot read " + file) : text.status();
    return Status(Code::kNotFound, "configuration: " + why.message() +
                                       "; give the path of a file that this user can read with"
                                       " --config");
  }
  if (text->find_first_not_of(" \t\r\n") == std::string::npos) {
    return Status(Code::kInvalidArgument,
                  file + " is empty; write {…} into it, or start without --config");
  }
  return ConfigSource{file, fs::absolute(file).parent_path().string(), *std::move(text),
                      (info.st_mode & 077) == 0};
}

Result<Json> parse_config(const ConfigSource& source, const ConfigOverrides& overrides) {
  auto config = base::parse_json_with_comments(source.text);
  if (!config.ok()) {
    return config.status().with_context(source.name);
  }
  if (!config->is_object()) {
    return Status(Code::kInvalidArgument, source.name + ": must be one object { … }");
  }
  // Compose files and .env templates set it to nothing where there is none.
  const char* token = std::getenv(kTelegramToken);
  if (overrides.file.empty() && token != nullptr && *token != '\0') {
    (*config)["instances"]["telegram"] = {{"channel", "telegram"},
                                          {"settings", {{"bot_token", {{"env", kTelegramToken}}}}}};
  }
  for (const auto& [key, value] : overrides.values) {
    if (!base::is_valid_utf8(key) || !base::is_valid_utf8(value)) {
      return Status(Code::kInvalidArgument,
                    "--set " + base::to_valid_utf8(key) + ": key and value must be text in UTF-8");
    }
    set_value(*config, key, value);
  }
  return config;
}

}  // namespace patchbay::host
