#include "host/config_lines.hpp"

#include <set>

namespace patchbay::host {
namespace {

// A reader that knows only as much of JSON as positions need.
class LineScanner {
 public:
  explicit LineScanner(std::string_view text) : text_(text) {}

  KeyPlaces scan() {
    skip_space();
    value("");
    return std::move(places_);
  }

 private:
  [[nodiscard]] bool at_end() const { return at_ >= text_.size(); }
  [[nodiscard]] char peek() const { return at_end() ? '\0' : text_[at_]; }

  void advance() {
    if (peek() == '\n') {
      ++line_;
    }
    ++at_;
  }

  bool take(char expected) {
    if (peek() != expected) {
      return false;
    }
    advance();
    return true;
  }

  void skip_space() {
    while (!at_end()) {
      if (text_.substr(at_).starts_with("//")) {
        while (!at_end() && peek() != '\n') {
          advance();
        }
      } else if (text_.substr(at_).starts_with("/*")) {
        while (!at_end() && !text_.substr(at_).starts_with("*/")) {
          advance();
        }
        at_ += 2;
      } else if (std::string_view(" \t\r\n").find(peek()) != std::string_view::npos) {
        advance();
      } else {
        return;
      }
    }
  }

  // Keys with escapes keep them: such a key is unknown anyway.
  std::string string() {
    std::string result;
    take('"');
    while (!at_end() && peek() != '"') {
      if (peek() == '\\') {
        result += peek();
        advance();
      }
      if (!at_end()) {
        result += peek();
        advance();
      }
    }
    take('"');
    return result;
  }

  void value(const std::string& path) {
    if (peek() == '{') {
      object(path);
    } else if (peek() == '[') {
      array(path);
    } else if (peek() == '"') {
      string();
    } else {
      while (!at_end() && std::string_view(",]} \t\r\n/").find(peek()) == std::string_view::npos) {
        advance();
      }
    }
    skip_space();
  }

  void object(const std::string& path) {
    take('{');
    skip_space();
    std::set<std::string> names;
    while (peek() == '"') {
      const int line = line_;
      const std::string name = string();
      const std::string member = path.empty() ? name : path + "." + name;
      places_.lines.emplace(member, line);
      if (!names.insert(name).second) {
        places_.repeated.emplace_back(member, line);
      }
      skip_space();
      if (!take(':')) {
        return;
      }
      skip_space();
      value(member);
      take(',');
      skip_space();
    }
    take('}');
  }

  void array(const std::string& path) {
    take('[');
    skip_space();
    for (int index = 0; !at_end() && peek() != ']'; ++index) {
      const std::size_t before = at_;
      const std::string element = path + "[" + std::to_string(index) + "]";
      places_.lines.emplace(element, line_);
      value(element);
      take(',');
      skip_space();
      if (at_ == before) {
        return;
      }
    }
    take(']');
  }

  std::string_view text_;
  std::size_t at_ = 0;
  int line_ = 1;
  KeyPlaces places_;
};

}  // namespace

KeyPlaces key_places(std::string_view text) { return LineScanner(text).scan(); }

}  // namespace patchbay::host
