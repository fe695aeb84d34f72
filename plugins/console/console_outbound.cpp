// What agents say: a delivery is done when a terminal has shown it and saved its files. Until then
// it is the host's, which offers it again. The other terminals of the chat have a little longer, so
// that one that is stopped holds up nobody.
#include <algorithm>
#include <cerrno>
#include <cstring>
#include <nlohmann/json.hpp>
#include <unistd.h>
#include <utility>

#include "common/json_value.hpp"
#include "console/console_adapter.hpp"

namespace patchbay::console {

using common::integer_of;
using common::string_of;
using nlohmann::json;
using sdk::Task;

namespace {

const char* type_of(sdk::DeliveryKind kind) {
  switch (kind) {
    case sdk::DeliveryKind::kEdit:
      return "edit";
    case sdk::DeliveryKind::kDelete:
      return "delete";
    case sdk::DeliveryKind::kReaction:
      return "reaction";
    default:
      return "message";
  }
}

// All that is to be read. In the body: an agent's words can be longer than a line may be.
std::string words_of(const sdk::Delivery& delivery) {
  std::string words = delivery.kind == sdk::DeliveryKind::kReaction ? delivery.emoji : "";
  const auto add_line = [&words](const std::string& line) {
    words += (words.empty() || line.empty() ? "" : "\n") + line;
  };
  add_line(delivery.title);
  add_line(delivery.text);
  for (std::size_t i = 0; i < delivery.options.size() && words.size() < kAnswerBytes; ++i) {
    add_line("  " + std::to_string(i + 1) + ". " + delivery.options[i].label);
  }
  if (words.size() > kAnswerBytes) {
    words.resize(kAnswerBytes);
  }
  return words;
}

// The id makes a repetition harmless: perhaps it was shown just before the terminal went.
sdk::Result offline(std::string text) {
  sdk::Result result;
  result.code = PBAY_E_OFFLINE;
  result.text = std::move(text);
  return result;
}

std::string how_to_attach(const std::string& chat) { return "run: patchbay chat " + chat; }

}  // namespace

ConsoleAdapter::ShowingPtr ConsoleAdapter::show(const sdk::Delivery& delivery) {
  json frame = {{"type", type_of(delivery.kind)}, {"id", delivery.idempotency_key}};
  if (delivery.kind == sdk::DeliveryKind::kReaction) {
    frame["removed"] = delivery.reaction_removed;
  }
  if (!delivery.reply_to_id.empty()) {
    frame["replyTo"] = delivery.reply_to_id;
  }
  for (const sdk::OutboundFile& file : delivery.files) {
    frame["files"].push_back({{"name", file.name}, {"mime", file.mime}, {"size", file.size}});
  }
  const auto showing = std::make_shared<Showing>(
      runtime(), [this, id = delivery.idempotency_key] { out_of_patience(id); });
  showing->words = words_of(delivery);
  frame["size"] = showing->words.size();
  showing->frame = common::to_text(frame);
  showing->op = delivery.op;
  showing->chat = delivery.chat.id;
  showing->deadline_ms = delivery.deadline_ms;
  showing->files = delivery.files;
  for (const auto& [id, connection] : connections_) {
    if (connection->chat == showing->chat) {
      show_to(*showing, *connection);
    }
  }
  return showing;
}

void ConsoleAdapter::show_to(Showing& showing, Connection& connection) {
  send_text(connection, showing.frame, showing.words);
  if (!connection.over) {
    showing.terminals.insert(connection.id);
  }
}

void ConsoleAdapter::join(Connection& connection) {
  for (const auto& [message, showing] : showing_) {
    if (showing->chat == connection.chat && !showing->shown) {
      show_to(*showing, connection);
    }
  }
}

Task<sdk::Result> ConsoleAdapter::deliver(sdk::Delivery delivery) {
  const ShowingPtr showing = show(delivery);
  if (showing->terminals.empty()) {
    co_return sdk::Result::not_sent(PBAY_E_OFFLINE,
                                    "nobody is attached; " + how_to_attach(delivery.chat.id));
  }
  showing_[delivery.idempotency_key] = showing;
  be_patient(*showing);
  const sdk::Result outcome = co_await showing->outcome.next();
  showing_.erase(delivery.idempotency_key);
  if (!outcome.ok()) {
    co_return outcome;
  }
  std::vector<std::string> ids{delivery.idempotency_key};
  co_return sdk::Result::sent(std::move(ids));
}

void ConsoleAdapter::end_showing(const ShowingPtr& showing, sdk::Result result) {
  static_cast<void>(showing->outcome.push(std::move(result)));
}

bool ConsoleAdapter::is_awaited(const Showing& showing) const {
  return std::any_of(showing.terminals.begin(), showing.terminals.end(), [&](std::uint64_t id) {
    const auto found = connections_.find(id);
    return found != connections_.end() && (!showing.shown || !found->second->silent);
  });
}

void ConsoleAdapter::end_if_all_answered(const ShowingPtr& showing) {
  if (is_awaited(*showing)) {
    return;
  }
  if (showing->shown) {
    end_showing(showing, sdk::Result::sent());
    return;
  }
  if (showing->unsaved.empty()) {
    end_showing(showing, offline("nobody acknowledged it; " + how_to_attach(showing->chat)));
    return;
  }
  const std::string why = "its files could not be saved: " + showing->unsaved +
                          "; make room there, or " + how_to_attach(showing->chat) + " --save DIR";
  // Who cannot save the files does not show the words.
  end_showing(showing,
              showing->unheard ? offline(why) : sdk::Result::not_sent(PBAY_E_OFFLINE, why));
}

void ConsoleAdapter::be_patient(Showing& showing) const {
  if (showing.deadline_ms <= 0 && !showing.shown) {
    return;
  }
  std::int64_t patience_ms = kOthersMs;
  if (showing.deadline_ms > 0) {
    const std::int64_t left = showing.deadline_ms - clock.monotonic_ms() - kBeforeDeadlineMs;
    patience_ms = showing.shown ? std::min(patience_ms, left) : left;
  }
  showing.patience.set(patience_ms);
}

void ConsoleAdapter::out_of_patience(const std::string& message) {
  const auto found = showing_.find(message);
  if (found == showing_.end()) {
    return;
  }
  const ShowingPtr showing = found->second;
  for (const std::uint64_t id : std::exchange(showing->terminals, {})) {
    if (const auto terminal = connections_.find(id); terminal != connections_.end()) {
      terminal->second->silent = true;
    }
  }
  showing->unheard = true;
  end_if_all_answered(showing);
}

void ConsoleAdapter::acknowledged(const Connection& connection, const std::string& message) {
  const auto found = showing_.find(message);
  if (found == showing_.end()) {
    // The host gave up waiting for it, so it takes this chat for offline.
    chat_reachable(sdk::Chat(sdk::ChatKind::kDirect, connection.chat));
    return;
  }
  const ShowingPtr showing = found->second;
  if (showing->terminals.erase(connection.id) != 0) {
    if (!std::exchange(showing->shown, true)) {
      be_patient(*showing);
    }
    end_if_all_answered(showing);
  }
}

void ConsoleAdapter::unsaved(const Connection& connection, const std::string& message,
                             std::string reason) {
  const auto found = showing_.find(message);
  if (found == showing_.end()) {
    return;
  }
  const ShowingPtr showing = found->second;
  if (showing->terminals.erase(connection.id) != 0) {
    showing->unsaved = reason.empty() ? "no reason was given" : std::move(reason);
    end_if_all_answered(showing);
  }
}

void ConsoleAdapter::terminal_left(std::uint64_t terminal) {
  std::vector<ShowingPtr> left;
  for (const auto& [message, showing] : showing_) {
    if (showing->terminals.erase(terminal) != 0) {
      showing->unheard = true;
      left.push_back(showing);
    }
  }
  for (const ShowingPtr& showing : left) {
    end_if_all_answered(showing);
  }
}

void ConsoleAdapter::cancelled(pbay_op op) {
  const auto found = std::find_if(showing_.begin(), showing_.end(),
                                  [op](const auto& item) { return item.second->op == op; });
  if (found != showing_.end()) {
    const ShowingPtr showing = found->second;
    showing->unheard = showing->unheard || !showing->terminals.empty();
    showing->terminals.clear();
    end_if_all_answered(showing);
  }
}

void ConsoleAdapter::send_chunk(Connection& connection, const json& request) {
  const std::string message = string_of(request, "id");
  const std::int64_t index = integer_of(request, "file");
  const std::int64_t offset = std::max<std::int64_t>(0, integer_of(request, "offset"));
  const auto found = showing_.find(message);
  json answer = {{"type", "gone"}, {"id", message}, {"file", index}, {"reason", "no such file"}};
  if (found == showing_.end() || index < 0 ||
      static_cast<std::size_t>(index) >= found->second->files.size()) {
    send(connection, answer);
    return;
  }
  const ShowingPtr showing = found->second;
  if (showing->shown && showing->terminals.contains(connection.id)) {
    be_patient(*showing);
  }
  const sdk::OutboundFile& file = showing->files[static_cast<std::size_t>(index)];
  std::string bytes(kChunkBytes, '\0');
  const ssize_t size = ::pread(file.fd, bytes.data(), bytes.size(), static_cast<off_t>(offset));
  if (size < 0 || (size == 0 && offset < file.size)) {
    const std::string why = size < 0 ? std::strerror(errno) : "it is shorter than it was";
    answer["reason"] = "the host cannot read it: " + why;
    send(connection, answer);
    end_showing(showing, sdk::Result::not_sent(PBAY_E_PERMANENT,
                                               "the host cannot read " + file.name + ": " + why));
    return;
  }
  bytes.resize(static_cast<std::size_t>(size));
  send(connection,
       {{"type", "data"}, {"id", message}, {"file", index}, {"offset", offset}, {"size", size}},
       bytes);
}

void ConsoleAdapter::typing(const sdk::Chat& chat) {
  for (const auto& [id, connection] : connections_) {
    if (connection->chat == chat.id) {
      send(*connection, {{"type", "typing"}});
    }
  }
}

}  // namespace patchbay::console
