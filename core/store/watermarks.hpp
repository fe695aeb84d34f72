// How far the host has read each session's outbound.db. Stored in the same unit of work as the
// ledger rows that it covers.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "base/ids.hpp"
#include "base/status.hpp"

namespace patchbay::store {

class Statements;

// The fields of session::Watermark, which this folder does not know.
struct WatermarkRecord {
  std::int64_t rowid = 0;
  std::string id;
  std::int64_t seq = 0;
  std::uint64_t inode = 0;
  std::int64_t schema_version = 0;
};

class WatermarkRepository {
 public:
  explicit WatermarkRepository(Statements& statements) : statements_(statements) {}

  base::Result<std::optional<WatermarkRecord>> find(const base::AgentGroupId& agent,
                                                    const base::SessionId& session);
  base::Status put(const base::AgentGroupId& agent, const base::SessionId& session,
                   const WatermarkRecord& watermark);
  base::Status remove(const base::AgentGroupId& agent, const base::SessionId& session);

 private:
  Statements& statements_;
};

}  // namespace patchbay::store
