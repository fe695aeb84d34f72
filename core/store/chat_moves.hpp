// Chats that have another name now: a group that became a supergroup, say.
#pragma once

#include <string>
#include <vector>

#include "base/ids.hpp"
#include "base/status.hpp"

namespace patchbay::store {

class Statements;

struct ChatMove {
  base::InstanceName instance;
  base::ChatKey from;
  base::ChatKey to;
};

class ChatMoveRepository {
 public:
  explicit ChatMoveRepository(Statements& statements) : statements_(statements) {}

  // Remembers the move and takes along what is kept by chat: the chat itself, which is
  // `platform_id` on the platform from now on, who takes part, destinations, the default chats of
  // sessions, and events that nobody's wiring has named yet. The ledger keeps the names that its
  // rows were accepted with. False: it was known, and nothing changed; so nothing moves in a
  // circle.
  base::Result<bool> add(const ChatMove& move, const std::string& platform_id);
  // What the chat is called now, then what it was called before. Never empty.
  base::Result<std::vector<base::ChatKey>> names_of(const base::InstanceName& instance,
                                                    const base::ChatKey& chat);
  // What it is called now.
  base::Result<base::ChatKey> current(const base::InstanceName& instance,
                                      const base::ChatKey& chat);
  // All of them, each to the name of now.
  base::Result<std::vector<ChatMove>> list();

 private:
  Statements& statements_;
};

}  // namespace patchbay::store
