// Finds the line of a key in the text of a configuration file, for messages.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace patchbay::host {

struct KeyPlaces {
  // Line numbers (from 1) by path: "instances.telegram.channel", "wirings[0].chats".
  std::map<std::string, int> lines;
  // Keys that stand in their object already, and the line where they do again: of two the parser
  // would silently keep the last.
  std::vector<std::pair<std::string, int>> repeated;
};

// `text` is valid JSON with comments; of malformed text only what stands before the fault is found.
[[nodiscard]] KeyPlaces key_places(std::string_view text);

}  // namespace patchbay::host
