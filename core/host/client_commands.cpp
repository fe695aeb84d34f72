#include "host/client_commands.hpp"

#include <cstdio>
#include <functional>
#include <nlohmann/json.hpp>
#include <vector>

#include "host/control_protocol.hpp"
#include "host/status_text.hpp"
#include "host/text_table.hpp"
#include "net/unix_stream.hpp"

namespace patchbay::host {
namespace {

using nlohmann::json;

constexpr base::Milliseconds kAnswerTimeout{15'000};
constexpr std::size_t kAnswerBytes = 64 * 1024 * 1024;

std::string failure_text(const json& failure) {
  if (failure.empty()) {
    return "";
  }
  const std::string times = text_of(failure, "inARow");
  return text_of(failure, "reason") + (times == "1" ? "" : ", " + times + " times in a row") +
         "; what it wrote: " + text_of(failure, "logFile");
}

std::string sessions_text(const json& answer) {
  TextTable table({"SESSION", "ID", "AGENT", "STATE", "CHAT", "LAST ACTIVE", "WHY"});
  for (const json& row : answer.value("sessions", json::array())) {
    table.add({text_of(row, "key"), text_of(row, "sessionId"), text_of(row, "agentId"),
               text_of(row, "containerStatus"), text_of(row, "chat"), text_of(row, "lastActive"),
               failure_text(row.value("failure", json::object()))});
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
  if (answer.value("more", false)) {
    out += answer.value("severalChats", false)
               ? "There is more of that id; --chat KEY asks for one chat alone\n"
               : "There is more of that id than one answer holds: this is the newest of it\n";
  }
  out.pop_back();
  return out;
}

struct Command {
  const char* name;
  const char* method;
  std::string (*print)(const json& answer);
  const char* rows = nullptr;  // of a list, which the host gives in pages
};

constexpr Command kCommands[] = {
    {"status", "status", status_text},
    {"sessions", "sessions.list", sessions_text, "sessions"},
    {"deliveries", "deliveries.list", deliveries_text, "deliveries"},
    {"deliveries resolve", "deliveries.resolve", resolved_text},
    {"trace", "trace", trace_text},
};

// All rows that were asked for.
base::Result<json> list_all(const std::string& data_dir, const Command& command, json params,
                            std::size_t limit) {
  json rows = json::array();
  while (true) {
    params["limit"] = limit - rows.size();
    PATCHBAY_ASSIGN(json answer, call_host(data_dir, command.method, params));
    json page = answer.value(command.rows, json::array());
    rows.insert(rows.end(), page.begin(), page.end());
    const bool goes_on = answer.contains("next") && !page.empty() && rows.size() < limit;
    if (!goes_on) {
      answer["count"] = rows.size();
      answer[command.rows] = std::move(rows);
      return answer;
    }
    params["before"] = answer["next"];
  }
}

int fail(int code, const std::string& message) {
  std::fprintf(stderr, "patchbay: %s\n", message.c_str());
  return code;
}

int exit_code_of(const base::Status& failure) {
  switch (failure.code()) {
    case base::Code::kUnavailable:
      return kExitNotRunning;
    case base::Code::kInvalidArgument:
      return kExitUsage;
    case base::Code::kRefused:
      return kExitRefused;
    default:
      return kExitFailed;
  }
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
    if (!line.arguments.empty()) {
      params["state"] = line.arguments.front();
    }
  } else if (line.command == "deliveries resolve") {
    params["id"] = parse_delivery_id(line.arguments.at(0)).value_or(0);
    params["as"] = line.arguments.at(1);
  } else if (line.command == "trace") {
    params["id"] = line.arguments.at(0);
    if (!line.chat.empty()) {
      params["chat"] = line.chat;
    }
  }
  for (const Command& command : kCommands) {
    if (line.command != command.name) {
      continue;
    }
    const auto answer = command.rows != nullptr ? list_all(data_dir, command, params, line.limit)
                                                : call_host(data_dir, command.method, params);
    if (!answer.ok()) {
      return fail(exit_code_of(answer.status()), answer.status().message());
    }
    const std::string text = line.json ? answer->dump(2) : command.print(*answer);
    std::fprintf(stdout, "%s\n", text.c_str());
    return kExitDone;
  }
  return fail(kExitUsage, "unknown command \"" + line.command + "\"; `patchbay --help` lists all");
}

}  // namespace patchbay::host
