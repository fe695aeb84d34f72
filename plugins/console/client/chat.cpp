// The terminal around a ChatSession: line editing with libedit, or lines from a pipe.
#include <array>
#include <clocale>
#include <cstdio>
#include <cwchar>
#include <histedit.h>
#include <memory>
#include <optional>
#include <poll.h>
#include <string>
#include <unistd.h>
#include <utility>

#include "console/client/chat_options.hpp"
#include "console/client/chat_session.hpp"

namespace patchbay::console {
namespace {

using Clock = std::chrono::steady_clock;

constexpr int kDone = 0;
constexpr int kFailed = 1;
constexpr int kNotRunning = 3;
constexpr std::chrono::milliseconds kReconnect{500};

constexpr const char* kHelp =
    "/file PATH sends a file, a \\ at the end of a line continues it, /quit or Ctrl-D leaves";

// Takes one line of input; a backslash at its end keeps it open.
class Composer {
 public:
  explicit Composer(ChatSession& session) : session_(session) {}

  // False: the user wants to leave. `good` turns false when a file could not be read.
  bool take(std::string line, bool& good) {
    if (!line.empty() && line.back() == '\\') {
      line.pop_back();
      text_ += line + "\n";
      return true;
    }
    text_ += line;
    const std::string text = std::exchange(text_, {});
    if (text == "/quit") {
      return false;
    }
    if (text == "/help") {
      std::printf("%s\n", kHelp);
    } else if (text.starts_with("/file ")) {
      good = session_.say_file(text.substr(6)) && good;
    } else if (text.find_first_not_of(" \t\r\n") != std::string::npos) {
      session_.say(text);
    }
    return true;
  }
  [[nodiscard]] bool open() const { return !text_.empty(); }

 private:
  ChatSession& session_;
  std::string text_;
};

// Waits for input or for the host, whichever comes first; serves the host, and attaches again when
// the connection was lost. True: there is input.
bool wait_for_input(ChatSession& session, int input, std::chrono::milliseconds longest) {
  std::array<pollfd, 2> descriptors{{{input, POLLIN, 0}, {session.fd(), POLLIN, 0}}};
  const auto timeout = session.connected() ? longest : std::min(longest, kReconnect);
  ::poll(descriptors.data(), descriptors.size(), static_cast<int>(timeout.count()));
  if (!session.connected()) {
    session.connect();
  } else if (descriptors[1].revents != 0) {
    session.receive();
  }
  return input >= 0 && descriptors[0].revents != 0;
}

// ---- a terminal --------------------------------------------------------------------------------

class Terminal {
 public:
  explicit Terminal(const ChatOptions& options)
      : session_(options, [this](const std::string& text) { show(text); }), composer_(session_) {}

  int run(const ChatOptions& options) {
    if (!session_.connect()) {
      std::fprintf(stderr,
                   "patchbay: no host with a console listens on %s; start it with `patchbay`\n",
                   options.socket.c_str());
      return kNotRunning;
    }
    std::setlocale(LC_CTYPE, "");
    editor_.reset(::el_init("patchbay", stdin, stdout, stderr));
    history_.reset(::history_init());
    HistEvent event;
    ::history(history_.get(), &event, H_SETSIZE, 500);
    ::el_set(editor_.get(), EL_CLIENTDATA, this);
    ::el_set(editor_.get(), EL_PROMPT, &Terminal::prompt);
    ::el_set(editor_.get(), EL_EDITOR, "emacs");
    ::el_set(editor_.get(), EL_SIGNAL, 1);
    ::el_set(editor_.get(), EL_HIST, ::history, history_.get());
    ::el_wset(editor_.get(), EL_GETCFN, &Terminal::read_character);
    std::printf("attached as %s; %s\n", options.chat.c_str(), kHelp);
    bool good = true;
    int count = 0;
    while (const char* line = ::el_gets(editor_.get(), &count)) {
      std::string text(line, static_cast<std::size_t>(count));
      text.erase(text.find_last_not_of("\r\n") + 1);
      if (!text.empty()) {
        ::history(history_.get(), &event, H_ENTER, text.c_str());
      }
      editing_ = false;
      if (!composer_.take(text, good)) {
        break;
      }
    }
    std::printf("\n");
    return kDone;
  }

