#include <cerrno>
#include <cstdio>
#include <cstring>
#include <unistd.h>

#include "console/client/chat_options.hpp"
#include "console/client/pipe.hpp"
#include "console/client/received_file.hpp"
#include "console/client/terminal.hpp"
#include "console/frames.hpp"

namespace patchbay::console {
namespace {

bool can_save_in(const std::string& folder) {
  return folder == kHere || ReceivedFile::create(folder, "probe").has_value();
}

}  // namespace

int run_chat(const ChatOptions& options) {
  if (!is_chat_name(options.chat)) {
    std::fprintf(stderr, "patchbay: chat %s: %s\n", options.chat.c_str(), kChatNameRule);
    return kChatUsage;
  }
  if (!can_save_in(options.save_folder)) {
    std::fprintf(stderr,
                 "patchbay: --save %s: files cannot be saved there: %s; name a folder that "
                 "exists and that you may write to\n",
                 options.save_folder.c_str(), std::strerror(errno));
    return kChatUsage;
  }
  const bool person = ::isatty(STDIN_FILENO) != 0 && ::isatty(STDOUT_FILENO) != 0;
  return person ? run_in_terminal(options) : run_in_pipe(options);
}

}  // namespace patchbay::console
