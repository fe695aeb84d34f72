#include "host/chat_command.hpp"

#include <cstdio>
#include <cstdlib>

#include "console/client/chat_options.hpp"

namespace patchbay::host {

int run_chat_command(const CommandLine& line, const std::string& data_dir) {
  if (line.arguments.size() > 1) {
    std::fprintf(stderr, "patchbay: chat takes one name: patchbay chat [NAME]\n");
    return kExitUsage;
  }
  console::ChatOptions options;
  options.socket = data_dir + "/run/" + line.instance + ".sock";
  const char* user = std::getenv("USER");
  options.chat = !line.arguments.empty() ? line.arguments.front()
                                         : (user != nullptr && *user != '\0' ? user : "me");
  options.save_folder = line.save_folder;
  options.answers = line.answers;
  options.answer_timeout = line.timeout;
  return console::run_chat(options);
}

}  // namespace patchbay::host
