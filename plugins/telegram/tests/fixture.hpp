// The payloads in plugins/telegram/fixtures.
#pragma once

#include <fstream>
#include <sstream>
#include <string>

namespace patchbay::telegram {

// The text of fixtures/<name>.json; empty when there is none.
inline std::string fixture(const std::string& name) {
  std::ifstream file(std::string(TELEGRAM_FIXTURES "/") + name + ".json");
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

}  // namespace patchbay::telegram
