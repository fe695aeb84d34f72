// Columns for people. Control characters in cells are made visible: they come from strangers.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

namespace patchbay::host {

// The text on one line: control characters become visible, line breaks and tabs spaces.
[[nodiscard]] std::string printable(const std::string& text);

// The value of that key for a cell; empty: there is none, or null.
[[nodiscard]] std::string text_of(const nlohmann::json& object, const char* key);

class TextTable {
 public:
  explicit TextTable(std::vector<std::string> heads) : rows_{std::move(heads)} {}
  void add(std::vector<std::string> cells) { rows_.push_back(std::move(cells)); }
  [[nodiscard]] std::string str() const;

 private:
  std::vector<std::vector<std::string>> rows_;  // the heads first; all of one size
};

}  // namespace patchbay::host
