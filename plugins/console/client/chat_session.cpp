#include "console/client/chat_session.hpp"

#include <filesystem>
#include <nlohmann/json.hpp>

#include "common/json_value.hpp"
#include "console/client/shown_text.hpp"

namespace patchbay::console {
namespace {

using common::integer_of;
using common::string_of;
using nlohmann::json;

constexpr milliseconds kReconnect{500};
constexpr milliseconds kFirstAgain{250};
constexpr milliseconds kLongestAgain{10'000};
constexpr std::size_t kFullMessages = 1000;
constexpr std::size_t kFullBytes = 8 * kTextBytes;

}  // namespace

ChatSession::ChatSession(const ChatOptions& options, std::function<void(const std::string&)> print)
    : options_(options),
      print_(std::move(print)),
      receiver_(options_, socket_, print_,
                [this](const std::string& reply_to) { was_shown(reply_to); }),
      reconnect_(kReconnect, kReconnect),
      again_(kFirstAgain, kLongestAgain) {}

// ---- the connection ----

bool ChatSession::begin() { return connect(); }

bool ChatSession::connect() {
  if (!socket_.connect(options_.socket)) {
    return false;
  }
  link_ = Link::kGreeting;
  socket_.send({{"type", "hello"}, {"chat", options_.chat}});
  return true;
}

void ChatSession::connection_lost() {
  link_ = Link::kDown;
  if (under_way_) {
    answers_.host_has(unsent_.front().id);  // perhaps: its answer may come before we are told
  }
  under_way_ = false;
  again_.reset();
  receiver_.forget();
  reconnect_.begin();
  if (!lost_ && ended_.empty()) {
    lost_ = true;
    print_("[connection lost, trying again]");
  }
}

milliseconds ChatSession::pause_left(milliseconds longest) const {
  return link_ == Link::kDown ? reconnect_.left(longest)
                              : again_.left(receiver_.pause_left(longest));
}

void ChatSession::serve() {
  if (link_ == Link::kDown && ended_.empty() && reconnect_.is_due() && !connect()) {
    reconnect_.begin();
  }
  if (link_ == Link::kDown || !ended_.empty()) {
    return;
  }
  socket_.flush();
  if (socket_.fd() >= 0) {
    socket_.receive();
  }
  while (auto frame = socket_.next()) {
    ++progress_;
    handle(*frame);
  }
  if (!socket_.broken().empty()) {
    ended_ = "the host sent what this program does not understand (" + socket_.broken() +
             "); use the patchbay of the same version";
    socket_.close();
  }
  if (socket_.fd() < 0) {
    connection_lost();
    return;
  }
  receiver_.offer_again_if_due();
  if (again_.is_due()) {
    again_.end();
    send_next();
  }
}

void ChatSession::handle(const Frame& frame) {
  const json head = common::parse_json_or_null(frame.json);
  const std::string type = string_of(head, "type");
  if (type == "welcome") {
    welcome();
  } else if (type == "stored") {
    stored(head);
  } else if (type == "refused" && is_front(head)) {
    refused(string_of(head, "reason"));
  } else if (type == "busy" && is_front(head)) {
    busy(string_of(head, "reason"));
  } else if (type == "get") {
    answer_get(head);
  } else if (type == "data") {
    receiver_.data(head, frame.body);
  } else if (type == "gone") {
    receiver_.gone(head);
  } else if (type == "error") {
    ended_ = printable(string_of(head, "message"));
    socket_.close();
  } else if (type == "message" || type == "edit" || type == "delete" || type == "reaction") {
    receiver_.message(head, frame.body);
  }
}

void ChatSession::welcome() {
  link_ = Link::kAttached;
  last_event_ = Clock::now();
  if (lost_) {
    lost_ = false;
    print_("[connected again]");
  }
  send_next();
}

void ChatSession::was_shown(const std::string& reply_to) {
  ++shown_;
  last_event_ = Clock::now();
  answers_.shown(reply_to);
}

// ---- what is said ----

bool ChatSession::say(const std::string& text) {
  if (text.size() > kTextBytes) {
    print_("[" + excerpt(text) + " was not sent: it has " + size_text(text.size()) +
           ", a message at most 1 MiB; put it into a file and use /file PATH]");
    ++given_up_;
    return false;
  }
  queue({answers_.next_id(), text, ""});
  return true;
}

bool ChatSession::say_file(const std::string& path) {
  OpenedFile file;
  const std::string problem = file.open(path);
  if (!problem.empty()) {
    print_("[" + printable(path) + " cannot be read: " + problem + "]");
    return false;
  }
  queue({answers_.next_id(), "", path});
  return true;
}

bool ChatSession::is_full() const {
  return unsent_.size() >= kFullMessages || unsent_bytes_ >= kFullBytes;
}

void ChatSession::queue(Outgoing message) {
  said_ = true;
  unsent_bytes_ += message.text.size();
  unsent_.push_back(std::move(message));
  send_next();
}

void ChatSession::send_next() {
  while (attached() && !unsent_.empty() && !under_way_ && !again_.under_way() && !send_front()) {
  }
}

// False: its file cannot be read any more, and the next message is in front.
bool ChatSession::send_front() {
  const Outgoing& message = unsent_.front();
  json frame = {{"type", "message"}, {"id", message.id}, {"size", message.text.size()}};
  if (!message.path.empty()) {
    const std::string problem = file_.open(message.path);
    if (!problem.empty()) {
      refused("it cannot be read any more: " + problem);
      return false;
    }
    frame["files"].push_back({{"name", std::filesystem::path(message.path).filename().string()},
                              {"size", file_.size()}});
  }
  under_way_ = true;
  socket_.send(frame, message.text);
  return true;
}

void ChatSession::answer_get(const json& request) {
  const std::int64_t offset = integer_of(request, "offset");
  json answer = {{"id", string_of(request, "id")}, {"file", integer_of(request, "file")}};
  const std::string bytes = is_front(request) && offset >= 0
                                ? file_.read(static_cast<std::uint64_t>(offset), kChunkBytes)
                                : std::string();
  if (bytes.empty()) {
    answer["type"] = "gone";
    answer["reason"] = "it became shorter while it was sent, or cannot be read any more";
  } else {
    answer["type"] = "data";
    answer["offset"] = offset;
    answer["size"] = bytes.size();
  }
  socket_.send(answer, bytes);
}

// ---- what became of it ----

bool ChatSession::is_front(const json& frame) const {
  return under_way_ && unsent_.front().id == string_of(frame, "id");
}

std::string ChatSession::front_name() const {
  const Outgoing& front = unsent_.front();
  return front.path.empty() ? excerpt(front.text) : printable(front.path);
}

void ChatSession::stored(const json& answer) {
  if (!is_front(answer)) {
    return;
  }
  if (string_of(answer, "outcome") == "intake") {
    print_("[the host keeps " + front_name() + "; no agent has it yet]");
  }
  ++stored_;
  answers_.host_has(unsent_.front().id);
  front_is_done();
  send_next();
}

void ChatSession::refused(const std::string& reason) {
  print_("[" + front_name() + " was not sent: " + printable(reason) + "]");
  ++given_up_;
  const bool goes_on = under_way_;
  front_is_done();
  if (goes_on) {
    send_next();
  }
}

void ChatSession::busy(const std::string& reason) {
  if (!busy_told_) {
    busy_told_ = true;
    print_("[the host cannot take " + front_name() + " now: " + printable(reason) +
           "; trying again]");
  }
  under_way_ = false;
  again_.begin();
}

void ChatSession::front_is_done() {
  unsent_bytes_ -= unsent_.front().text.size();
  unsent_.pop_front();
  under_way_ = false;
  busy_told_ = false;
  file_.close();
  again_.reset();
}

}  // namespace patchbay::console
