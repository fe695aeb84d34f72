#include "console/console_adapter.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <unistd.h>

#include "common/json_value.hpp"

namespace patchbay::console {

using nlohmann::json;
using sdk::Task;

namespace {

constexpr std::size_t kChatNameBytes = 64;

using common::string_of;

// Sizes and offsets: nothing negative.
std::uint64_t number_of(const json& object, const char* key) {
  return static_cast<std::uint64_t>(std::max<std::int64_t>(0, common::integer_of(object, key)));
}

// Null for what is not JSON: its members are all empty.
json parse(std::string_view text) { return common::parse_json(text).value_or(json()); }

// A chat is a word, so that its key needs no quoting anywhere.
bool is_chat_name(const std::string& name) {
  return !name.empty() && name.size() <= kChatNameBytes &&
         std::all_of(name.begin(), name.end(), [](unsigned char c) {
           return c >= 0x80 || std::isalnum(c) != 0 || c == '.' || c == '_' || c == '-' || c == '@';
         });
}

std::optional<sdk::Event> message_event(const std::string& chat, const json& message) {
  sdk::Event event;
  event.message_id = string_of(message, "id");
  event.event_id = event.message_id;
  event.chat = sdk::Chat(sdk::ChatKind::kDirect, chat);
  event.chat_name = chat;
  event.sender = sdk::Sender(chat, chat);
  event.text = string_of(message, "text");
  event.mentions_me = true;
  if (event.message_id.empty() || !is_chat_name(chat)) {
    return std::nullopt;
  }
  return event;
}

std::vector<json> declared_files(const json& message) {
  const json& files = common::member(message, "files");
  return files.is_array() ? files.get<std::vector<json>>() : std::vector<json>();
}

const char* outcome_name(std::uint64_t value) {
  switch (value) {
    case PBAY_STORED:
      return "stored";
    case PBAY_DUPLICATE:
      return "duplicate";
    case PBAY_INTAKE:
      return "intake";
    case PBAY_REFUSED:
      return "refused";
    default:
      return "busy";
  }
}

}  // namespace

sdk::Result ConsoleAdapter::configure(std::string_view settings_json) {
  const json settings = parse(settings_json);
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
    connections_.emplace(event.connection, std::make_shared<Connection>(runtime()));
    return;
  }
  const auto found = connections_.find(event.connection);
  if (found == connections_.end()) {
    return;
  }
  const std::shared_ptr<Connection> connection = found->second;
  if (event.kind == sdk::ListenerEventKind::kData) {
    on_bytes(event.connection, *connection, event.data);
  } else if (event.kind == sdk::ListenerEventKind::kClosed) {
    connections_.erase(found);
    // An empty frame tells serve() that nothing follows.
    static_cast<void>(connection->frames.push(Frame()));
    give_up_if_empty(connection->chat);
  }
}

void ConsoleAdapter::on_bytes(std::uint64_t id, Connection& connection, std::string_view bytes) {
  connection.reader.append(bytes);
  while (auto frame = connection.reader.next()) {
    if (!on_frame(id, connection, *std::move(frame))) {
      return;
    }
  }
  if (!connection.reader.broken().empty()) {
    drop(id, connection.reader.broken());
  }
}

bool ConsoleAdapter::on_frame(std::uint64_t id, Connection& connection, Frame frame) {
  const json message = parse(frame.json);
  const std::string type = string_of(message, "type");
  if (type == "hello") {
    attach(id, connection, message);
  } else if (connection.chat.empty()) {
    drop(id, "the first frame must be hello");
    return false;
  } else if (type == "ack") {
    const auto shown = showing_.find(string_of(message, "id"));
    if (shown != showing_.end()) {
      end_showing(shown->second, Shown::kShown);
    }
  } else if (type == "get") {
    send_chunk(id, message);
  } else if (type == "message" || type == "data" || type == "gone") {
    if (!connection.frames.push(std::move(frame))) {
      drop(id, "too many messages wait");
      return false;
    }
  } else {
    drop(id, "unknown type \"" + type + "\"");
    return false;
  }
  return true;
}

void ConsoleAdapter::attach(std::uint64_t id, Connection& connection, const json& hello) {
  const std::string chat = string_of(hello, "chat");
  if (!is_chat_name(chat) || !connection.chat.empty()) {
    drop(id, "a chat's name has letters, digits and . _ - @ only, at most 64");
    return;
  }
  connection.chat = chat;
  send(id, {{"type", "welcome"}, {"chat", chat}});
  spawn("serve", serve(id, connections_.at(id)));
  // What was said while nobody was there comes now.
  chat_reachable(sdk::Chat(sdk::ChatKind::kDirect, chat));
}

