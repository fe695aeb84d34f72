// One attachment of a terminal: what was said and is not stored yet, what came and is being
// shown. It survives lost connections; the terminal around it reads and prints.
#pragma once

#include <deque>
#include <functional>
#include <map>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "console/client/chat_options.hpp"
#include "console/client/chat_socket.hpp"
#include "console/client/received_file.hpp"

namespace patchbay::console {

class ChatSession {
 public:
  // print: one thing for the person to see, without a final newline.
  ChatSession(const ChatOptions& options, std::function<void(const std::string&)> print);

  // Attaches again if the connection is lost. False: no host runs.
  bool connect();
  [[nodiscard]] bool connected() const { return socket_.fd() >= 0; }
  [[nodiscard]] int fd() const { return socket_.fd(); }
  // The socket is readable. False: the connection was lost.
  bool receive();

  // A line or a whole text. It is sent now, and again after a reconnection, until it is stored.
  void say(const std::string& text);
  // False: the file cannot be read; it was said why.
  bool say_file(const std::string& path);

  [[nodiscard]] std::size_t unsent() const { return unsent_.size(); }  // not stored yet
  [[nodiscard]] int said() const { return said_; }
  [[nodiscard]] int answered() const { return answered_; }

 private:
  struct Outgoing {
    std::string id;
    std::string text;
    std::string path;  // of its file; empty: none
  };
  // A message whose files are being fetched, one after the other.
  struct Incoming {
    std::string id;
    std::vector<std::pair<std::string, std::uint64_t>> files;  // name, size
    std::size_t file = 0;
    std::optional<ReceivedFile> receiving;
  };

  void handle(const Frame& frame);
  void handle_message(const nlohmann::json& message);
  void handle_data(const nlohmann::json& head, const std::string& data);
  void stored(const nlohmann::json& message);
  void answer_get(const nlohmann::json& request);
  void fetch_or_finish();
  void save_failed(const std::string& reason);
  void next_file();
  void acknowledge(const std::string& id);
  void send_outgoing(const Outgoing& message);
  void queue(Outgoing message);

  const ChatOptions& options_;
  std::function<void(const std::string&)> print_;
  ChatSocket socket_;
  bool welcome_ = false;  // the adapter has answered hello: what is unsent was sent then
  std::deque<Outgoing> unsent_;
  std::deque<Incoming> incoming_;
  // A delivery whose acknowledgement was lost comes again under its id.
  std::set<std::string> shown_;
  int said_ = 0;
  int answered_ = 0;
};

}  // namespace patchbay::console
