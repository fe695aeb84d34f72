// Tells the operator of chats that no wiring names: their messages are kept, up to a number, and
// reach nobody. Anybody can make chats up, so that neither log nor memory grows with them.
#pragma once

#include <cstdint>

#include "base/clock.hpp"
#include "base/ids.hpp"
#include "routing/seldom_told.hpp"

namespace patchbay::routing {

// All functions: [core thread].
class UnwiredChats {
 public:
  enum class Fate : std::uint8_t {
    kHeld,     // until a wiring names the chat
    kRefused,  // as many are held as are kept
  };

  // What became of a message. The first of a chat is logged, then one within SeldomTold::kQuiet; of
  // further chats one line says that there are more.
  void tell(const base::InstanceName& instance, const base::ChatKey& chat, Fate fate,
            const base::AgentGroupId& default_agent, base::MonotonicTime now);
  // Other wirings: what they still leave out is told anew.
  void forget() { *this = {}; }

 private:
  SeldomTold told_;
};

}  // namespace patchbay::routing
