#include "base/json.hpp"

#include <nlohmann/json.hpp>

namespace patchbay::base {
namespace {

template <class Json>
Result<Json> parse_limited(std::string_view text, bool comments) {
  bool too_deep = false;
  // The depth is that of the value being entered; discarding it keeps the parser from building it.
  const auto limit_depth = [&too_deep](int depth, typename Json::parse_event_t event, Json&) {
    if (depth >= static_cast<int>(kMaxJsonDepth) &&
        (event == Json::parse_event_t::object_start || event == Json::parse_event_t::array_start)) {
      too_deep = true;
      return false;
    }
    return true;
  };
  try {
    Json value = Json::parse(text, limit_depth, true, comments);
    if (too_deep) {
      return Status(Code::kInvalidArgument, "JSON is nested deeper than 64 levels");
    }
    return value;
  } catch (const typename Json::exception& error) {  // also out_of_range, for "1e999"
    // "[json.exception.parse_error.101] parse error at line 1, column 2: …": from the second part.
    const std::string_view message = error.what();
    const std::size_t begin = message.find("] ");
    std::string what(begin == std::string_view::npos ? message : message.substr(begin + 2));
    if (what.find("unexpected ']'") != what.npos || what.find("unexpected '}'") != what.npos) {
      what += "; is there a comma too many before it?";
    }
    return Status(Code::kInvalidArgument, std::move(what));
  }
}

}  // namespace

Result<nlohmann::json> parse_json(std::string_view text) {
  return parse_limited<nlohmann::json>(text, false);
}

Result<nlohmann::ordered_json> parse_json_with_comments(std::string_view text) {
  return parse_limited<nlohmann::ordered_json>(text, true);
}

}  // namespace patchbay::base
