// What comes from the agent: its files are fetched, then all of it is shown and acknowledged. What
// cannot be kept is not acknowledged: the host keeps it and is asked for it again.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "console/client/chat_options.hpp"
#include "console/client/chat_socket.hpp"
#include "console/client/growing_pause.hpp"
#include "console/client/received_file.hpp"

namespace patchbay::console {

class Receiver {
 public:
  using Print = std::function<void(const std::string&)>;
  // shown: each thing that was shown and saved, once, with the id of the message that it answers;
  // empty: the host does not say.
  using Shown = std::function<void(const std::string& reply_to)>;
  Receiver(const ChatOptions& options, ChatSocket& socket, const Print& print, Shown shown);

  void message(const nlohmann::json& head, const std::string& words);
  void data(const nlohmann::json& head, const std::string& bytes);
  void gone(const nlohmann::json& head);
  // The connection was lost: what was not acknowledged comes again.
  void forget() { incoming_.clear(); }
  // Asks again for what could not be saved, when it is time.
  void offer_again_if_due();

  // Of something only a part has come.
  [[nodiscard]] bool receiving() const { return !incoming_.empty(); }
  // A file could not be saved, and the host holds it and what follows.
  [[nodiscard]] bool stuck() const { return stuck_; }
  [[nodiscard]] milliseconds pause_left(milliseconds longest) const { return again_.left(longest); }

 private:
  struct Announced {
    std::string name;
    std::uint64_t size = 0;
  };
  struct Incoming {
    std::string id;
    std::string reply_to;
    std::string words;
    std::vector<Announced> files;
    std::vector<ReceivedFile> received;  // as many as were begun; only the last is not whole
  };

  enum class Fetched : std::uint8_t { kPartly, kAll, kGivenBack };

  // Deals with the message in front, and the next.
  void go_on();
  // kPartly: the next chunk was asked for.
  [[nodiscard]] Fetched fetch(Incoming& incoming);
  // False: it was given back.
  [[nodiscard]] bool save(Incoming& incoming);
  void show(const Incoming& incoming);
  // The file `name` cannot be saved, by errno `error`: the host has to keep the message.
  void give_back(const Incoming& incoming, const std::string& name, int error);
  [[nodiscard]] bool was_shown(const std::string& id) const;

  const ChatOptions& options_;
  ChatSocket& socket_;
  const Print& print_;
  Shown on_shown_;
  std::deque<Incoming> incoming_;
  // A delivery whose acknowledgement was lost comes again under its id, soon.
  std::deque<std::string> shown_;
  std::string told_;  // the message about whose files it was said that they cannot be saved
  GrowingPause again_;
  bool stuck_ = false;
};

}  // namespace patchbay::console
