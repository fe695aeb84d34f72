#include "routing/unwired_chats.hpp"

#include <string>

#include "base/limits.hpp"
#include "base/log.hpp"

namespace patchbay::routing {
namespace {

std::string what_became(UnwiredChats::Fate fate) {
  std::string what = "no wiring names this chat: ";
  what += fate == UnwiredChats::Fate::kHeld
              ? "its messages reach no agent and are kept until one does, up to "
              : "this message is acknowledged to its platform and lost, since there are kept ";
  what += std::to_string(limits::kIntakeChatRows);
  what += " of each such chat, and ";
  what += std::to_string(limits::kIntakeRows);
  return what + " of all";
}

std::string remedy(const base::ChatKey& chat, const base::AgentGroupId& agent) {
  return "add {\"chats\": \"" + chat.str() + "\", \"agent\": \"" + agent.str() +
         "\"} to wirings in the configuration, or set people.unknown_chats to default_agent or "
         "drop; then send the host SIGHUP. `patchbay status` counts what waits";
}

}  // namespace

void UnwiredChats::tell(const base::InstanceName& instance, const base::ChatKey& chat, Fate fate,
                        const base::AgentGroupId& default_agent, base::MonotonicTime now) {
  const char* const event =
      fate == Fate::kHeld ? "routing.unwired_chat_held" : "routing.unwired_chat_refused";
  switch (told_.about(event + (" " + instance.str()) + " " + chat.str(), now)) {
    case SeldomTold::Say::kNothing:
      return;
    case SeldomTold::Say::kThis:
      base::log_warning(event, {{"instance", instance.str()},
                                {"chat", chat.str()},
                                {"what", what_became(fate)},
                                {"remedy", remedy(chat, default_agent)}});
      return;
    case SeldomTold::Say::kThatThereAreMore:
      base::log_warning(
          "routing.unwired_chats",
          {{"what", "more chats that no wiring names write than are named here"},
           {"remedy",
            "`patchbay status --json` lists them; wirings[].chats may hold * for many, and "
            "people.unknown_chats says what becomes of all others"}});
      return;
  }
}

}  // namespace patchbay::routing
