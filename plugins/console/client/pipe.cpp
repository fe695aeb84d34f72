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
    if (!session_.begin()) {
      return kChatNobodyListens;
    }
    while (auto line = next_line()) {
      if (!composer_.take(std::move(*line))) {
        break;
      }
    }
    composer_.finish();
    wait_until(Clock::now() + options_.answer_timeout, [this] { return all_came(); });
    const bool came = all_came() && !session_.stuck();
    if (!came && session_.unsent() == 0 && session_.ended().empty() && !session_.stuck()) {
      std::fprintf(stderr, "patchbay: %d of %d answers came in time; --timeout gives them longer\n",
                   session_.answered(), expected());
    }
    const int code = leave(waiting_, session_);
    return came && !composer_.failed() && session_.given_up() == 0 ? code : kChatFailed;
  }

 private:
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
      static_cast<void>(waiting_.wait(session_, -1, left));
    }
  }

  [[nodiscard]] bool is_over() const { return Waiting::leaves() || !session_.ended().empty(); }
  [[nodiscard]] int expected() const {
    return options_.answers < 0 ? session_.stored() : options_.answers;
  }
  // What the host holds because it cannot be saved here does not come.
  [[nodiscard]] bool all_came() const {
    return session_.unsent() == 0 && (session_.stuck() || session_.answered() >= expected());
  }

  const ChatOptions& options_;
  Waiting waiting_;
  std::function<void(const std::string&)> print_;
  ChatSession session_;
  Composer composer_;
  std::string buffer_;
  bool ended_ = false;
};

}  // namespace

int run_in_pipe(const ChatOptions& options) { return Pipe(options).run(); }

}  // namespace patchbay::console
