#include "delivery/emoji_names.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include "base/text.hpp"

namespace patchbay::delivery {
namespace {

using Entry = std::pair<std::string_view, std::string_view>;

// The names are those of Unicode's short names, of Slack
// and of GitHub, where agents know them from.
constexpr std::array kNames = std::to_array<Entry>({
    {"+1", "👍"},
    {"-1", "👎"},
    {"100", "💯"},
    {"alarm_clock", "⏰"},
    {"angry", "😠"},
    {"ballot_box_with_check", "☑️"},
    {"beers", "🍻"},
    {"bell", "🔔"},
    {"blush", "😊"},
    {"bookmark", "🔖"},
    {"books", "📚"},
    {"brain", "🧠"},
    {"broken_heart", "💔"},
    {"bug", "🐛"},
    {"bulb", "💡"},
    {"calendar", "📅"},
    {"check", "✅"},
    {"check_mark", "✔️"},
    {"check_mark_button", "✅"},
    {"clap", "👏"},
    {"clapping_hands", "👏"},
    {"clock", "🕐"},
    {"coffee", "☕"},
    {"confused", "😕"},
    {"construction", "🚧"},
    {"cross_mark", "❌"},
    {"cry", "😢"},
    {"crying_face", "😢"},
    {"disappointed", "😞"},
    {"exclamation", "❗"},
    {"eyes", "👀"},
    {"face_with_tears_of_joy", "😂"},
    {"fire", "🔥"},
    {"folded_hands", "🙏"},
    {"gear", "⚙️"},
    {"ghost", "👻"},
    {"gift", "🎁"},
    {"grin", "😁"},
    {"grinning", "😀"},
    {"hammer", "🔨"},
    {"handshake", "🤝"},
    {"hearts", "♥️"},
    {"heart", "❤️"},
    {"heart_eyes", "😍"},
    {"heavy_check_mark", "✔️"},
    {"hourglass", "⌛"},
    {"hourglass_flowing_sand", "⏳"},
    {"hugging_face", "🤗"},
    {"information_source", "ℹ️"},
    {"joy", "😂"},
    {"key", "🔑"},
    {"kiss", "😘"},
    {"laughing", "😆"},
    {"light_bulb", "💡"},
    {"lock", "🔒"},
    {"loudspeaker", "📢"},
    {"mag", "🔍"},
    {"mailbox", "📫"},
    {"memo", "📝"},
    {"mind_blown", "🤯"},
    {"moneybag", "💰"},
    {"muscle", "💪"},
    {"neutral_face", "😐"},
    {"no_entry", "⛔"},
    {"ok", "🆗"},
    {"ok_hand", "👌"},
    {"open_mouth", "😮"},
    {"package", "📦"},
    {"paperclip", "📎"},
    {"party", "🎉"},
    {"party_popper", "🎉"},
    {"partying_face", "🥳"},
    {"pencil", "✏️"},
    {"phone", "☎️"},
    {"point_down", "👇"},
    {"point_left", "👈"},
    {"point_right", "👉"},
    {"point_up", "☝️"},
    {"pray", "🙏"},
    {"pushpin", "📌"},
    {"question", "❓"},
    {"rage", "😡"},
    {"raised_hands", "🙌"},
    {"red_heart", "❤️"},
    {"robot", "🤖"},
    {"rocket", "🚀"},
    {"rolling_on_the_floor_laughing", "🤣"},
    {"rotating_light", "🚨"},
    {"sad", "😢"},
    {"salute", "🫡"},
    {"scream", "😱"},
    {"see_no_evil", "🙈"},
    {"shrug", "🤷"},
    {"shushing_face", "🤫"},
    {"skull", "💀"},
    {"sleeping", "😴"},
    {"slightly_smiling_face", "🙂"},
    {"smile", "😄"},
    {"smiley", "😃"},
    {"sob", "😭"},
    {"sparkles", "✨"},
    {"speech_balloon", "💬"},
    {"star", "⭐"},
    {"star_struck", "🤩"},
    {"stop_sign", "🛑"},
    {"stopwatch", "⏱️"},
    {"sunglasses", "😎"},
    {"sweat_smile", "😅"},
    {"tada", "🎉"},
    {"thinking", "🤔"},
    {"thinking_face", "🤔"},
    {"thumbs_down", "👎"},
    {"thumbs_up", "👍"},
    {"thumbsdown", "👎"},
    {"thumbsup", "👍"},
    {"trophy", "🏆"},
    {"unamused", "😒"},
    {"warning", "⚠️"},
    {"wave", "👋"},
    {"waving_hand", "👋"},
    {"white_check_mark", "✅"},
    {"wink", "😉"},
    {"worried", "😟"},
    {"wrench", "🔧"},
    {"x", "❌"},
    {"yum", "😋"},
    {"zap", "⚡"},
    {"zzz", "💤"},
});

constexpr bool less(const Entry& a, const Entry& b) { return a.first < b.first; }

}  // namespace

std::string emoji_of_name(std::string_view name) {
  std::string_view bare = base::trim(name);
  if (bare.size() > 2 && bare.front() == ':' && bare.back() == ':') {
    bare = bare.substr(1, bare.size() - 2);
  }
  std::string key = base::to_lower(bare);
  if (key != "-1") {
    std::replace(key.begin(), key.end(), '-', '_');
  }
  std::replace(key.begin(), key.end(), ' ', '_');
  static const auto sorted = [] {
    auto names = kNames;
    std::sort(names.begin(), names.end(), less);
    return names;
  }();
  const auto found = std::lower_bound(sorted.begin(), sorted.end(), Entry{key, {}}, less);
  if (found != sorted.end() && found->first == key) {
    return std::string(found->second);
  }
  return std::string(base::trim(name));
}

}  // namespace patchbay::delivery
