#include "console/client/terminal.hpp"

#include <clocale>
#include <cstdio>
#include <cwchar>
#include <histedit.h>
#include <langinfo.h>
#include <memory>
#include <string>
#include <string_view>
#include <unistd.h>

#include "console/client/chat_session.hpp"
#include "console/client/composer.hpp"
#include "console/client/waiting.hpp"

namespace patchbay::console {
namespace {

constexpr int kHistoryLines = 500;

// What is typed and shown is UTF-8, also where nobody has set a locale.
void use_utf8() {
  std::setlocale(LC_CTYPE, "");
  if (std::string_view(::nl_langinfo(CODESET)) != "UTF-8") {
    std::setlocale(LC_CTYPE, "C.UTF-8");
  }
}

class Terminal {
 public:
  explicit Terminal(const ChatOptions& options)
      : print_([this](const std::string& text) { show(text); }),
        session_(options, print_),
        composer_(session_, print_) {}

  int run(const ChatOptions& options) {
    if (!session_.begin()) {
      return kChatNobodyListens;
    }
    use_utf8();
    begin_editing();
    std::printf("attached as %s; %s\n", options.chat.c_str(), kHelp);
    int count = 0;
    while (const char* line = ::el_gets(editor_.get(), &count)) {
      editing_ = false;
      std::string text(line, static_cast<std::size_t>(count));
      text.erase(text.find_last_not_of("\r\n") + 1);
      remember(text);
      if (!composer_.take(std::move(text)) || !session_.ended().empty()) {
        break;
      }
    }
    editing_ = false;
    composer_.finish();
    editor_.reset();  // the terminal is as it was
    std::printf("\n");
    return leave(waiting_, session_);
  }

 private:
  struct EndEditor {
    void operator()(EditLine* editor) const { ::el_end(editor); }
  };
  struct EndHistory {
    void operator()(History* history) const { ::history_end(history); }
  };

  void begin_editing() {
    editor_.reset(::el_init("patchbay", stdin, stdout, stderr));
    history_.reset(::history_init());
    HistEvent event;
    ::history(history_.get(), &event, H_SETSIZE, kHistoryLines);
    ::el_set(editor_.get(), EL_CLIENTDATA, this);
    ::el_set(editor_.get(), EL_PROMPT, &Terminal::prompt);
    ::el_set(editor_.get(), EL_EDITOR, "emacs");
    ::el_set(editor_.get(), EL_SIGNAL, 1);
    ::el_set(editor_.get(), EL_HIST, ::history, history_.get());
    ::el_wset(editor_.get(), EL_GETCFN, &Terminal::read_character);
  }

  void remember(const std::string& line) {
    HistEvent event;
    if (!line.empty()) {
      ::history(history_.get(), &event, H_ENTER, line.c_str());
    }
  }

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

  // libedit asks for the next character; the host is served while the user thinks. 0: the input has
  // ended, or nothing more can come of it.
  static int read_character(EditLine* editor, wchar_t* character) {
    Terminal& self = of(editor);
    self.editing_ = true;
    std::mbstate_t state{};
    while (true) {
      while (!self.waiting_.wait(self.session_, STDIN_FILENO, std::chrono::minutes{1})) {
        if (Waiting::leaves() || !self.session_.ended().empty()) {
          return 0;
        }
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

  Waiting waiting_;
  std::function<void(const std::string&)> print_;
  ChatSession session_;
  Composer composer_;
  std::unique_ptr<EditLine, EndEditor> editor_;
  std::unique_ptr<History, EndHistory> history_;
  bool editing_ = false;
};

}  // namespace

int run_in_terminal(const ChatOptions& options) { return Terminal(options).run(options); }

}  // namespace patchbay::console
