#include "console/client/composer.hpp"

#include <cstdlib>
#include <utility>

namespace patchbay::console {
namespace {

constexpr const char* kBlanks = " \t\r\n";

std::string home() {
  const char* home = std::getenv("HOME");
  return home != nullptr ? home : "";
}

}  // namespace

std::optional<std::string> file_argument(std::string_view text, const std::string& home) {
  const std::size_t first = text.find_first_not_of(kBlanks);
  if (first == std::string_view::npos) {
    return std::nullopt;
  }
  text = text.substr(first, text.find_last_not_of(kBlanks) + 1 - first);
  if (text.size() >= 2 && (text.front() == '"' || text.front() == '\'') &&
      text.back() == text.front()) {
    text = text.substr(1, text.size() - 2);
    return text.empty() ? std::nullopt : std::optional<std::string>(text);
  }
  if (text.starts_with("~/") && !home.empty()) {
    return home + std::string(text.substr(1));
  }
  return std::string(text);
}

bool Composer::take(std::string line) {
  open_ = !line.empty() && line.back() == '\\';
  if (open_) {
    line.back() = '\n';
  }
  // A text without an end is refused when it ends, and takes no more room meanwhile.
  if (text_.size() <= kTextBytes) {
    text_ += line;
  }
  return open_ || take_whole(std::exchange(text_, {}));
}

void Composer::finish() {
  if (open_) {
    open_ = false;
    static_cast<void>(take_whole(std::exchange(text_, {})));
  }
}

bool Composer::take_whole(const std::string& text) {
  const std::string_view command =
      std::string_view(text).substr(0, text.find_last_not_of(kBlanks) + 1);
  if (command == "/quit") {
    return false;
  }
  if (command == "/help") {
    print_(kHelp);
  } else if (command == "/file" || command.starts_with("/file ")) {
    const auto path = file_argument(command.substr(5), home());
    if (!path) {
      print_("[/file needs a path: /file PATH]");
    }
    failed_ = !path || !session_.say_file(*path) || failed_;
  } else if (!command.empty()) {
    failed_ = !session_.say(text) || failed_;
  }
  return true;
}

}  // namespace patchbay::console
