// What the host does in an agent's outbound.db, only while it holds the session's run lease.
#pragma once

#include <cstdint>
#include <vector>

#include "attachments/confined_folder.hpp"
#include "base/clock.hpp"
#include "base/status.hpp"
#include "session/database.hpp"
#include "session/session_storage.hpp"

namespace patchbay::session {

class OutboundWriter {
 public:
  // Opens read-write, so that a hot journal is rolled back, begins a transaction, and brings the
  // schema up to date.
  static base::Result<OutboundWriter> open(const attachments::ConfinedFolder& folder,
                                           std::chrono::milliseconds busy);

  // What is in processing_ack, the newest kAcknowledgements of it: older ones were taken over.
  [[nodiscard]] base::Result<std::vector<Acknowledgement>> acknowledgements();
  // Once the inbound rows say what became of them: claims and acknowledgements are deleted.
  [[nodiscard]] base::Status forget_acknowledgements();
  // With an odd seq above `inbound_seq` and all of the table's.
  [[nodiscard]] base::Result<CommandOutcome> insert(const DirectOutboundRow& row,
                                                    std::int64_t inbound_seq, base::WallTime now);
  // kCorrupt unless SQLite finds the file whole.
  [[nodiscard]] base::Status check();
  [[nodiscard]] base::Status commit();

  static constexpr std::int64_t kAcknowledgements = 10'000;

 private:
  explicit OutboundWriter(Database database) : database_(std::move(database)) {}
  Database database_;
};

}  // namespace patchbay::session
