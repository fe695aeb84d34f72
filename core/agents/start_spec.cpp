#include "agents/start_spec.hpp"

namespace patchbay::agents {

StartSpec make_start_spec(const session::SessionAddress& session, const AgentGroup& group,
                          const std::string& session_folder, const std::string& logs_folder) {
  StartSpec spec;
  spec.session = session;
  spec.command = group.command;
  spec.working_directory = group.workspace;
  spec.env = group.env;
  spec.env["PATCHBAY_SESSION_DIR"] = session_folder;
  spec.env["PATCHBAY_AGENT_DIR"] = group.workspace;
  spec.env["PATCHBAY_AGENT_GROUP"] = session.agent.str();
  spec.env["PATCHBAY_SESSION_ID"] = session.id.str();
  if (!group.timezone.empty()) {
    spec.env["TZ"] = group.timezone;
  }
  spec.log_file = log_file_of(session, logs_folder);
  return spec;
}

std::string log_file_of(const session::SessionAddress& session, const std::string& logs_folder) {
  return logs_folder + "/" + session_name(session) + ".log";
}

}  // namespace patchbay::agents
