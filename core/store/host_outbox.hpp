// What the host itself says (denials, pairing codes, approval cards, notices, gateway sends), put
// here in the same unit of work as the effect that it tells of. Delivery takes the rows over into
// the ledger, accept() and remove() in one unit.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "base/status.hpp"
#include "store/records.hpp"

namespace patchbay::store {

class Statements;

struct HostMessage {
  std::int64_t id = 0;         // order
  std::string message_out_id;  // unique among all that the host ever said
  LaneKey lane;
  std::string kind = "chat";
  std::string content;      // the shapes of messages_out.content
  std::string in_reply_to;  // platform id; empty: none
  std::string spool;        // folder in the spool with its files; empty: none
  std::vector<std::string> files;
  base::WallTime created_at;
};

class HostOutboxRepository {
 public:
  explicit HostOutboxRepository(Statements& statements) : statements_(statements) {}

  // False: one of this message_out_id waits here or is in the ledger already; nothing changes.
  base::Result<bool> put(const HostMessage& message);
  // In the order of put().
  base::Result<std::vector<HostMessage>> load(std::size_t limit);
  base::Status remove(std::int64_t id);

 private:
  Statements& statements_;
};

}  // namespace patchbay::store
