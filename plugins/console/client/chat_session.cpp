#include "console/client/chat_session.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <random>
#include <sys/stat.h>
#include <unistd.h>

#include "common/json_value.hpp"

namespace patchbay::console {
namespace {

using common::integer_of;
using common::string_of;
using nlohmann::json;

// Unique among all terminals and restarts.
std::string new_id() {
  static std::random_device device;
  std::string id = "c-";
  for (int i = 0; i < 20; ++i) {
    id += "abcdefghijklmnopqrstuvwxyz012345"[device() % 32];
  }
  return id;
}

std::string size_text(std::uint64_t bytes) {
  if (bytes < 1024) {
    return std::to_string(bytes) + " B";
  }
  if (bytes < 1024 * 1024) {
    return std::to_string(bytes / 1024) + " KiB";
  }
  return std::to_string(bytes / (1024 * 1024)) + " MiB";
}

// Nothing that an agent writes may move the cursor of this terminal.
std::string printable(const std::string& text) {
  std::string result;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    result += (byte < 0x20 && c != '\n' && c != '\t') || byte == 0x7F ? '?' : c;
  }
  return result;
}

}  // namespace

ChatSession::ChatSession(const ChatOptions& options, std::function<void(const std::string&)> print)
    : options_(options), print_(std::move(print)) {}

bool ChatSession::connect() {
  if (!socket_.connect(options_.socket)) {
    return false;
  }
  welcome_ = false;
  incoming_.clear();  // what was not acknowledged comes again
  return socket_.send({{"type", "hello"}, {"chat", options_.chat}});
}

bool ChatSession::receive() {
  const bool alive = socket_.receive();
  while (auto frame = socket_.next()) {
    handle(*frame);
  }
  return alive && connected();
}

void ChatSession::handle(const Frame& frame) {
  const json message = common::parse_json(frame.json).value_or(json());
  const std::string type = string_of(message, "type");
  if (type == "welcome") {
    welcome_ = true;
    for (const Outgoing& outgoing : unsent_) {
      send_outgoing(outgoing);
    }
  } else if (type == "stored") {
    stored(message);
  } else if (type == "get") {
    answer_get(message);
  } else if (type == "data") {
    handle_data(message, frame.data);
  } else if (type == "gone") {
    save_failed(string_of(message, "reason"));
  } else if (type == "error") {
    print_("[" + printable(string_of(message, "message")) + "]");
  } else if (type == "message" || type == "edit" || type == "delete" || type == "reaction") {
    handle_message(message);
  }
}

void ChatSession::handle_message(const json& message) {
  const std::string id = string_of(message, "id");
  if (shown_.count(id) != 0) {
    acknowledge(id);
    return;
  }
  const std::string type = string_of(message, "type");
  const std::string text = printable(string_of(message, "text"));
  const std::string title = printable(string_of(message, "title"));
  if (type == "edit") {
    print_("[changed] " + text);
  } else if (type == "delete") {
    print_("[a message was taken back]");
  } else if (type == "reaction") {
    print_("[reaction] " + printable(string_of(message, "emoji")));
  } else if (!title.empty() || !text.empty()) {
    print_(title.empty() ? text : title + "\n" + text);
  }
  const json& options = common::member(message, "options");
  for (std::size_t i = 0; options.is_array() && i < options.size(); ++i) {
    if (options[i].is_string()) {
      print_("  " + std::to_string(i + 1) + ". " + printable(options[i].get<std::string>()));
    }
  }
  Incoming incoming;
  incoming.id = id;
  const json& files = common::member(message, "files");
  for (std::size_t i = 0; files.is_array() && i < files.size(); ++i) {
    incoming.files.emplace_back(
        string_of(files[i], "name"),
        static_cast<std::uint64_t>(std::max<std::int64_t>(0, integer_of(files[i], "size"))));
  }
  incoming_.push_back(std::move(incoming));
  if (incoming_.size() == 1) {
    fetch_or_finish();
  }
}

