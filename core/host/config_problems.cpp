#include "host/config_problems.hpp"

namespace patchbay::host {

void ConfigProblems::add(const std::string& path, const std::string& message) {
  std::string place = source_;
  std::string known = path;
  while (!known.empty() && lines_.find(known) == lines_.end()) {
    const std::size_t dot = known.rfind('.');
    known.resize(dot == std::string::npos ? 0 : dot);
  }
  if (!known.empty()) {
    place += ":" + std::to_string(lines_.at(known));
  }
  add_line(place, path, message);
}

void ConfigProblems::add_at(int line, const std::string& path, const std::string& message) {
  add_line(source_ + ":" + std::to_string(line), path, message);
}

void ConfigProblems::add_line(const std::string& place, const std::string& path,
                              const std::string& message) {
  text_ += (text_.empty() ? "" : "\n") + place + ": " + path + ": " + message;
}

base::Status ConfigProblems::status() const {
  return text_.empty() ? base::Status() : base::Status(base::Code::kInvalidArgument, text_);
}

}  // namespace patchbay::host
