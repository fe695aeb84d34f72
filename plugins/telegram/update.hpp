// From one Update of Telegram to what it means here: https://core.telegram.org/bots/api#update
#pragma once

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <vector>

#include <patchbay/sdk/event.hpp>

#include "telegram/identity.hpp"

namespace patchbay::telegram {

// Always sent as a whole: Telegram keeps the last list of a token for ever, so that one poll
// without it would leave the bot deaf to what somebody's older program did not want.
[[nodiscard]] nlohmann::json allowed_updates();

// A group became a supergroup and has a new id.
struct Migration {
  std::string from;
  std::string to;
};

struct Meaning {
  std::int64_t update_id = 0;
  std::optional<sdk::Event>
      event;  // files by reference; an action's value is the raw callback_data
  std::optional<Migration> migration;
  std::string callback_query_id;  // to be answered, else the button spins
  bool reachable_again = false;   // the person unblocked the bot
};

// Nothing: it is no update. An update that means nothing to us has no event.
[[nodiscard]] std::optional<Meaning> read_update(const nlohmann::json& update, const Identity& me);

}  // namespace patchbay::telegram
