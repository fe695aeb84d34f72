// One attachment of a terminal: what was said and is not stored yet, and the connection, which may
// be lost and come back. The terminal around it waits, reads and prints.
#pragma once

#include <deque>
#include <functional>
#include <nlohmann/json_fwd.hpp>
#include <string>

#include "console/client/answers.hpp"
#include "console/client/chat_options.hpp"
#include "console/client/chat_socket.hpp"
#include "console/client/growing_pause.hpp"
#include "console/client/opened_file.hpp"
#include "console/client/receiver.hpp"

namespace patchbay::console {

class ChatSession {
 public:
  // print: one thing for the person to see, without a final newline.
  ChatSession(const ChatOptions& options, std::function<void(const std::string&)> print);
  ChatSession(const ChatSession&) = delete;
  ChatSession& operator=(const ChatSession&) = delete;

  // Attaches for the first time. False: nobody listens.
  [[nodiscard]] bool begin();
  // For poll(): -1 while there is no connection.
  [[nodiscard]] int fd() const { return socket_.fd(); }
  [[nodiscard]] bool has_unwritten() const { return socket_.has_unwritten(); }
  // How long nothing needs to be done here, if nothing comes.
  [[nodiscard]] milliseconds pause_left(milliseconds longest) const;
  // Does all that can be done now.
  void serve();
  // Why it cannot go on, ever; empty: it can.
  [[nodiscard]] const std::string& ended() const { return ended_; }

  // It is sent when what was said before is stored, and again until it is stored or refused. False:
  // it cannot be sent; it was said why.
  bool say(const std::string& text);
  bool say_file(const std::string& path);

  // Nothing more is read from a pipe until some of it is stored.
  [[nodiscard]] bool is_full() const;
  [[nodiscard]] bool attached() const { return link_ == Link::kAttached; }
  [[nodiscard]] std::size_t unsent() const { return unsent_.size(); }  // not stored, not refused
  [[nodiscard]] int stored() const { return stored_; }
  [[nodiscard]] int given_up() const { return given_up_; }  // refused, or not readable any more
  [[nodiscard]] bool said_something() const { return said_; }
  [[nodiscard]] int shown() const { return shown_; }  // of all that came
  [[nodiscard]] const Answers& answers() const { return answers_; }
  // When it was attached, or something was shown since; meaningless before.
  [[nodiscard]] Clock::time_point last_event() const { return last_event_; }
  [[nodiscard]] bool receiving() const { return receiver_.receiving(); }
  [[nodiscard]] bool stuck() const { return receiver_.stuck(); }
  // Grows with each frame that comes.
  [[nodiscard]] std::uint64_t progress() const { return progress_; }

 private:
  enum class Link : std::uint8_t { kDown, kGreeting, kAttached };
  struct Outgoing {
    std::string id;
    std::string text;
    std::string path;  // of its file; empty: none
  };

  [[nodiscard]] bool connect();
  void connection_lost();
  void handle(const Frame& frame);
  void welcome();
  void was_shown(const std::string& reply_to);
  void stored(const nlohmann::json& answer);
  void refused(const std::string& reason);
  void busy(const std::string& reason);
  void answer_get(const nlohmann::json& request);
  void send_next();
  [[nodiscard]] bool send_front();
  void queue(Outgoing message);
  void front_is_done();
  [[nodiscard]] bool is_front(const nlohmann::json& frame) const;
  [[nodiscard]] std::string front_name() const;

  const ChatOptions& options_;
  std::function<void(const std::string&)> print_;
  ChatSocket socket_;
  Answers answers_;
  Receiver receiver_;
  Link link_ = Link::kDown;
  bool lost_ = false;  // and it was said
  GrowingPause reconnect_;
  std::string ended_;

  std::deque<Outgoing> unsent_;
  std::size_t unsent_bytes_ = 0;
  bool under_way_ = false;  // the first of them
  OpenedFile file_;         // of the one under way
  GrowingPause again_;      // the host was busy
  bool busy_told_ = false;
  bool said_ = false;
  int shown_ = 0;
  Clock::time_point last_event_;
  int stored_ = 0;
  int given_up_ = 0;
  std::uint64_t progress_ = 0;
};

}  // namespace patchbay::console
