#include "common/emoji.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include "common/utf.hpp"

namespace patchbay::common {
namespace {

using Name = std::pair<std::string_view, std::string_view>;

// The names that agents use, after the short codes of Slack and GitHub.
constexpr auto kNames = std::to_array<Name>({
    {"thumbs_up", "👍"},
    {"thumbsup", "👍"},
    {"+1", "👍"},
    {"thumbs_down", "👎"},
    {"thumbsdown", "👎"},
    {"-1", "👎"},
    {"heart", "❤"},
    {"red_heart", "❤"},
    {"fire", "🔥"},
    {"clap", "👏"},
    {"clapping_hands", "👏"},
    {"grin", "😁"},
    {"thinking", "🤔"},
    {"thinking_face", "🤔"},
    {"exploding_head", "🤯"},
    {"scream", "😱"},
    {"cry", "😢"},
    {"tada", "🎉"},
    {"party_popper", "🎉"},
    {"star_struck", "🤩"},
    {"poop", "💩"},
    {"pray", "🙏"},
    {"folded_hands", "🙏"},
    {"ok_hand", "👌"},
    {"ok", "👌"},
    {"dove", "🕊"},
    {"clown", "🤡"},
    {"yawning_face", "🥱"},
    {"heart_eyes", "😍"},
    {"100", "💯"},
    {"hundred_points", "💯"},
    {"joy", "🤣"},
    {"rofl", "🤣"},
    {"zap", "⚡"},
    {"lightning", "⚡"},
    {"trophy", "🏆"},
    {"eyes", "👀"},
    {"handshake", "🤝"},
    {"salute", "🫡"},
    {"white_check_mark", "✅"},
    {"check", "✅"},
    {"x", "❌"},
    {"rocket", "🚀"},
    {"wave", "👋"},
});

}  // namespace

std::string emoji_of(std::string_view name_or_character) {
  std::string_view text = trim(name_or_character);
  if (text.size() > 2 && text.front() == ':' && text.back() == ':') {
    text = text.substr(1, text.size() - 2);
  }
  const std::string name = to_lower(text);
  const auto* const found = std::find_if(kNames.begin(), kNames.end(),
                                         [&](const Name& entry) { return entry.first == name; });
  return std::string(found == kNames.end() ? text : found->second);
}

}  // namespace patchbay::common
