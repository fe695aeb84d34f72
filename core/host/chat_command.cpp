#include "host/chat_command.hpp"

#include <cstdio>
#include <cstdlib>

#include "base/ids.hpp"
#include "console/client/chat_options.hpp"
#include "console/frames.hpp"
#include "host/client_commands.hpp"
#include "net/unix_stream.hpp"

namespace patchbay::host {
namespace {

constexpr std::chrono::seconds kControlAnswer{5};

// The user's own name, where a chat may have it.
std::string default_chat() {
  const char* user = std::getenv("USER");
  return user != nullptr && console::is_chat_name(user) ? user : "me";
}

// Nobody listens on the instance's socket: that has two causes and two remedies.
int tell_why_nobody_listens(const CommandLine& line, const std::string& data_dir) {
  if (net::UnixStream::connect(control_socket_path(data_dir), kControlAnswer).ok()) {
    std::fprintf(stderr,
                 "patchbay: the host runs, but no console instance \"%s\" is online; see `patchbay "
                 "status`, and name one with --instance\n",
                 line.instance.c_str());
    return kExitUsage;
  }
  std::fprintf(stderr,
               "patchbay: no host runs on %s; start it with `patchbay`, or name its folder with "
               "--data\n",
               data_dir.c_str());
  return kExitNotRunning;
}

}  // namespace

int run_chat_command(const CommandLine& line, const std::string& data_dir) {
  if (line.arguments.size() > 1) {
    std::fprintf(stderr, "patchbay: chat takes one name: patchbay chat [NAME]\n");
    return kExitUsage;
  }
  if (!base::is_instance_name(line.instance)) {
    std::fprintf(
        stderr, "patchbay: --instance %s: an instance's name has a-z, 0-9 and - only, at most 32\n",
        line.instance.c_str());
    return kExitUsage;
  }
  console::ChatOptions options;
  options.socket = data_dir + "/run/" + line.instance + ".sock";
  options.chat = line.arguments.empty() ? default_chat() : line.arguments.front();
  options.save_folder = line.save_folder;
  options.answers = line.answers;
  options.answer_timeout = line.timeout;
  const int code = console::run_chat(options);
  return code == console::kChatNobodyListens ? tell_why_nobody_listens(line, data_dir) : code;
}

}  // namespace patchbay::host