 private:
  struct EndEditor {
    void operator()(EditLine* editor) const { ::el_end(editor); }
  };
  struct EndHistory {
    void operator()(History* history) const { ::history_end(history); }
  };

  static Terminal& of(EditLine* editor) {
    void* self = nullptr;
    ::el_get(editor, EL_CLIENTDATA, &self);
    return *static_cast<Terminal*>(self);
  }

  static char* prompt(EditLine* editor) {
    static char first[] = "> ";
    static char next[] = ". ";
    return of(editor).composer_.open() ? next : first;
  }

  // libedit asks for the next character; the host is served while the user thinks.
  static int read_character(EditLine* editor, wchar_t* character) {
    Terminal& self = of(editor);
    self.editing_ = true;
    std::mbstate_t state{};
    while (true) {
      while (!wait_for_input(self.session_, STDIN_FILENO, std::chrono::minutes{1})) {
      }
      char byte = 0;
      if (::read(STDIN_FILENO, &byte, 1) != 1) {
        return 0;
      }
      const std::size_t size = std::mbrtowc(character, &byte, 1, &state);
      if (size == 0 || size == 1) {
        return 1;
      }
      if (size == static_cast<std::size_t>(-1)) {
        state = {};
      }
    }
  }

  // Above the line that is being edited.
  void show(const std::string& text) {
    std::printf(editing_ ? "\r\x1b[K%s\n" : "%s\n", text.c_str());
    std::fflush(stdout);
    if (editing_) {
      ::el_set(editor_.get(), EL_REFRESH);
    }
  }

  std::unique_ptr<EditLine, EndEditor> editor_;
  std::unique_ptr<History, EndHistory> history_;
  ChatSession session_;
  Composer composer_;
  bool editing_ = false;
};

// ---- a pipe ------------------------------------------------------------------------------------

// The next whole line of standard input, served in between; nothing at its end.
class PipeInput {
 public:
  std::optional<std::string> next_line(ChatSession& session) {
    while (true) {
      const std::size_t end = buffer_.find('\n');
      if (end != std::string::npos || (ended_ && !buffer_.empty())) {
        std::string line = buffer_.substr(0, end);
        buffer_.erase(0, end == std::string::npos ? buffer_.size() : end + 1);
        return line;
      }
      if (ended_) {
        return std::nullopt;
      }
      if (wait_for_input(session, STDIN_FILENO, std::chrono::minutes{1})) {
        std::array<char, 4096> bytes{};
        const ssize_t size = ::read(STDIN_FILENO, bytes.data(), bytes.size());
        ended_ = size <= 0;
        buffer_.append(bytes.data(), static_cast<std::size_t>(std::max<ssize_t>(0, size)));
      }
    }
  }

 private:
  std::string buffer_;
  bool ended_ = false;
};

int run_in_pipe(const ChatOptions& options) {
  ChatSession session(options, [](const std::string& text) {
    std::printf("%s\n", text.c_str());
    std::fflush(stdout);
  });
  if (!session.connect()) {
    std::fprintf(stderr,
                 "patchbay: no host with a console listens on %s; start it with `patchbay`\n",
                 options.socket.c_str());
    return kNotRunning;
  }
  Composer composer(session);
  PipeInput input;
  bool good = true;
  while (auto line = input.next_line(session)) {
    if (!composer.take(*line, good)) {
      break;
    }
  }
  const int expected = options.answers < 0 ? session.said() : options.answers;
  const auto deadline = Clock::now() + options.answer_timeout;
  while (session.unsent() != 0 || session.answered() < expected) {
    const auto left =
        std::chrono::duration_cast<std::chrono::milliseconds>(deadline - Clock::now());
    if (left.count() <= 0) {
      std::fprintf(stderr, "patchbay: %d of %d answers came in time; --timeout gives them longer\n",
                   session.answered(), expected);
      return kFailed;
    }
    wait_for_input(session, -1, left);
  }
  return good ? kDone : kFailed;
}

}  // namespace

int run_chat(const ChatOptions& options) {
  if (::isatty(STDIN_FILENO) == 0 || ::isatty(STDOUT_FILENO) == 0) {
    return run_in_pipe(options);
  }
  return Terminal(options).run(options);
}

}  // namespace patchbay::console
