#include "console/client/receiver.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <nlohmann/json.hpp>

#include "common/json_value.hpp"
#include "console/client/shown_text.hpp"

namespace patchbay::console {

using common::integer_of;
using common::string_of;
using nlohmann::json;

namespace {

constexpr std::size_t kRememberedIds = 256;
constexpr milliseconds kFirstOffer{2000};
constexpr milliseconds kLongestOffer{60'000};

std::string words_of(const json& head, const std::string& body) {
  const std::string type = string_of(head, "type");
  std::string words = printable(body);
  if (type == "edit") {
    return "[changed] " + words;
  }
  if (type == "delete") {
    return "[a message was taken back]";
  }
  if (type == "reaction") {
    return (common::flag_of(head, "removed") ? "[reaction taken back] " : "[reaction] ") + words;
  }
  return words;
}

}  // namespace

Receiver::Receiver(const ChatOptions& options, ChatSocket& socket, const Print& print, Shown shown)
    : options_(options),
      socket_(socket),
      print_(print),
      on_shown_(std::move(shown)),
      again_(kFirstOffer, kLongestOffer) {}

void Receiver::message(const json& head, const std::string& words) {
  Incoming incoming;
  incoming.id = string_of(head, "id");
  if (was_shown(incoming.id)) {
    socket_.send({{"type", "ack"}, {"id", incoming.id}});
    return;
  }
  incoming.reply_to = string_of(head, "replyTo");
  incoming.words = words_of(head, words);
  const json& files = common::member(head, "files");
  for (std::size_t i = 0; files.is_array() && i < files.size(); ++i) {
    Announced file;
    file.name = string_of(files[i], "name");
    file.size = static_cast<std::uint64_t>(std::max<std::int64_t>(0, integer_of(files[i], "size")));
    incoming.files.push_back(std::move(file));
  }
  incoming_.push_back(std::move(incoming));
  if (incoming_.size() == 1) {
    go_on();
  }
}

void Receiver::go_on() {
  while (!incoming_.empty()) {
    Incoming& first = incoming_.front();
    const Fetched fetched = fetch(first);
    if (fetched == Fetched::kPartly) {
      return;
    }
    if (fetched == Fetched::kAll && save(first)) {
      show(first);
    }
    incoming_.pop_front();
  }
}

Receiver::Fetched Receiver::fetch(Incoming& incoming) {
  while (true) {
    const std::size_t begun = incoming.received.size();
    if (begun != 0 && incoming.received.back().size() < incoming.files[begun - 1].size) {
      socket_.send({{"type", "get"},
                    {"id", incoming.id},
                    {"file", begun - 1},
                    {"offset", incoming.received.back().size()}});
      return Fetched::kPartly;
    }
    if (begun == incoming.files.size()) {
      return Fetched::kAll;
    }
    auto created = ReceivedFile::create(options_.save_folder, incoming.files[begun].name);
    if (!created) {
      give_back(incoming, incoming.files[begun].name, errno);
      return Fetched::kGivenBack;
    }
    incoming.received.push_back(std::move(*created));
  }
}

void Receiver::data(const json& head, const std::string& bytes) {
  if (incoming_.empty() || incoming_.front().received.empty()) {
    return;
  }
  Incoming& first = incoming_.front();
  const std::size_t file = first.received.size() - 1;
  ReceivedFile& receiving = first.received.back();
  if (first.id != string_of(head, "id") ||
      integer_of(head, "file") != static_cast<std::int64_t>(file) ||
      integer_of(head, "offset") != static_cast<std::int64_t>(receiving.size())) {
    return;
  }
  if (!receiving.write(bytes)) {
    give_back(first, first.files[file].name, errno);
    incoming_.pop_front();
  }
  go_on();
}

// The host has given this message up, and keeps or fails it.
void Receiver::gone(const json& head) {
  if (!incoming_.empty() && incoming_.front().id == string_of(head, "id")) {
    incoming_.pop_front();
    go_on();
  }
}

bool Receiver::save(Incoming& incoming) {
  for (std::size_t i = 0; i < incoming.files.size(); ++i) {
    if (!incoming.received[i].finish()) {
      const int error = errno;
      // All or nothing: they come again together.
      for (std::size_t earlier = 0; earlier < i; ++earlier) {
        incoming.received[earlier].undo();
      }
      give_back(incoming, incoming.files[i].name, error);
      return false;
    }
  }
  return true;
}

void Receiver::show(const Incoming& incoming) {
  if (!incoming.words.empty()) {
    print_(incoming.words);
  }
  for (const ReceivedFile& file : incoming.received) {
    print_("[file] " + printable(file.path()) + " (" + size_text(file.size()) + ")");
  }
  shown_.push_back(incoming.id);
  if (shown_.size() > kRememberedIds) {
    shown_.pop_front();
  }
  again_.reset();
  stuck_ = false;
  socket_.send({{"type", "ack"}, {"id", incoming.id}});
  on_shown_(incoming.reply_to);
}

// Told once a message, however often it is offered again.
void Receiver::give_back(const Incoming& incoming, const std::string& name, int error) {
  const std::string why = std::strerror(error);
  if (told_ != incoming.id) {
    told_ = incoming.id;
    print_("[" + printable(name) + " cannot be saved in " + options_.save_folder + ": " + why +
           ". The host keeps the message and offers it again: make room there, or leave and run: "
           "patchbay chat " +
           options_.chat + " --save DIR]");
  }
  socket_.send({{"type", "unsaved"}, {"id", incoming.id}, {"reason", why}});
  again_.begin();
  stuck_ = true;
}

void Receiver::offer_again_if_due() {
  if (again_.is_due()) {
    again_.end();
    socket_.send({{"type", "ready"}});
  }
}

bool Receiver::was_shown(const std::string& id) const {
  return std::find(shown_.begin(), shown_.end(), id) != shown_.end();
}

}  // namespace patchbay::console
