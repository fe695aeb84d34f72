// What is wrong with a configuration, gathered so that an operator sees all of it at once.
#pragma once

#include <map>
#include <string>

#include "base/status.hpp"

namespace patchbay::host {

// One line a problem, each with the place: "patchbay.json:12: agents.main.comand: unknown key; …".
class ConfigProblems {
 public:
  // `source`: what the places begin with. `lines`: where each key stands (config_lines.hpp).
  ConfigProblems(std::string source, std::map<std::string, int> lines)
      : source_(std::move(source)), lines_(std::move(lines)) {}

  // A key that is missing is reported where its object stands.
  void add(const std::string& path, const std::string& message);
  // For a key that stands in another line than `lines` say.
  void add_at(int line, const std::string& path, const std::string& message);

  // kInvalidArgument with all lines; ok when there are none.
  [[nodiscard]] base::Status status() const;

 private:
  void add_line(const std::string& place, const std::string& path, const std::string& message);

  std::string source_;
  std::map<std::string, int> lines_;
  std::string text_;
};

}  // namespace patchbay::host
