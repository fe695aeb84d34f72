#include "host/status_text.hpp"

#include <nlohmann/json.hpp>

#include "base/limits.hpp"
#include "host/text_table.hpp"

namespace patchbay::host {
namespace {

using nlohmann::json;

// Below it the operator is warned: a file may have 100 MiB, and is held twice while it comes in.
constexpr std::uint64_t kDiskLow = 500ULL * 1024 * 1024;
constexpr std::size_t kChatsShown = 5;
constexpr std::size_t kStrangersShownInText = 5;

std::string disk_warning(const json& status) {
  const auto free = status.find("diskFree");
  if (free == status.end() || !free->is_number_unsigned() ||
      free->get<std::uint64_t>() >= kDiskLow) {
    return "";
  }
  const std::string left = std::to_string(free->get<std::uint64_t>() / (1024 * 1024));
  return "the disk of the data folder has " + left +
         " MiB left; make room: messages that find none stay with their platforms\n";
}

std::string agents_line(const json& agents) {
  std::string line = "agents: " + text_of(agents, "running") + " running, " +
                     text_of(agents, "queued") + " queued, " + text_of(agents, "limit") +
                     " at the most";
  if (const auto failing = agents.value("failing", std::uint64_t{0}); failing > 0) {
    line += "; " + std::to_string(failing) + " failing: `patchbay sessions` says why";
  }
  return line + "\n";
}

std::string instances_table(const json& instances) {
  TextTable table({"INSTANCE", "CHANNEL", "STATE", "IN", "OUT", "FAILED", "UNKNOWN", "WHY"});
  for (const json& instance : instances) {
    std::string why = text_of(instance, "reason");
    if (const std::string action = text_of(instance, "userAction"); !action.empty()) {
      why += why.empty() ? action : "; " + action;
    }
    table.add({text_of(instance, "name"), text_of(instance, "channel"), text_of(instance, "state"),
               text_of(instance, "received"), text_of(instance, "delivered"),
               text_of(instance, "failed"), text_of(instance, "unknown"), why});
  }
  return table.str();
}

std::string login_codes(const json& instances) {
  std::string lines;
  for (const json& instance : instances) {
    if (const std::string code = text_of(instance, "loginCode"); !code.empty()) {
      const bool is_qr = instance.value("loginCodeIsQr", false);
      lines += "\n" + text_of(instance, "name") +
               (is_qr ? ": make a QR code of this and scan it: " : ": log in with the code ") +
               printable(code);
    }
  }
  return lines;
}

std::string unknown_hint(const json& status) {
  const auto count = status.value("unknownDeliveries", std::int64_t{0});
  if (count == 0) {
    return "";
  }
  return "\n" +
         (count == 1 ? std::string("1 delivery has an outcome that nobody knows")
                     : std::to_string(count) + " deliveries have an outcome that nobody knows") +
         ": `patchbay deliveries unknown` lists them, `patchbay deliveries resolve ID "
         "delivered|failed|resend` settles one";
}

std::string fate_of(const json& of) {
  const std::string held = text_of(of, "held") + " held";
  const std::string refused = text_of(of, "refused");
  return refused == "0" ? held : held + ", " + refused + " refused and lost";
}

// What came in chats that no wiring names reaches no agent, which nobody sees otherwise.
std::string unwired_hint(const json& unwired) {
  const auto count = unwired.value("chatCount", std::size_t{0});
  if (count == 0) {
    return "";
  }
  const json chats = unwired.value("chats", json::array());
  std::string lines = "\nno wiring names " +
                      (count == 1 ? std::string("1 chat") : std::to_string(count) + " chats") +
                      " that wrote: " + fate_of(unwired) + " (" +
                      std::to_string(limits::kIntakeChatRows) + " of each are kept)";
  std::size_t shown = 0;
  for (const json& chat : chats) {
    if (shown == kChatsShown) {
      lines += "\n  and " + std::to_string(count - shown) + " more: `patchbay status --json`";
      break;
    }
    ++shown;
    lines += "\n  " + printable(text_of(chat, "chat")) + ": " + fate_of(chat);
  }
  return lines + "\n  name them in wirings, or set people.unknown_chats, then send the host SIGHUP";
}

// Who writes and gets no answer, with what belongs into the configuration.
std::string strangers_hint(const json& strangers) {
  if (strangers.empty()) {
    return "";
  }
  std::string lines =
      "\nrefused, since their chat's wiring has \"senders\": \"known\" and people.owners lacks "
      "them:";
  std::size_t shown = 0;
  for (const json& stranger : strangers) {
    if (shown == kStrangersShownInText) {
      lines +=
          "\n  and " + std::to_string(strangers.size() - shown) + " more: `patchbay status --json`";
      break;
    }
    ++shown;
    const std::string count = text_of(stranger, "refused");
    const std::string name = text_of(stranger, "name");
    lines +=
        "\n  " +
        printable("\"" + text_of(stranger, "instance") + ":" + text_of(stranger, "sender") + "\"" +
                  (name.empty() ? "" : " (" + name + ")") + " in " + text_of(stranger, "chat")) +
        ": " + count + (count == "1" ? " message" : " messages") + ", last " +
        text_of(stranger, "last");
  }
  return lines + "\n  add whom the agents shall hear to people.owners, then send the host SIGHUP";
}

}  // namespace

std::string status_text(const json& status) {
  const json instances = status.value("instances", json::array());
  std::string out = "patchbay " + text_of(status, "version") + ", process " +
                    text_of(status, "pid") + ", up " + text_of(status, "uptime") + "\ndata " +
                    text_of(status, "dataDir") + "\n" + disk_warning(status) +
                    agents_line(status.value("agents", json::object())) + "\n" +
                    instances_table(instances) + login_codes(instances) + unknown_hint(status) +
                    unwired_hint(status.value("unwired", json::object())) +
                    strangers_hint(status.value("strangers", json::array()));
  if (const std::string problem = text_of(status, "databaseProblem"); !problem.empty()) {
    out += "\nwhat waits is not known: " + printable(problem);
  }
  for (const json& plugin : status.value("plugins", json::array())) {
    if (const std::string problem = text_of(plugin, "problem"); !problem.empty()) {
      out += "\nnot loaded: " + problem;
    }
  }
  return out;
}

}  // namespace patchbay::host