void ConsoleAdapter::drop(std::uint64_t id, const std::string& why) {
  send(id, {{"type", "error"}, {"message", why}});
  listener_.hang_up(id);
}

bool ConsoleAdapter::send(std::uint64_t id, const json& frame) {
  return listener_.send(id, common::to_text(frame) + "\n") == PBAY_OK;
}

void ConsoleAdapter::send_chunk(std::uint64_t id, const json& request) {
  const std::string message = string_of(request, "id");
  const std::uint64_t index = number_of(request, "file");
  const auto shown = showing_.find(message);
  json answer = {{"type", "gone"}, {"id", message}, {"file", index}, {"reason", "no such file"}};
  if (shown == showing_.end() || index >= shown->second->files.size()) {
    send(id, answer);
    return;
  }
  const sdk::OutboundFile& file = shown->second->files[index];
  std::string bytes(kChunkBytes, '\0');
  const ssize_t size = ::pread(file.fd, bytes.data(), bytes.size(),
                               static_cast<off_t>(number_of(request, "offset")));
  if (size < 0) {
    answer["reason"] = "the file cannot be read";
    send(id, answer);
    return;
  }
  bytes.resize(static_cast<std::size_t>(size));
  const json head = {{"type", "data"}, {"id", message}, {"file", index}, {"size", bytes.size()}};
  if (listener_.send(id, head.dump() + "\n" + bytes) != PBAY_OK) {
    listener_.hang_up(id);  // it asked for more than it reads
  }
}

Task<> ConsoleAdapter::serve(std::uint64_t id, std::shared_ptr<Connection> connection) {
  while (true) {
    Frame frame = co_await connection->frames.next();
    if (frame.json.empty()) {
      co_return;
    }
    Task<> taken = take_message(id, connection, std::move(frame));
    co_await std::move(taken);
  }
}

Task<> ConsoleAdapter::take_message(std::uint64_t id, std::shared_ptr<Connection> connection,
                                    Frame frame) {
  const json message = parse(frame.json);
  std::optional<sdk::Event> event = message_event(connection->chat, message);
  if (!event || string_of(message, "type") != "message") {
    drop(id, "a message needs an id");
    co_return;
  }
  event->timestamp_ms = clock.wall_ms();
  const std::vector<json> files = declared_files(message);
  for (std::size_t i = 0; i < files.size(); ++i) {
    sdk::InboundFile file;
    file.name = string_of(files[i], "name");
    file.mime = string_of(files[i], "mime");
    file.size = static_cast<std::int64_t>(number_of(files[i], "size"));
    const std::uint64_t handle = staging.open(file.size);
    if (handle == 0) {
      file.error = "the file is larger than this host takes, or too many come at once";
    } else {
      Task<std::string> pulled = pull_file(id, connection, event->message_id, i, handle,
                                           static_cast<std::uint64_t>(file.size));
      file.error = co_await std::move(pulled);
    }
    if (file.error.empty()) {
      file.staging = handle;
    } else if (connections_.count(id) == 0) {
      staging.abort(handle);
      co_return;  // the terminal went away in the middle: it sends the message again
    } else {
      staging.abort(handle);
    }
    event->files.push_back(std::move(file));
  }
  const sdk::Submitted submitted = co_await submit(*event);
  send(id,
       {{"type", "stored"}, {"id", event->message_id}, {"outcome", outcome_name(submitted.value)}});
}

// Empty, or why the file could not be had.
Task<std::string> ConsoleAdapter::pull_file(std::uint64_t id,
                                            std::shared_ptr<Connection> connection,
                                            std::string message, std::size_t index,
                                            std::uint64_t handle, std::uint64_t size) {
  std::uint64_t offset = 0;
  while (offset < size) {
    send(id, {{"type", "get"}, {"id", message}, {"file", index}, {"offset", offset}});
    const Frame answer = co_await connection->frames.next();
    const json head = parse(answer.json);
    if (string_of(head, "type") != "data" || answer.data.empty()) {
      const std::string reason = string_of(head, "reason");
      co_return reason.empty() ? std::string("the sender stopped in the middle") : reason;
    }
    if (staging.write(handle, answer.data) != PBAY_OK) {
      co_return std::string("the file is larger than this host takes, or its disk is full");
    }
    offset += answer.data.size();
  }
  const sdk::Completion committed = co_await staging.commit(handle);
  if (committed.code != PBAY_OK) {
    co_return committed.text;
  }
  co_return std::string();
}

