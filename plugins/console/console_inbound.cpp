// What people say: messages in order, their files pulled before they are submitted.
#include <nlohmann/json.hpp>

#include "common/json_value.hpp"
#include "console/console_adapter.hpp"
#include "console/message_event.hpp"

namespace patchbay::console {

using common::integer_of;
using common::parse_json_or_null;
using common::string_of;
using nlohmann::json;
using sdk::Completion;
using sdk::Task;

namespace {

std::vector<sdk::InboundFile> declared_files(const json& message) {
  std::vector<sdk::InboundFile> result;
  const json& files = common::member(message, "files");
  for (std::size_t i = 0; files.is_array() && i < files.size(); ++i) {
    sdk::InboundFile file;
    file.name = string_of(files[i], "name");
    file.mime = string_of(files[i], "mime");
    file.size = std::max<std::int64_t>(0, integer_of(files[i], "size"));
    result.push_back(std::move(file));
  }
  return result;
}

const char* outcome_name(std::uint64_t value) {
  switch (value) {
    case PBAY_DUPLICATE:
      return "duplicate";
    case PBAY_INTAKE:
      return "intake";
    default:
      return "stored";
  }
}

// Why a chunk is none, or nothing.
std::string problem_of(const Frame& chunk, std::uint64_t left) {
  const json head = parse_json_or_null(chunk.json);
  if (string_of(head, "type") != "data") {
    const std::string reason = string_of(head, "reason");
    return reason.empty() ? "its sender cannot read it" : reason;
  }
  if (chunk.body.empty()) {
    return "it became shorter while it was sent";
  }
  return chunk.body.size() > left ? "it is longer than was announced" : std::string();
}

}  // namespace

std::optional<sdk::Event> message_event(const std::string& chat, std::string id, std::string text) {
  if (id.empty() || !is_chat_name(chat)) {
    return std::nullopt;
  }
  sdk::Event event;
  event.event_id = id;
  event.message_id = std::move(id);
  event.chat = sdk::Chat(sdk::ChatKind::kDirect, chat);
  event.chat_name = chat;
  event.sender = sdk::Sender(chat, chat);
  event.text = std::move(text);
  event.mentions_me = true;
  return event;
}

void ConsoleAdapter::queue_message(Connection& connection, Frame frame) {
  const std::size_t bytes = frame.json.size() + frame.body.size();
  if (connection.waiting_messages == kWaitingMessages ||
      connection.waiting_bytes + bytes > kWaitingBytes) {
    drop(connection, "too many messages wait; send the next one when the last is stored");
    return;
  }
  ++connection.waiting_messages;
  connection.waiting_bytes += bytes;
  static_cast<void>(connection.messages.push(std::move(frame)));
}

// What was not asked for is of a message that was given up: let it pass.
void ConsoleAdapter::take_chunk(Connection& connection, const json& head, Frame frame) {
  const auto number = [&head](const char* key) {
    return static_cast<std::uint64_t>(integer_of(head, key));
  };
  if (!connection.asked || connection.asked->message != string_of(head, "id") ||
      connection.asked->file != number("file") ||
      (string_of(head, "type") == "data" && connection.asked->offset != number("offset"))) {
    return;
  }
  connection.asked.reset();
  connection.overdue.clear();
  static_cast<void>(connection.chunks.push(std::move(frame)));
}

// Stopped, perhaps, or gone without a word. What is staged of its files goes now: the instance has
// room for few, and others send, too.
void ConsoleAdapter::chunk_overdue(std::uint64_t terminal) {
  const auto found = connections_.find(terminal);
  if (found != connections_.end() && !found->second->over) {
    const ConnectionPtr connection = found->second;
    hang_up(*connection, "it announced a file and did not send what was asked for within " +
                             std::to_string(kChunkMs / 1000) + " s");
    gone(connection);
  }
}

Task<> ConsoleAdapter::serve(ConnectionPtr connection) {
  while (true) {
    Frame frame = co_await connection->messages.next();
    if (frame.json.empty()) {
      co_return;
    }
    --connection->waiting_messages;
    connection->waiting_bytes -= frame.json.size() + frame.body.size();
    Task<> taken = take_message(connection, std::move(frame));
    co_await std::move(taken);
  }
}

Task<> ConsoleAdapter::take_message(ConnectionPtr connection, Frame frame) {
  const json head = parse_json_or_null(frame.json);
  std::optional<sdk::Event> event =
      message_event(connection->chat, string_of(head, "id"), std::move(frame.body));
  if (!event) {
    drop(*connection, "a message needs an id");
    co_return;
  }
  event->timestamp_ms = clock.wall_ms();
  event->files = declared_files(head);
  sdk::Submitted taken;
  if (event->files.size() > kFilesPerMessage) {
    taken = sdk::Submitted(PBAY_E_TOO_LARGE, "it has " + std::to_string(event->files.size()) +
                                                 " files, a message at most " +
                                                 std::to_string(kFilesPerMessage) +
                                                 "; send the rest with another message");
  }
  for (std::size_t i = 0; i < event->files.size() && taken.ok(); ++i) {
    sdk::InboundFile& file = event->files[i];
    Task<Completion> pulled = pull_file(connection, event->message_id, i, file.size);
    const Completion had = co_await std::move(pulled);
    file.staging = had.value;
    if (!had.ok()) {
      taken = sdk::Submitted(had.code, file.name + ": " + had.text);
    }
  }
  if (taken.ok()) {
    taken = co_await submit(*event);
  } else {
    for (const sdk::InboundFile& file : event->files) {
      staging.abort(file.staging);
    }
  }
  // When the terminal has gone it sends the message again.
  answer(*connection, event->message_id, taken);
}

void ConsoleAdapter::answer(Connection& connection, const std::string& message,
                            const sdk::Submitted& submitted) {
  if (submitted.acknowledge() && submitted.value != PBAY_REFUSED) {
    send(connection,
         {{"type", "stored"}, {"id", message}, {"outcome", outcome_name(submitted.value)}});
    return;
  }
  const bool refused = submitted.ok() ? submitted.value == PBAY_REFUSED : submitted.hopeless();
  std::string reason = submitted.text;
  if (reason.empty()) {
    reason = refused ? "no agent may be reached from this chat; see wirings and access in the "
                       "configuration"
                     : "the host could not keep it";
  }
  send(connection, {{"type", refused ? "refused" : "busy"}, {"id", message}, {"reason", reason}});
}

Task<Completion> ConsoleAdapter::pull_file(ConnectionPtr connection, std::string message,
                                           std::size_t index, std::int64_t size) {
  const std::uint64_t handle = staging.open(size);
  if (handle == 0) {
    co_return why_no_staging();
  }
  Task<Completion> pulled = pull_into(handle, std::move(connection), std::move(message), index,
                                      static_cast<std::uint64_t>(size));
  Completion result = co_await std::move(pulled);
  if (result.ok()) {
    result.value = handle;
  } else {
    staging.abort(handle);
    result.value = 0;
  }
  co_return result;
}

// The host does not say: one of unknown size is refused only for want of room.
Completion ConsoleAdapter::why_no_staging() const {
  const std::uint64_t handle = staging.open(-1);
  if (handle == 0) {
    return {PBAY_E_BUSY, "too many files come at once, or the host's disk is full"};
  }
  staging.abort(handle);
  return {PBAY_E_TOO_LARGE, "it is larger than this host takes"};
}

Task<Completion> ConsoleAdapter::pull_into(std::uint64_t handle, ConnectionPtr connection,
                                           std::string message, std::size_t index,
                                           std::uint64_t size) {
  std::uint64_t offset = 0;
  while (offset < size) {
    if (connection->over) {
      co_return Completion(PBAY_E_CANCELLED, "its terminal has gone");
    }
    connection->asked = Asked{};
    connection->asked->message = message;
    connection->asked->file = index;
    connection->asked->offset = offset;
    connection->overdue.set(kChunkMs);
    send(*connection, {{"type", "get"}, {"id", message}, {"file", index}, {"offset", offset}});
    const Frame chunk = co_await connection->chunks.next();
    const std::string problem = problem_of(chunk, size - offset);
    if (!problem.empty()) {
      co_return Completion(PBAY_E_INVALID, problem);
    }
    const std::int32_t written = staging.write(handle, chunk.body);
    if (written != PBAY_OK) {
      co_return Completion(written, written == PBAY_E_TOO_LARGE
                                        ? "it is larger than this host takes"
                                        : "the host's disk does not take it");
    }
    offset += chunk.body.size();
  }
  Completion committed = co_await staging.commit(handle);
  co_return committed;
}

}  // namespace patchbay::console
