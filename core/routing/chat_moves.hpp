// Inside the router: chats that their platform gives another id. The conversation goes on as it
// was: in its sessions, and by the wirings that name the old id.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/executor.hpp"
#include "base/ids.hpp"
#include "base/lifetime.hpp"
#include "base/status.hpp"
#include "routing/compiled_routing.hpp"
#include "store/central_database.hpp"
#include "store/chat_moves.hpp"

namespace patchbay::routing {

struct ToldMove {
  store::ChatMove move;
  std::string platform_id;  // of the chat now
};

// From {"fact":"chat_moved","from":{"kind":"group","id":…},"to":{…}}, the kinds being those of chat
// keys. Nothing: it is another fact. kInvalidArgument: it names no two chats.
[[nodiscard]] base::Result<std::optional<ToldMove>> read_chat_move(
    const base::InstanceName& instance, const std::string& fact_json);

// All functions: [core thread].
class ChatMoves {
 public:
  ChatMoves(base::Loop& loop, store::CentralDatabase& database,
            std::shared_ptr<const CompiledRouting> routing)
      : loop_(loop), database_(database), routing_(std::move(routing)) {}

  // An adapter told a fact: a move holds for every event that is submitted after this call.
  void told(const base::InstanceName& instance, const std::string& fact_json);
  void set_routing(std::shared_ptr<const CompiledRouting> routing);
  // Warns of every wiring that matches a chat by a former name alone.
  void look_at_wirings();

 private:
  void keep(const ToldMove& told);
  void warn_of_wirings(const std::vector<store::ChatMove>& moves) const;

  base::Loop& loop_;
  store::CentralDatabase& database_;
  // Shared with events under way.
  std::shared_ptr<const CompiledRouting> routing_;
  base::Lifetime lifetime_;
};

}  // namespace patchbay::routing
