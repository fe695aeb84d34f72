#include "agents/agent_group.hpp"

#include <cerrno>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>

namespace patchbay::agents {

base::Status prepare_workspace(const AgentGroup& group) {
  namespace fs = std::filesystem;
  std::error_code error;
  fs::create_directories(group.workspace, error);
  if (error) {
    return base::Status::from_errno(error.value(), "cannot make the workspace " + group.workspace +
                                                       " of agent " + group.id.str());
  }
  nlohmann::ordered_json container = {
      {"provider", kProvider},
      {"assistantName", group.name},
      {"groupName", group.name},
      {"agentGroupId", group.id.str()},
      {"maxMessagesPerPrompt", group.messages_per_prompt},
      {"mcpServers", nlohmann::ordered_json::object()},
  };
  if (!group.model.empty()) {
    container["model"] = group.model;
  }
  if (!group.effort.empty()) {
    container["effort"] = group.effort;
  }
  const fs::path target = fs::path(group.workspace) / "container.json";
  const fs::path temporary = fs::path(group.workspace) / ".container.json.new";
  {
    std::ofstream file(temporary, std::ios::trunc);
    file << container.dump(2) << '\n';
    if (!file.flush()) {
      return base::Status::from_errno(errno, "cannot write " + temporary.string());
    }
  }
  fs::rename(temporary, target, error);
  if (error) {
    return base::Status::from_errno(error.value(), "cannot write " + target.string());
  }
  return {};
}

}  // namespace patchbay::agents
