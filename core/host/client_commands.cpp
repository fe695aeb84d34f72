#include "host/client_commands.hpp"

#include <cstdio>
#include <functional>
#include <nlohmann/json.hpp>
#include <vector>

#include "host/control_protocol.hpp"
#include "host/text_table.hpp"
#include "net/unix_stream.hpp"

namespace patchbay::host {
namespace {

using nlohmann::json;

constexpr base::Milliseconds kAnswerTimeout{15'000};
constexpr std::size_t kAnswerBytes = 64 * 1024 * 1024;

std::string text_of(const json& object, const char* key) {
  const auto found = object.find(key);
  if (found == object.end() || found->is_null()) {
    return "";
  }
  return found->is_string() ? found->get<std::string>() : found->dump();
}

// Below it the operator is warned: a file may have 100 MiB, and is held twice while it comes in.
constexpr std::uint64_t kDiskLow = 500ULL * 1024 * 1024;

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

std::string status_text(const json& status) {
  std::string out = "patchbay " + text_of(status, "version") + ", process " +
                    text_of(status, "pid") + ", up " + text_of(status, "uptime") + "\ndata " +
                    text_of(status, "dataDir") + "\n" + disk_warning(status);
  const json agents = status.value("agents", json::object());
  out += "agents: " + text_of(agents, "running") + " running, " + text_of(agents, "queued") +
         " queued, " + text_of(agents, "limit") + " at the most\n\n";
  TextTable table({"INSTANCE", "CHANNEL", "STATE", "IN", "OUT", "FAILED", "WHY"});
  for (const json& instance : status.value("instances", json::array())) {
    std::string why = text_of(instance, "reason");
    if (const std::string action = text_of(instance, "userAction"); !action.empty()) {
      why += why.empty() ? action : "; " + action;
    }
    table.add({text_of(instance, "name"), text_of(instance, "channel"), text_of(instance, "state"),
               text_of(instance, "received"), text_of(instance, "delivered"),
               text_of(instance, "failed"), why});
  }
  out += table.str();
  for (const json& instance : status.value("instances", json::array())) {
    if (const std::string code = text_of(instance, "loginCode"); !code.empty()) {
      const bool is_qr = instance.value("loginCodeIsQr", false);
      out += "\n" + text_of(instance, "name") +
             (is_qr ? ": make a QR code of this and scan it: " : ": log in with the code ") +
             printable(code);
    }
  }
  for (const json& plugin : status.value("plugins", json::array())) {
    if (const std::string problem = text_of(plugin, "problem"); !problem.empty()) {
      out += "\nnot loaded: " + problem;
    }
  }
  return out;
}

std::string sessions_text(const json& answer) {
  TextTable table({"SESSION", "ID", "AGENT", "STATE", "CHAT", "LAST ACTIVE"});
  for (const json& row : answer.value("sessions", json::array())) {
    table.add({text_of(row, "key"), text_of(row, "sessionId"), text_of(row, "agentId"),
               text_of(row, "containerStatus"), text_of(row, "chat"), text_of(row, "lastActive")});
  }
  return table.str();
}

std::string deliveries_text(const json& answer) {
  TextTable table({"ID", "STATE", "CHAT", "ATTEMPTS", "ACCEPTED", "TEXT", "REASON"});
  for (const json& row : answer.value("deliveries", json::array())) {
    table.add({text_of(row, "id"), text_of(row, "state"), text_of(row, "chat"),
               text_of(row, "attempts"), text_of(row, "acceptedAt"), text_of(row, "preview"),
               text_of(row, "reason")});
  }
  return table.str();
}

std::string resolved_text(const json& delivery) {
  const std::string state = text_of(delivery, "state");
  return "delivery " + text_of(delivery, "id") + " for " + printable(text_of(delivery, "chat")) +
         (state == "waiting" ? " is on its way again"
                             : " is " + state + " now, and its agent told");
}

void add_steps(const json& row, std::string& out) {
  for (const json& step : row.value("steps", json::array())) {
    out += "  " + printable(step.get<std::string>()) + "\n";
  }
}

// In the order of time: what came in, then what was answered.
std::string trace_text(const json& answer) {
  std::string out;
  for (const json& row : answer.value("events", json::array())) {
    const std::string message = text_of(row, "messageId");
    out += printable((message.empty() ? "event " + text_of(row, "eventId") : "message " + message) +
                     " in " + text_of(row, "chat")) +
           "\n";
    add_steps(row, out);
  }
  for (const json& row : answer.value("deliveries", json::array())) {
    out += printable("delivery " + text_of(row, "id") + " of row " + text_of(row, "rowId")) + "\n";
    add_steps(row, out);
  }
  out.pop_back();
  return out;
}

struct Command {
  const char* name;
  const char* method;
  std::string (*print)(const json& answer);
};

constexpr Command kCommands[] = {
    {"status", "status", status_text},
    {"sessions", "sessions.list", sessions_text},
    {"deliveries", "deliveries.list", deliveries_text},
    {"deliveries resolve", "deliveries.resolve", resolved_text},
    {"trace", "trace", trace_text},
};

int fail(int code, const std::string& message) {
  std::fprintf(stderr, "patchbay: %s\n", message.c_str());
  return code;
}

}  // namespace

std::string control_socket_path(const std::string& data_dir) {
  return data_dir + "/run/control.sock";
}

base::Result<json> call_host(const std::string& data_dir, const std::string& method,
                             const json& params) {
  auto stream = net::UnixStream::connect(control_socket_path(data_dir), kAnswerTimeout);
  if (!stream.ok()) {
    return base::Status(base::Code::kUnavailable,
                        "no host runs on " + data_dir +
                            "; start it with `patchbay`, or name its folder with --data");
  }
  PATCHBAY_TRY(stream->send(request_line("1", method, params), kAnswerTimeout));
  PATCHBAY_ASSIGN(const auto line, stream->read_line(kAnswerTimeout, kAnswerBytes));
  if (!line) {
    return base::Status(base::Code::kUnavailable, "the host ended before it answered");
  }
  return parse_response(*line);
}

int run_client_command(const CommandLine& line, const std::string& data_dir) {
  json params = json::object();
  if (line.command == "deliveries") {
    params["limit"] = line.limit;
    if (!line.arguments.empty()) {
      params["state"] = line.arguments.front();
    }
  } else if (line.command == "sessions") {
    params["limit"] = line.limit;
  } else if (line.command == "deliveries resolve") {
    params["id"] = parse_delivery_id(line.arguments.at(0)).value_or(0);
    params["as"] = line.arguments.at(1);
  } else if (line.command == "trace") {
    params["id"] = line.arguments.at(0);
  }
  for (const Command& command : kCommands) {
    if (line.command != command.name) {
      continue;
    }
    const auto answer = call_host(data_dir, command.method, params);
    if (!answer.ok()) {
      const bool not_running = answer.status().code() == base::Code::kUnavailable;
      return fail(not_running ? kExitNotRunning : kExitFailed, answer.status().message());
    }
    const std::string text = line.json ? answer->dump(2) : command.print(*answer);
    std::fprintf(stdout, "%s\n", text.c_str());
    return kExitDone;
  }
  return fail(kExitUsage, "unknown command \"" + line.command + "\"; `patchbay --help` lists all");
}

}  // namespace patchbay::host