bool ConsoleAdapter::anybody_in(const std::string& chat) const {
  return std::any_of(connections_.begin(), connections_.end(),
                     [&](const auto& item) { return item.second->chat == chat; });
}

bool ConsoleAdapter::show(const std::string& chat, const json& frame) {
  bool shown = false;
  for (const auto& [id, connection] : connections_) {
    if (connection->chat == chat) {
      shown = send(id, frame) || shown;
    }
  }
  return shown;
}

// By value: what waits goes on inside the push, and may be gone after it.
void ConsoleAdapter::end_showing(std::shared_ptr<Showing> showing, Shown outcome) {
  static_cast<void>(showing->outcome.push(outcome));
}

void ConsoleAdapter::give_up_if_empty(const std::string& chat) {
  if (anybody_in(chat)) {
    return;
  }
  std::vector<std::shared_ptr<Showing>> waiting;
  for (const auto& [message, showing] : showing_) {
    if (showing->chat == chat) {
      waiting.push_back(showing);
    }
  }
  for (const std::shared_ptr<Showing>& showing : waiting) {
    end_showing(showing, Shown::kNobodyThere);
  }
}

Task<sdk::Result> ConsoleAdapter::deliver(sdk::Delivery delivery) {
  static constexpr const char* kNobody = "nobody is attached; run: patchbay chat ";
  const std::string& chat = delivery.chat.id;
  json frame = {{"type", "message"}, {"id", delivery.idempotency_key}, {"text", delivery.text}};
  if (delivery.kind == sdk::DeliveryKind::kEdit) {
    frame["type"] = "edit";
  } else if (delivery.kind == sdk::DeliveryKind::kDelete) {
    frame["type"] = "delete";
  } else if (delivery.kind == sdk::DeliveryKind::kReaction) {
    frame["type"] = "reaction";
    frame["emoji"] = delivery.emoji;
    frame["removed"] = delivery.reaction_removed;
  }
  if (!delivery.target_id.empty()) {
    frame["target"] = delivery.target_id;
  }
  if (!delivery.title.empty()) {
    frame["title"] = delivery.title;
  }
  for (const sdk::Option& option : delivery.options) {
    frame["options"].push_back(option.label);
  }
  for (const sdk::OutboundFile& file : delivery.files) {
    frame["files"].push_back({{"name", file.name}, {"mime", file.mime}, {"size", file.size}});
  }
  if (!show(chat, frame)) {
    co_return sdk::Result::not_sent(PBAY_E_OFFLINE, kNobody + chat);
  }
  const auto waiting = std::make_shared<Showing>(runtime());
  waiting->op = delivery.op;
  waiting->chat = chat;
  waiting->files = delivery.files;
  showing_[delivery.idempotency_key] = waiting;
  const Shown outcome = co_await waiting->outcome.next();
  showing_.erase(delivery.idempotency_key);
  if (outcome == Shown::kShown) {
    std::vector<std::string> ids{delivery.idempotency_key};
    co_return sdk::Result::sent(std::move(ids));
  }
  // It may have been shown just before the terminal went. The id makes a repetition harmless.
  sdk::Result offline;
  offline.code = PBAY_E_OFFLINE;
  offline.text = kNobody + chat;
  co_return offline;
}

void ConsoleAdapter::cancelled(pbay_op op) {
  for (const auto& [message, showing] : showing_) {
    if (showing->op == op) {
      end_showing(showing, Shown::kNobodyThere);
      return;
    }
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
  const json message = parse(payload);
  if (kind != "message" || !message.is_object()) {
    return std::nullopt;
  }
  std::optional<sdk::Event> event = message_event(string_of(message, "chat"), message);
  if (!event) {
    return std::nullopt;
  }
  return std::vector<sdk::Event>{*std::move(event)};
}

void ConsoleAdapter::typing(sdk::Chat chat) { show(chat.id, {{"type", "typing"}}); }

}  // namespace patchbay::console

PATCHBAY_ADAPTER(patchbay::console::ConsoleAdapter, "console", PATCHBAY_ADAPTER_VERSION,
                 PATCHBAY_ADAPTER_VENDOR)
