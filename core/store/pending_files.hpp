// Rows that were committed with attachments pending: what is still to be fetched for them, kept
// until CompleteAttachments is durable.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "base/ids.hpp"
#include "base/status.hpp"

namespace patchbay::store {

class Statements;

struct PendingFilesRecord {
  std::int64_t id = 0;  // order
  base::AgentGroupId agent;
  base::SessionId session;
  std::string row_id;
  std::string event;  // the routing event as JSON, with its references
};

class PendingFilesRepository {
 public:
  explicit PendingFilesRepository(Statements& statements) : statements_(statements) {}

  // One of this agent, session and row id that is there stays.
  base::Status insert(const PendingFilesRecord& record);
  base::Status remove(const base::AgentGroupId& agent, const base::SessionId& session,
                      const std::string& row_id);
  base::Result<bool> contains(const base::AgentGroupId& agent, const base::SessionId& session,
                              const std::string& row_id);
  base::Result<std::vector<PendingFilesRecord>> load(std::int64_t after, std::size_t limit);

 private:
  Statements& statements_;
};

}  // namespace patchbay::store
