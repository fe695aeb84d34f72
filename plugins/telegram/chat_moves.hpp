// Groups that became supergroups: Telegram gives them a new id and refuses the old one.
#pragma once

#include <string>
#include <unordered_map>

#include <patchbay/sdk/adapter.hpp>

#include "telegram/update.hpp"

namespace patchbay::telegram {

class ChatMoves {
 public:
  explicit ChatMoves(sdk::Adapter& adapter) : adapter_(adapter) {}

  // The id that the chat has now. Asks the durable map once for each chat that can have moved;
  // while that cannot be read, it is the id that was given.
  [[nodiscard]] sdk::Task<std::string> current_id(std::string chat_id);
  // Keeps a move and tells the host; false when that is not durable. A known one changes nothing.
  [[nodiscard]] sdk::Task<bool> remember(Migration migration);

 private:
  sdk::Adapter& adapter_;
  std::unordered_map<std::string, std::string> known_;  // to itself: it has not moved
};

}  // namespace patchbay::telegram
