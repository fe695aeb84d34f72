#include "protocol.hpp"

#include <nlohmann/json.hpp>
#include <stdexcept>
#include <utility>

namespace mychannel {

using nlohmann::json;
using namespace patchbay::sdk;

namespace {

constexpr std::size_t kIdBytes = 200;  // no host takes a chat with a longer one

std::string id_in(const json& object) {
  std::string id = object.at("id");
  if (id.empty() || id.size() > kIdBytes) {
    throw std::invalid_argument("an id is empty or too long");
  }
  return id;
}

InboundFile file_of(const json& given) {
  InboundFile file;
  file.reference = id_in(given);  // fetch() is asked for it, perhaps after a restart
  file.name = given.value("name", "");
  file.mime = given.value("mime", "");
  file.size = given.value("size", std::int64_t{-1});
  return file;
}

Event message_of(const json& message) {
  Event event;
  event.event_id = id_in(message);
  event.message_id = event.event_id;
  const json& chat = message.at("chat");
  event.chat = Chat(chat.value("group", false) ? ChatKind::kGroup : ChatKind::kDirect, id_in(chat));
  event.chat_name = chat.value("name", "");
  const json& from = message.at("from");
  event.sender = Sender(id_in(from), from.value("name", ""));
  event.text = message.value("text", "");
  event.mentions_me = message.value("mentions_me", false);
  event.timestamp_ms = message.value("time", std::int64_t{0}) * 1000;
  for (const json& file : message.value("files", json::array())) {
    event.files.push_back(file_of(file));
  }
  return event;
}

}  // namespace

std::optional<std::vector<Event>> events_of(std::string_view update) {
  try {
    const json parsed = json::parse(update);
    std::vector<Event> events;
    if (parsed.contains("message")) {
      events.push_back(message_of(parsed["message"]));
    }
    return events;
  } catch (const std::exception&) {  // of the parser, or ours
    return std::nullopt;
  }
}

std::string message_json(const std::string& chat, const std::string& text) {
  return json{{"chat", chat}, {"text", text}}.dump();
}

std::string id_of(std::string_view answer, std::string otherwise) {
  const json parsed = json::parse(answer, nullptr, false);
  const bool given = parsed.is_object() && parsed.contains("id") && parsed["id"].is_string();
  return given ? parsed["id"].get<std::string>() : std::move(otherwise);
}

}  // namespace mychannel
