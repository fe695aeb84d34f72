#include "host/chat_command.hpp"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <nlohmann/json.hpp>
#include <vector>

#include "base/ids.hpp"
#include "console/client/chat_options.hpp"
#include "console/frames.hpp"
#include "host/client_commands.hpp"
#include "net/unix_stream.hpp"

namespace patchbay::host {
namespace {

using nlohmann::json;

constexpr std::chrono::seconds kControlAnswer{5};
constexpr const char* kUsualInstance = "console";  // and the channel's name

// The user's own name, where a chat may have it.
std::string default_chat() {
  const char* user = std::getenv("USER");
  return user != nullptr && console::is_chat_name(user) ? user : "me";
}

// Nobody listens on the instance's socket: that has two causes and two remedies.
int tell_why_nobody_listens(const std::string& instance, const std::string& data_dir) {
  if (net::UnixStream::connect(control_socket_path(data_dir), kControlAnswer).ok()) {
    std::fprintf(stderr,
                 "patchbay: the host runs, but no console instance \"%s\" is online; see `patchbay "
                 "status`, and name one with --instance\n",
                 instance.c_str());
    return kExitUsage;
  }
  std::fprintf(stderr,
               "patchbay: no host runs on %s; start it with `patchbay`, or name its folder with "
               "--data\n",
               data_dir.c_str());
  return kExitNotRunning;
}

// The instances of the console channel; none also when no host tells.
std::vector<std::string> console_instances(const std::string& data_dir) {
  std::vector<std::string> names;
  const auto status = call_host(data_dir, "status", json::object());
  const json instances = status.ok() ? status->value("instances", json::array()) : json();
  for (const json& instance : instances) {
    if (instance.value("channel", "") == kUsualInstance) {
      names.push_back(instance.value("name", ""));
    }
  }
  return names;
}

// The one to talk to when none was named; empty: it was told that there are several.
std::string default_instance(const std::string& data_dir) {
  const std::vector<std::string> names = console_instances(data_dir);
  if (names.empty() || std::find(names.begin(), names.end(), kUsualInstance) != names.end()) {
    return kUsualInstance;
  }
  if (names.size() == 1) {
    return names.front();
  }
  std::string all;
  for (const std::string& name : names) {
    all += (all.empty() ? "" : ", ") + name;
  }
  std::fprintf(stderr,
               "patchbay: the host has several console instances (%s); name one with --instance\n",
               all.c_str());
  return {};
}

// Negative: nobody can tell.
int count_waiting(const std::string& data_dir, const std::string& instance,
                  const std::string& chat) {
  // A terminal's chat is one with its person.
  const auto counted = call_host(data_dir, "deliveries.count",
                                 {{"instance", instance}, {"chat", instance + ":dm:" + chat}});
  return counted.ok() ? counted->value("waiting", -1) : -1;
}

}  // namespace

int run_chat_command(const CommandLine& line, const std::string& data_dir) {
  if (line.arguments.size() > 1) {
    std::fprintf(stderr, "patchbay: chat takes one name: patchbay chat [NAME]\n");
    return kExitUsage;
  }
  const std::string instance = line.instance.empty() ? default_instance(data_dir) : line.instance;
  if (instance.empty()) {
    return kExitUsage;
  }
  if (!base::is_instance_name(instance)) {
    std::fprintf(
        stderr, "patchbay: --instance %s: an instance's name has a-z, 0-9 and - only, at most 32\n",
        instance.c_str());
    return kExitUsage;
  }
  console::ChatOptions options;
  options.socket = data_dir + "/run/" + instance + ".sock";
  options.chat = line.arguments.empty() ? default_chat() : line.arguments.front();
  options.save_folder = line.save_folder;
  options.answers = line.answers;
  options.answer_timeout = line.timeout;
  options.count_waiting = [&] { return count_waiting(data_dir, instance, options.chat); };
  const int code = console::run_chat(options);
  return code == console::kChatNobodyListens ? tell_why_nobody_listens(instance, data_dir) : code;
}

}  // namespace patchbay::host
