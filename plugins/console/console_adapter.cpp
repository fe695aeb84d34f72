#include "console/console_adapter.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "common/json_value.hpp"
#include "console/message_event.hpp"

namespace patchbay::console {

using common::parse_json_or_null;
using common::string_of;
using nlohmann::json;
using sdk::Task;

sdk::Result ConsoleAdapter::configure(std::string_view settings_json) {
  const json settings = parse_json_or_null(settings_json);
  instance_ = string_of(settings, "instance");
  return {};
}

Task<> ConsoleAdapter::run() {
  const sdk::Completion listening = co_await listener_.listen(instance_);
  if (listening.code != PBAY_OK) {
    set_state(sdk::StateKind::kFailed, "cannot listen for terminals: " + listening.text,
              "see that the data folder is writable and its path is short");
    co_return;
  }
  set_state(sdk::StateKind::kOnline);
  while (true) {
    const sdk::ListenerEvent event = co_await listener_.next();
    on_event(event);
  }
}

void ConsoleAdapter::on_event(const sdk::ListenerEvent& event) {
  if (event.kind == sdk::ListenerEventKind::kAccepted) {
    connections_.emplace(event.connection, std::make_shared<Connection>(*this, event.connection));
    return;
  }
  const auto found = connections_.find(event.connection);
  if (found == connections_.end()) {
    return;
  }
  const ConnectionPtr connection = found->second;
  if (event.kind == sdk::ListenerEventKind::kData) {
    on_bytes(connection, event.data);
  } else if (event.kind == sdk::ListenerEventKind::kWritable) {
    connection->outbox.flush();
  } else if (event.kind == sdk::ListenerEventKind::kClosed) {
    connections_.erase(found);
    gone(connection);
  }
}

void ConsoleAdapter::gone(const ConnectionPtr& connection) {
  connection->over = true;
  connection->overdue.clear();
  if (connection->asked) {
    connection->asked.reset();
    static_cast<void>(connection->chunks.push(Frame()));
  }
  static_cast<void>(connection->messages.push(Frame()));
  terminal_left(connection->id);
}

void ConsoleAdapter::on_bytes(const ConnectionPtr& connection, std::string_view bytes) {
  if (connection->over) {
    return;
  }
  connection->reader.append(bytes);
  while (auto frame = connection->reader.next()) {
    on_frame(connection, *std::move(frame));
    if (connection->over) {
      return;
    }
  }
  if (!connection->reader.broken().empty()) {
    drop(*connection, connection->reader.broken());
  }
}

void ConsoleAdapter::on_frame(const ConnectionPtr& connection, Frame frame) {
  const json head = parse_json_or_null(frame.json);
  const std::string type = string_of(head, "type");
  connection->silent = false;
  if (type == "hello") {
    attach(connection, head);
  } else if (connection->chat.empty()) {
    drop(*connection, "the first frame must be hello");
  } else if (type == "message") {
    queue_message(*connection, std::move(frame));
  } else if (type == "data" || type == "gone") {
    take_chunk(*connection, head, std::move(frame));
  } else if (type == "ack") {
    acknowledged(*connection, string_of(head, "id"));
  } else if (type == "unsaved") {
    unsaved(*connection, string_of(head, "id"), string_of(head, "reason"));
  } else if (type == "ready") {
    chat_reachable(sdk::Chat(sdk::ChatKind::kDirect, connection->chat));
  } else if (type == "get") {
    send_chunk(*connection, head);
  } else {
    drop(*connection, "unknown type \"" + type.substr(0, kChatNameBytes) + "\"");
  }
}

void ConsoleAdapter::attach(const ConnectionPtr& connection, const json& hello) {
  const std::string chat = string_of(hello, "chat");
  if (!is_chat_name(chat) || !connection->chat.empty()) {
    drop(*connection, is_chat_name(chat) ? "a second hello" : kChatNameRule);
    return;
  }
  connection->chat = chat;
  send(*connection, {{"type", "welcome"}, {"chat", chat}});
  join(*connection);
  spawn("serve", serve(connection));
  // What was said while nobody was there comes now.
  chat_reachable(sdk::Chat(sdk::ChatKind::kDirect, chat));
}

void ConsoleAdapter::drop(Connection& connection, const std::string& why) {
  send(connection, {{"type", "error"}, {"message", why}});
  connection.over = true;
  listener_.hang_up(connection.id);
}

void ConsoleAdapter::hang_up(Connection& connection, const std::string& why) {
  log_warning("a terminal of " + connection.chat + " was hung up: " + why);
  connection.over = true;
  listener_.hang_up(connection.id);
}

void ConsoleAdapter::send(Connection& connection, const json& frame, std::string_view body) {
  send_text(connection, common::to_text(frame), body);
}

void ConsoleAdapter::send_text(Connection& connection, std::string_view frame,
                               std::string_view body) {
  if (!connection.over && !connection.outbox.send(frame, body)) {
    hang_up(connection, "it does not read");
  }
}

sdk::Capabilities ConsoleAdapter::capabilities(const sdk::Chat&) {
  sdk::Capabilities capabilities;
  capabilities.bits = PBAY_CAN_TEXT | PBAY_CAN_FILES | PBAY_CAN_EDIT | PBAY_CAN_DELETE |
                      PBAY_CAN_REACT | PBAY_CAN_TYPING | PBAY_CAN_IDEMPOTENT_SEND;
  capabilities.files_per_part = 100;
  return capabilities;
}

std::optional<std::vector<sdk::Event>> ConsoleAdapter::translate(std::string_view kind,
                                                                 std::string_view payload) {
  const json message = parse_json_or_null(payload);
  if (kind != "message" || !message.is_object()) {
    return std::nullopt;
  }
  std::optional<sdk::Event> event = message_event(
      string_of(message, "chat"), string_of(message, "id"), string_of(message, "text"));
  if (!event) {
    return std::nullopt;
  }
  return std::vector<sdk::Event>{*std::move(event)};
}

}  // namespace patchbay::console

PATCHBAY_ADAPTER(patchbay::console::ConsoleAdapter, "console", PATCHBAY_ADAPTER_VERSION,
                 PATCHBAY_ADAPTER_VENDOR)
