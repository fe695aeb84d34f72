#include "routing/strangers.hpp"

#include "base/log.hpp"

namespace patchbay::routing {
namespace {

std::string remedy(const InboundEvent& event) {
  if (event.sender.id.empty()) {
    return "the platform gave no id of the sender: only \"senders\": \"all\" on the wiring would "
           "let such messages through";
  }
  return "if the agent shall hear this person, add \"" + event.instance.str() + ":" +
         event.sender.id +
         "\" to people.owners in the configuration, then send the host SIGHUP. `patchbay status` "
         "counts what was refused";
}

}  // namespace

void Strangers::tell(const InboundEvent& event, base::MonotonicTime now) {
  switch (told_.about(event.instance.str() + " " + event.chat.str(), now)) {
    case SeldomTold::Say::kNothing:
      return;
    case SeldomTold::Say::kThis:
      base::log_warning("routing.stranger_refused",
                        {{"instance", event.instance.str()},
                         {"chat", event.chat.str()},
                         {"sender", event.sender.id},
                         {"name", event.sender.name},
                         {"what",
                          "the wiring of this chat hears known people only (\"senders\"), and this "
                          "is none of people.owners: the message is acknowledged to its platform "
                          "and reaches no agent"},
                         {"remedy", remedy(event)}});
      return;
    case SeldomTold::Say::kThatThereAreMore:
      base::log_warning("routing.strangers_refused",
                        {{"what", "strangers write in more chats than are named here"},
                         {"remedy", "`patchbay status --json` lists the most recent"}});
      return;
  }
}

}  // namespace patchbay::routing
