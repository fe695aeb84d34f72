#include "base/ids.hpp"

#include <algorithm>
#include <array>

namespace patchbay::base {
namespace {

constexpr std::string_view kLower = "abcdefghijklmnopqrstuvwxyz";
constexpr std::string_view kUpper = "ABCDEFGHIJKLMNOPQRSTUVWXYZ";
constexpr std::string_view kDigits = "0123456789";

bool contains(std::string_view set, char c) { return set.find(c) != std::string_view::npos; }

bool is_word(std::string_view text, std::size_t max_size, bool upper, std::string_view inner) {
  if (text.empty() || text.size() > max_size) {
    return false;
  }
  const auto alphanumeric = [upper](char c) {
    return contains(kLower, c) || contains(kDigits, c) || (upper && contains(kUpper, c));
  };
  return alphanumeric(text.front()) && std::all_of(text.begin(), text.end(), [&](char c) {
           return alphanumeric(c) || contains(inner, c);
         });
}

}  // namespace

bool is_instance_name(std::string_view text) {
  static constexpr std::array<std::string_view, 8> kReserved = {
      "agent", "gateway", "global", "unknown", "group", "channel", "dm", "direct"};
  return is_word(text, 32, false, "-") &&
         std::find(kReserved.begin(), kReserved.end(), text) == kReserved.end();
}

bool is_agent_group_id(std::string_view text) { return is_word(text, 64, false, "_-"); }

bool is_session_id(std::string_view text) { return is_word(text, 128, true, "._-"); }

}  // namespace patchbay::base
