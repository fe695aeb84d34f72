// Columns for people. Control characters in cells are made visible: they come from strangers.
#pragma once

#include <string>
#include <vector>

namespace patchbay::host {

// The text with its control characters made visible.
[[nodiscard]] std::string printable(const std::string& text);

class TextTable {
 public:
  explicit TextTable(std::vector<std::string> heads) : rows_{std::move(heads)} {}
  void add(std::vector<std::string> cells) { rows_.push_back(std::move(cells)); }
  [[nodiscard]] std::string str() const;

 private:
  std::vector<std::vector<std::string>> rows_;  // the heads first; all of one size
};

}  // namespace patchbay::host
