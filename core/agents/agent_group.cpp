#include "agents/agent_group.hpp"

#include <cerrno>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <sys/stat.h>

namespace patchbay::agents {
namespace {

// For the host's user alone, whatever lies above it: an agent's notes are nobody else's. What is
// there already keeps the mode that somebody gave it.
base::Status make_private_folders(const std::filesystem::path& folder) {
  std::filesystem::path made;
  for (const std::filesystem::path& name : folder) {
    made /= name;
    std::error_code ignored;
    if (std::filesystem::is_directory(made, ignored)) {
      continue;
    }
    if (::mkdir(made.c_str(), 0700) != 0) {
      return base::Status::from_errno(errno, "cannot make the folder " + made.string());
    }
  }
  return {};
}

}  // namespace

base::Status prepare_workspace(const AgentGroup& group) {
  namespace fs = std::filesystem;
  std::error_code error;
  if (const base::Status made = make_private_folders(group.workspace); !made.ok()) {
    return made.with_context("the workspace " + group.workspace + " of agent " + group.id.str());
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
