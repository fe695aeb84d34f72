// Tells the operator of chats that no wiring names: their messages are kept, up to a number, and
// reach nobody. Anybody can make chats up, so that neither log nor memory grows with them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <utility>

#include "base/clock.hpp"
#include "base/ids.hpp"

namespace patchbay::routing {

// All functions: [core thread].
class UnwiredChats {
 public:
  enum class Fate : std::uint8_t {
    kHeld,     // until a wiring names the chat
    kRefused,  // as many are held as are kept
  };

  static constexpr base::Milliseconds kQuiet = std::chrono::minutes(10);
  static constexpr std::size_t kNamed = 100;  // lines within kQuiet that name a chat

  // What became of a message. The first of a chat is logged, then one within kQuiet; of further
  // chats one line says that there are more.
  void tell(const base::InstanceName& instance, const base::ChatKey& chat, Fate fate,
            const base::AgentGroupId& default_agent, base::MonotonicTime now);
  // Other wirings: what they still leave out is told anew.
  void forget() { *this = {}; }

 private:
  using Told = std::pair<std::pair<base::InstanceName, base::ChatKey>, Fate>;
  [[nodiscard]] bool has_room(base::MonotonicTime now);

  std::map<Told, base::MonotonicTime> told_;
  std::optional<base::MonotonicTime> told_of_more_;
};

}  // namespace patchbay::routing
