#include "console/client/pipe.hpp"

#include <algorithm>
#include <array>
#include <cstdio>
#include <optional>
#include <string>
#include <unistd.h>

#include "console/client/chat_session.hpp"
#include "console/client/composer.hpp"
#include "console/client/waiting.hpp"

namespace patchbay::console {
namespace {

// Nothing more is on its way when nothing came for so long. Only where nobody can tell for certain.
constexpr milliseconds kQuiet{1000};

class Pipe {
 public:
  explicit Pipe(const ChatOptions& options)
      : options_(options),
        print_([](const std::string& text) {
          std::printf("%s\n", text.c_str());
          std::fflush(stdout);
        }),
        session_(options, print_),
        composer_(session_, print_) {}

  int run() {
    // Before anything is offered, so that none of it is missed.
    const bool counts_answers = options_.answers != 0 && options_.answer_timeout.count() > 0;
    if (counts_answers && options_.count_waiting) {
      waiting_count_ = options_.count_waiting();
    }
    if (!session_.begin()) {
      return kChatNobodyListens;
    }
    // What came while nobody was here answers nothing that is said now: it is shown first.
    if (counts_answers) {
      wait_until(Clock::now() + options_.answer_timeout, [this] { return caught_up(); });
    }
    while (auto line = next_line()) {
      if (!composer_.take(std::move(*line))) {
        break;
      }
    }
    composer_.finish();
    wait_until(Clock::now() + options_.answer_timeout, [this] { return all_came(); });
    const int code = leave(waiting_, session_);
    const bool came = enough_came() && !session_.stuck();
    if (!came && session_.unsent() == 0 && session_.ended().empty() && !session_.stuck()) {
      tell_what_is_missing();
    }
    return came && !composer_.failed() && session_.given_up() == 0 ? code : kChatFailed;
  }

 private:
  void tell_what_is_missing() const {
    if (options_.answers >= 0) {
      std::fprintf(stderr,
                   "patchbay: %d of %d answers came in time; --timeout gives them longer, "
                   "--answers waits for another number\n",
                   counted(), options_.answers);
      return;
    }
    std::fprintf(stderr,
                 "patchbay: the last message was not answered in time (%d stored, %d answers "
                 "came); --timeout gives the agent longer, --answers 0 waits for none\n",
                 session_.stored(), counted());
  }

  // The next whole line of standard input; nothing at its end, or when it makes no sense to go on.
  std::optional<std::string> next_line() {
    while (!is_over()) {
      const std::size_t end = buffer_.find('\n');
      if (end != std::string::npos || (ended_ && !buffer_.empty())) {
        std::string line = buffer_.substr(0, end);
        buffer_.erase(0, end == std::string::npos ? buffer_.size() : end + 1);
        return line;
      }
      if (ended_ || !make_room()) {
        return std::nullopt;
      }
      if (waiting_.wait(session_, STDIN_FILENO, std::chrono::minutes{1})) {
        read_some();
      }
    }
    return std::nullopt;
  }

  void read_some() {
    std::array<char, 4096> bytes{};
    const ssize_t size = ::read(STDIN_FILENO, bytes.data(), bytes.size());
    ended_ = size <= 0;
    buffer_.append(bytes.data(), static_cast<std::size_t>(std::max<ssize_t>(0, size)));
    if (buffer_.size() > 2 * kTextBytes && buffer_.find('\n') == std::string::npos) {
      buffer_.resize(kTextBytes +
                     1);  // too long a line: refused at its end, and not kept till then
    }
  }

  // False: the host takes nothing for as long as an answer may need.
  bool make_room() {
    while (session_.is_full()) {
      const std::size_t before = session_.unsent();
      wait_until(Clock::now() + options_.answer_timeout,
                 [this, before] { return session_.unsent() < before; });
      if (session_.unsent() >= before) {
        return false;
      }
    }
    return true;
  }

  template <class Condition>
  void wait_until(Clock::time_point deadline, Condition condition) {
    while (!condition() && !is_over()) {
      const auto left = std::chrono::ceil<milliseconds>(deadline - Clock::now());
      if (left.count() <= 0) {
        return;
      }
      const auto quiet = quiet_left();
      static_cast<void>(
          waiting_.wait(session_, -1, quiet.count() > 0 ? std::min(left, quiet) : left));
    }
  }

  // Not positive: nothing has come for a while.
  [[nodiscard]] milliseconds quiet_left() const {
    return std::chrono::ceil<milliseconds>(session_.last_event() + kQuiet - Clock::now());
  }
  [[nodiscard]] bool is_quiet() const { return !session_.receiving() && quiet_left().count() <= 0; }

  [[nodiscard]] bool is_over() const { return Waiting::leaves() || !session_.ended().empty(); }
  // All that waited when we came was shown. Some of it may come much later, or never: scheduled, or
  // taken by another terminal.
  [[nodiscard]] bool caught_up() const {
    const bool all_shown = waiting_count_ >= 0 && session_.shown() >= waiting_count_;
    return session_.attached() && (all_shown || is_quiet());
  }
  // Who says nothing waits for whatever comes.
  [[nodiscard]] int counted() const {
    return session_.said_something() ? session_.answers().count() : session_.shown();
  }
  // An agent may answer several messages together, but none before it has read it.
  [[nodiscard]] bool enough_came() const {
    if (session_.unsent() != 0) {
      return false;
    }
    if (options_.answers >= 0) {
      return counted() >= options_.answers;
    }
    return session_.stored() == 0 || session_.answers().newest_is_answered();
  }
  // What the host holds because it cannot be saved here does not come.
  [[nodiscard]] bool all_came() const {
    if (session_.unsent() == 0 && session_.stuck()) {
      return true;
    }
    if (!enough_came() || options_.answers >= 0) {
      return enough_came();
    }
    return session_.said_something() ? counted() >= session_.stored() || is_quiet() : caught_up();
  }

  const ChatOptions& options_;
  Waiting waiting_;
  std::function<void(const std::string&)> print_;
  ChatSession session_;
  Composer composer_;
  int waiting_count_ = -1;  // when we came; negative: nobody can tell
  std::string buffer_;
  bool ended_ = false;
};

}  // namespace

int run_in_pipe(const ChatOptions& options) { return Pipe(options).run(); }

}  // namespace patchbay::console
