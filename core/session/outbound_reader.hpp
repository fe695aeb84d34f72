// Reads what an agent wrote into its outbound.db, as hostile input. All of one look happens in one
// read transaction; its cost depends on what is new, not on what is there.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <unordered_set>
#include <vector>

#include "attachments/confined_folder.hpp"
#include "base/status.hpp"
#include "session/database.hpp"
#include "session/session_storage.hpp"
#include "session/types.hpp"

namespace patchbay::session {

// content.messageId of a row that edits, reacts or deletes, and what this database knows of it.
struct UnresolvedTarget {
  std::size_t message = 0;  // index into the batch
  std::string reference;
  std::optional<std::string> row_of_id;   // of messages_out
  std::optional<std::int64_t> seq;        // the reference read as a number
  std::optional<std::string> row_of_seq;  // of messages_out
};

struct OutboundLook {
  OutboundBatch batch;
  std::vector<UnresolvedTarget> targets;
  std::int64_t largest_seq = 0;      // of all of messages_out
  std::uint32_t change_counter = 0;  // of the state that was read
  std::uint64_t inode = 0;
};

class OutboundReader {
 public:
  // Begins the read transaction and checks the schema.
  static base::Result<OutboundReader> open(const attachments::ConfinedFolder& folder,
                                           std::chrono::milliseconds busy);

  // What came after the watermark; full_comparison_needed when rows vanished or changed.
  [[nodiscard]] base::Result<OutboundLook> read_new(const Watermark& watermark);
  // All rows whose id is not known.
  [[nodiscard]] base::Result<OutboundLook> read_unknown(
      const std::unordered_set<std::string>& known);
  [[nodiscard]] base::Result<std::vector<Acknowledgement>> read_acknowledgements(
      std::span<const std::string> ids);
  [[nodiscard]] base::Result<SessionStorage::Turn> read_turn();
  // The largest that counts: agents can write any number.
  [[nodiscard]] base::Result<std::int64_t> largest_seq();
  [[nodiscard]] base::Result<std::uint32_t> change_counter();
  [[nodiscard]] std::uint64_t inode() const { return database_.inode(); }

 private:
  explicit OutboundReader(Database database) : database_(std::move(database)) {}

  [[nodiscard]] base::Result<OutboundLook> begin_look();
  [[nodiscard]] base::Result<bool> lost_rows(const Watermark& before, const Watermark& now);
  [[nodiscard]] base::Result<std::optional<std::string>> id_at(std::int64_t rowid);
  [[nodiscard]] base::Result<std::optional<std::string>> find_id(std::string_view id);
  [[nodiscard]] base::Result<std::optional<std::string>> find_seq(std::int64_t seq);
  [[nodiscard]] base::Status collect_new(const Watermark& watermark,
                                         std::vector<std::int64_t>& rowids);
  [[nodiscard]] base::Status read_rows(std::span<const std::int64_t> rowids, OutboundLook& look);
  [[nodiscard]] base::Result<std::optional<OutboundMessage>> read_row(Statement& statement,
                                                                      std::int64_t rowid);
  [[nodiscard]] base::Result<std::optional<UnresolvedTarget>> find_target(
      const OutboundMessage& message);

  Database database_;
  std::int64_t schema_version_ = 0;
};

// processing_ack.status as the host understands it.
[[nodiscard]] AckStatus acknowledged_status(std::string_view text);

}  // namespace patchbay::session
