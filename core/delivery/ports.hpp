// What delivery needs of others for rows that do not go to a chat. Implemented by the host.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/status.hpp"
#include "base/unique_function.hpp"
#include "session/types.hpp"

namespace patchbay::delivery {

// A row of kind system. Repeated after a crash with the same row id: doing it again must change
// nothing.
struct SystemAction {
  session::SessionAddress session;
  std::string message_out_id;
  std::string action;      // "schedule_task", …
  std::string request_id;  // of a tool that waits for the answer; may be empty
  std::string content;     // the whole row, a JSON object
};

class SystemActionPort {
 public:
  virtual ~SystemActionPort() = default;
  // [core thread] `done` comes once, on the core thread. ok: the effect is durable, and whatever
  // the agent is to be told of it has been written. kNotFound: there is no such action. kBusy,
  // kUnavailable, kTimeout: nothing was done, it is tried again later. Any other failure is final;
  // delivery answers the agent with its message.
  virtual void perform(SystemAction action, base::UniqueFunction<void(base::Status)> done) = 0;
};

// A row to another agent (channel_type "agent"). Repeated after a crash with the same ids.
struct AgentMessage {
  session::SessionAddress from;
  std::string message_out_id;
  base::AgentGroupId to;
  std::string content;             // the whole row, a JSON object
  std::string spool;               // folder in the spool with its files; empty: none
  std::vector<std::string> files;  // names in it; valid until done
};

class AgentMessagePort {
 public:
  virtual ~AgentMessagePort() = default;
  // [core thread] Failures as for SystemActionPort. ok: it is in the other agent's inbound.db.
  virtual void send(AgentMessage message, base::UniqueFunction<void(base::Status)> done) = 0;
};

}  // namespace patchbay::delivery