// The next chunk of the message in front; when it has all its files, its acknowledgement.
void ChatSession::fetch_or_finish() {
  while (!incoming_.empty()) {
    Incoming& first = incoming_.front();
    if (first.file == first.files.size()) {
      shown_.insert(first.id);
      ++answered_;
      acknowledge(first.id);
      incoming_.pop_front();
      continue;
    }
    const auto& [name, size] = first.files[first.file];
    if (!first.receiving) {
      if (auto created = ReceivedFile::create(options_.save_folder, name)) {
        first.receiving.emplace(std::move(*created));
      }
      if (!first.receiving) {
        print_("[" + printable(name) + " cannot be saved in " + options_.save_folder + ": " +
               std::strerror(errno) + "]");
        next_file();
        continue;
      }
    }
    if (first.receiving->size() >= size) {
      const auto path = first.receiving->finish();
      print_(path ? "[file] " + *path + " (" + size_text(size) + ")"
                  : "[" + printable(name) + " cannot be saved in " + options_.save_folder + "]");
      next_file();
      continue;
    }
    socket_.send({{"type", "get"},
                  {"id", first.id},
                  {"file", first.file},
                  {"offset", first.receiving->size()}});
    return;
  }
}

void ChatSession::next_file() {
  incoming_.front().receiving.reset();
  ++incoming_.front().file;
}

void ChatSession::handle_data(const json& head, const std::string& data) {
  if (incoming_.empty() || incoming_.front().id != string_of(head, "id") ||
      !incoming_.front().receiving) {
    return;
  }
  if (data.empty() || !incoming_.front().receiving->write(data)) {
    save_failed(data.empty() ? "it ended early" : "the disk is full");
    return;
  }
  fetch_or_finish();
}

void ChatSession::save_failed(const std::string& reason) {
  if (incoming_.empty() || incoming_.front().file >= incoming_.front().files.size()) {
    return;
  }
  const std::string& name = incoming_.front().files[incoming_.front().file].first;
  print_("[" + printable(name) + " could not be received: " + printable(reason) + "]");
  next_file();
  fetch_or_finish();
}

void ChatSession::acknowledge(const std::string& id) {
  socket_.send({{"type", "ack"}, {"id", id}});
}

void ChatSession::say(const std::string& text) { queue({new_id(), text, ""}); }

bool ChatSession::say_file(const std::string& path) {
  struct stat info{};
  if (::stat(path.c_str(), &info) != 0) {
    print_("[cannot read " + path + ": " + std::strerror(errno) + "]");
    return false;
  }
  if (!S_ISREG(info.st_mode)) {
    print_("[" + path + " is no file]");
    return false;
  }
  queue({new_id(), "", path});
  return true;
}

void ChatSession::queue(Outgoing message) {
  ++said_;
  unsent_.push_back(std::move(message));
  if (connected() && welcome_) {
    send_outgoing(unsent_.back());
  }
}

void ChatSession::send_outgoing(const Outgoing& message) {
  json frame = {{"type", "message"}, {"id", message.id}, {"text", message.text}};
  if (!message.path.empty()) {
    struct stat info{};
    const std::uint64_t size =
        ::stat(message.path.c_str(), &info) == 0 ? static_cast<std::uint64_t>(info.st_size) : 0;
    frame["files"].push_back(
        {{"name", std::filesystem::path(message.path).filename().string()}, {"size", size}});
  }
  socket_.send(frame);
}

void ChatSession::answer_get(const json& request) {
  const std::string id = string_of(request, "id");
  const auto message = std::find_if(unsent_.begin(), unsent_.end(),
                                    [&](const Outgoing& outgoing) { return outgoing.id == id; });
  json answer = {{"id", id}, {"file", integer_of(request, "file")}};
  std::string bytes(kChunkBytes, '\0');
  ssize_t size = -1;
  if (message != unsent_.end()) {
    const int fd = ::open(message->path.c_str(), O_RDONLY | O_CLOEXEC);
    if (fd >= 0) {
      size = ::pread(fd, bytes.data(), bytes.size(),
                     static_cast<off_t>(integer_of(request, "offset")));
      ::close(fd);
    }
  }
  if (size <= 0) {
    answer["type"] = "gone";
    answer["reason"] = "the sender cannot read the file any more";
    socket_.send(answer);
    return;
  }
  bytes.resize(static_cast<std::size_t>(size));
  answer["type"] = "data";
  answer["size"] = bytes.size();
  socket_.send(answer, bytes);
}

void ChatSession::stored(const json& message) {
  const std::string id = string_of(message, "id");
  const std::string outcome = string_of(message, "outcome");
  const auto found = std::find_if(unsent_.begin(), unsent_.end(),
                                  [&](const Outgoing& outgoing) { return outgoing.id == id; });
  if (found == unsent_.end()) {
    return;
  }
  if (outcome == "busy") {
    send_outgoing(*found);  // the host could not keep it yet
    return;
  }
  if (outcome == "refused") {
    print_("[the host refused that message]");
  } else if (outcome == "intake") {
    print_("[the host keeps that message; no agent has it yet]");
  }
  unsent_.erase(found);
}

}  // namespace patchbay::console
