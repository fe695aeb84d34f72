#include "host/first_steps.hpp"

#include <algorithm>

#include "adapters/adapters.hpp"
#include "host/shell_word.hpp"

namespace patchbay::host {
namespace {

bool is_echo(const agents::AgentGroup& group) {
  return group.command == std::vector<std::string>{"patchbay-agent", "--echo"};
}

// Why `patchbay chat` would find nobody; empty: it finds somebody.
std::string console_problem(const adapters::AdapterHost& channels) {
  const auto& plugins = channels.plugins();
  if (std::none_of(plugins.begin(), plugins.end(),
                   [](const adapters::PluginStatus& plugin) { return plugin.problem.ok(); })) {
    return "no adapter was loaded; give the folder that holds console.so and "
           "console.adapter.json by --plugins DIR";
  }
  for (const adapters::InstanceStatus& instance : channels.status()) {
    if (instance.name.str() == "console") {
      return instance.state == delivery::InstanceState::kFailed ? instance.reason : "";
    }
  }
  return "no instance is called console";
}

}  // namespace

std::string first_steps(const std::string& program, const std::string& data,
                        const ConfigOverrides& overrides, const agents::AgentGroup& agent,
                        const adapters::AdapterHost& channels) {
  const std::string command = shell_word(program);
  const std::string where = overrides.data_dir.empty() ? "" : " --data " + shell_word(data);
  const std::string problem = console_problem(channels);
  const std::string who = is_echo(agent) ? "an echo agent" : "agent " + agent.id.str();
  return "Patchbay is running" +
         (problem.empty() ? ": " + who + " answers" : " with nobody to talk to") + ", data is in " +
         data + "\n" +
         (problem.empty() ? "Talk to it in another terminal:  " + command + " chat" + where
                          : "There is no console: " + problem) +
         "\nSee how it is:  " + command + " status" + where + "   (Ctrl-C here stops it)\n";
}

}  // namespace patchbay::host
