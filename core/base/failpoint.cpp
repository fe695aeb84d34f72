#include "base/failpoint.hpp"

#if defined(PATCHBAY_FAILPOINTS)

#include <atomic>
#include <cstdlib>
#include <map>
#include <signal.h>
#include <string>

namespace patchbay::base {
namespace {

struct Setting {
  bool kill = false;
  long at = 0;  // the passage that is meant; 0: every one
  std::atomic<long> passages = 0;
};

using Settings = std::map<std::string, Setting, std::less<>>;

// "name=kill@3,name2=error": what is malformed stops the process, for a test that sets a failpoint
// which does not exist would pass without testing anything.
Settings parse_settings(std::string_view text) {
  Settings settings;
  while (!text.empty()) {
    const std::string_view item = text.substr(0, text.find(','));
    text.remove_prefix(std::min(text.size(), item.size() + 1));
    const std::size_t equals = item.find('=');
    if (equals == std::string_view::npos) {
      std::abort();
    }
    std::string_view action = item.substr(equals + 1);
    Setting& setting = settings[std::string(item.substr(0, equals))];
    const std::size_t at = action.find('@');
    if (at != std::string_view::npos) {
      const std::string passage(action.substr(at + 1));
      setting.at = std::strtol(passage.c_str(), nullptr, 10);
      if (setting.at < 1 || std::to_string(setting.at) != passage) {
        std::abort();
      }
      action = action.substr(0, at);
    }
    setting.kill = action == "kill";
    if (!setting.kill && action != "error") {
      std::abort();
    }
  }
  return settings;
}

Settings& settings() {
  static Settings instance = [] {
    const char* text = std::getenv("PATCHBAY_FAILPOINTS_SET");
    return parse_settings(text == nullptr ? "" : text);
  }();
  return instance;
}

}  // namespace

bool failpoint(std::string_view name) {
  Settings& all = settings();
  if (all.empty()) {
    return false;
  }
  const auto found = all.find(name);
  if (found == all.end()) {
    return false;
  }
  Setting& setting = found->second;
  const long passage = setting.passages.fetch_add(1) + 1;
  if (setting.at != 0 && passage != setting.at) {
    return false;
  }
  if (setting.kill) {
    ::raise(SIGKILL);
  }
  return true;
}

}  // namespace patchbay::base

#endif
