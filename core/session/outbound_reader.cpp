#include "session/outbound_reader.hpp"

#include <algorithm>
#include <array>
#include <sqlite3.h>

#include "base/iso_time.hpp"
#include "base/limits.hpp"
#include "base/text.hpp"
#include "session/outbound_row.hpp"
#include "session/schema_upgrade.hpp"

namespace patchbay::session {
namespace {

using base::Code;
using base::Result;
using base::Status;

constexpr std::size_t kStatusBytes = 200;

constexpr std::string_view kLargest =
    "SELECT seq FROM messages_out WHERE seq BETWEEN 1 AND 9007199254740992"
    " ORDER BY seq DESC LIMIT 1";
constexpr std::string_view kById = "SELECT rowid, id FROM messages_out WHERE id = ?1";
constexpr std::string_view kBySeq = "SELECT rowid, id FROM messages_out WHERE seq = ?1";
constexpr std::string_view kIdAt = "SELECT id FROM messages_out WHERE rowid = ?1";
constexpr std::string_view kAfterRowid =
    "SELECT rowid FROM messages_out WHERE rowid > ?1 ORDER BY rowid LIMIT ?2";
// Rows put into gaps: their rowid is old, their seq is not. In the order of seq, so that a look
// that ends among them can go on from the largest seq it accepted.
constexpr std::string_view kAfterSeq =
    "SELECT rowid FROM messages_out WHERE seq > ?1 AND seq <= 9007199254740992 AND rowid < ?2"
    " ORDER BY seq LIMIT ?3";
constexpr std::string_view kAllRowids = "SELECT rowid FROM messages_out ORDER BY rowid";
constexpr std::string_view kAcknowledgement =
    "SELECT status, status_changed FROM processing_ack WHERE message_id = ?1";

}  // namespace

AckStatus acknowledged_status(std::string_view text) {
  if (text == "processing") {
    return AckStatus::kProcessing;
  }
  return text == "failed" || text == "script-skip:error" ? AckStatus::kFailed
                                                         : AckStatus::kCompleted;
}

Result<OutboundReader> OutboundReader::open(const attachments::ConfinedFolder& folder,
                                            std::chrono::milliseconds busy) {
  PATCHBAY_ASSIGN(Database database,
                  Database::open(folder, DatabaseFile::kOutbound, Database::Mode::kReadOnly, busy));
  OutboundReader reader(std::move(database));
  Database& opened = reader.database_;
  PATCHBAY_TRY(opened.execute("BEGIN"));
  PATCHBAY_ASSIGN(const auto version, opened.number("PRAGMA schema_version"));
  reader.schema_version_ = version.value_or(0);
  PATCHBAY_TRY(check_plain_table(opened, "messages_out", "id"));
  PATCHBAY_TRY(check_plain_table(opened, "processing_ack", "message_id"));
  return reader;
}

Result<std::int64_t> OutboundReader::largest_seq() {
  PATCHBAY_ASSIGN(const auto largest, database_.number(kLargest));
  return largest.value_or(0);
}

Result<std::uint32_t> OutboundReader::change_counter() {
  // In the transaction, so it belongs to what is read.
  constexpr sqlite3_int64 kOffset = 24;
  sqlite3_file* file = nullptr;
  std::array<unsigned char, 4> bytes{};
  if (sqlite3_file_control(database_.handle(), "main", SQLITE_FCNTL_FILE_POINTER, &file) !=
          SQLITE_OK ||
      file->pMethods->xRead(file, bytes.data(), static_cast<int>(bytes.size()), kOffset) !=
          SQLITE_OK) {
    return database_.refuse("it has no header");
  }
  std::uint32_t counter = 0;
  for (const unsigned char byte : bytes) {
    counter = counter << 8U | byte;
  }
  return counter;
}

Result<OutboundLook> OutboundReader::begin_look() {
  OutboundLook look;
  PATCHBAY_ASSIGN(look.largest_seq, largest_seq());
  PATCHBAY_ASSIGN(look.change_counter, change_counter());
  look.inode = database_.inode();
  look.batch.watermark.inode = look.inode;
  look.batch.watermark.schema_version = schema_version_;
  return look;
}

Result<std::optional<std::string>> OutboundReader::id_at(std::int64_t rowid) {
  PATCHBAY_ASSIGN(Statement find, database_.prepare(kIdAt));
  const auto found = find.bind(1, rowid).step();
  if (!found.ok()) {
    return found.status().code() == Code::kTooLarge
               ? Result<std::optional<std::string>>(id_of_rowid(rowid))
               : Result<std::optional<std::string>>(found.status());
  }
  return *found ? std::optional(outbound_id(find, 0, rowid)) : std::optional<std::string>();
}

Result<bool> OutboundReader::lost_rows(const Watermark& before, const Watermark& now) {
  if (before.rowid == 0 && before.seq == 0) {
    return false;  // nothing was accepted yet
  }
  if (before.inode != now.inode || before.schema_version != now.schema_version) {
    return true;
  }
  PATCHBAY_ASSIGN(const auto rowid, database_.number("SELECT max(rowid) FROM messages_out"));
  PATCHBAY_ASSIGN(const std::int64_t seq, largest_seq());
  if (rowid.value_or(0) < before.rowid || seq < before.seq) {
    return true;
  }
  PATCHBAY_ASSIGN(const auto id, id_at(before.rowid));
  return id != before.id;
}

Status OutboundReader::collect_new(const Watermark& watermark, std::vector<std::int64_t>& rowids) {
  const auto limit = static_cast<std::int64_t>(limits::kDrainRows) + 1;
  const auto collect = [&rowids](Statement& statement) -> Status {
    for (;;) {
      PATCHBAY_ASSIGN(const bool row, statement.step());
      if (!row) {
        return {};
      }
      rowids.push_back(statement.number(0));
    }
  };
  PATCHBAY_ASSIGN(Statement by_seq, database_.prepare(kAfterSeq));
  PATCHBAY_TRY(collect(by_seq.bind(1, watermark.seq).bind(2, watermark.rowid).bind(3, limit)));
  PATCHBAY_ASSIGN(Statement by_rowid, database_.prepare(kAfterRowid));
  PATCHBAY_TRY(collect(by_rowid.bind(1, watermark.rowid).bind(2, limit)));
  return {};
}

Result<OutboundLook> OutboundReader::read_new(const Watermark& watermark) {
  PATCHBAY_ASSIGN(OutboundLook look, begin_look());
  OutboundBatch& batch = look.batch;
  PATCHBAY_ASSIGN(const bool lost, lost_rows(watermark, batch.watermark));
  if (lost) {
    batch.watermark = watermark;
    batch.full_comparison_needed = true;
    return look;
  }
  batch.watermark.rowid = watermark.rowid;
  batch.watermark.id = watermark.id;
  batch.watermark.seq = watermark.seq;
  std::vector<std::int64_t> rowids;
  PATCHBAY_TRY(collect_new(watermark, rowids));
  PATCHBAY_TRY(read_rows(rowids, look));
  return look;
}

Result<OutboundLook> OutboundReader::read_unknown(const std::unordered_set<std::string>& known) {
  PATCHBAY_ASSIGN(OutboundLook look, begin_look());
  Watermark& end = look.batch.watermark;
  std::vector<std::int64_t> rowids;
  PATCHBAY_ASSIGN(Statement all, database_.prepare(kAllRowids));
  PATCHBAY_ASSIGN(Statement id_of, database_.prepare(kIdAt));
  while (rowids.size() <= limits::kDrainRows) {
    PATCHBAY_ASSIGN(const bool row, all.step());
    if (!row) {
      break;
    }
    const std::int64_t rowid = all.number(0);
    const auto found = id_of.bind(1, rowid).step();
    if (!found.ok() && found.status().code() != Code::kTooLarge) {
      return found.status();
    }
    std::string id = found.ok() ? outbound_id(id_of, 0, rowid) : id_of_rowid(rowid);
    id_of.reset();
    if (!known.contains(id)) {
      rowids.push_back(rowid);
    } else {
      end.rowid = rowid;
      end.id = std::move(id);
    }
  }
  PATCHBAY_TRY(read_rows(rowids, look));
  end.seq = look.largest_seq;
  if (look.batch.more) {
    // Once more, with these among the known; no drain may go on from here, even after a crash.
    look.batch.full_comparison_needed = true;
    end.inode = 0;
  }
  return look;
}

Status OutboundReader::read_rows(std::span<const std::int64_t> rowids, OutboundLook& look) {
  OutboundBatch& batch = look.batch;
  std::string sql = "SELECT ";
  sql += kOutboundColumns;
  sql += " FROM messages_out WHERE rowid = ?1";
  PATCHBAY_ASSIGN(Statement statement, database_.prepare(sql));
  std::size_t bytes = 0;
  for (const std::int64_t rowid : rowids) {
    if (batch.messages.size() == limits::kDrainRows || bytes > limits::kDrainBytes) {
      batch.more = true;
      break;
    }
    PATCHBAY_ASSIGN(auto message, read_row(statement, rowid));
    if (!message) {
      continue;
    }
    bytes += message->content.size();
    if (rowid >= batch.watermark.rowid) {
      batch.watermark.rowid = rowid;
      batch.watermark.id = message->id;
    }
    batch.watermark.seq = std::max(batch.watermark.seq, message->seq.value_or(0));
    batch.messages.push_back(std::move(*message));
  }
  std::sort(batch.messages.begin(), batch.messages.end(),
            [](const auto& a, const auto& b) { return a.rowid < b.rowid; });
  for (std::size_t i = 0; i < batch.messages.size(); ++i) {
    PATCHBAY_ASSIGN(auto target, find_target(batch.messages[i]));
    if (target) {
      target->message = i;
      look.targets.push_back(std::move(*target));
    }
  }
  return {};
}

Result<std::optional<OutboundMessage>> OutboundReader::read_row(Statement& statement,
                                                                std::int64_t rowid) {
  const auto found = statement.bind(1, rowid).step();
  if (!found.ok() && found.status().code() == Code::kTooLarge) {
    PATCHBAY_ASSIGN(auto id, id_at(rowid));
    return std::optional(oversized_row(rowid, id ? std::move(*id) : id_of_rowid(rowid)));
  }
  if (!found.ok()) {
    return found.status();
  }
  std::optional<OutboundMessage> message;
  if (*found) {
    message = outbound_row(statement, rowid);
  }
  statement.reset();
  return message;
}

Result<std::optional<std::string>> OutboundReader::find_id(std::string_view id) {
  PATCHBAY_ASSIGN(Statement find, database_.prepare(kById));
  PATCHBAY_ASSIGN(const bool found, find.bind(1, id).step());
  return found ? std::optional(outbound_id(find, 1, find.number(0))) : std::optional<std::string>();
}

Result<std::optional<std::string>> OutboundReader::find_seq(std::int64_t seq) {
  PATCHBAY_ASSIGN(Statement find, database_.prepare(kBySeq));
  PATCHBAY_ASSIGN(const bool found, find.bind(1, seq).step());
  return found ? std::optional(outbound_id(find, 1, find.number(0))) : std::optional<std::string>();
}

Result<std::optional<UnresolvedTarget>> OutboundReader::find_target(
    const OutboundMessage& message) {
  auto reference = message.refusal.empty() ? target_of_content(message.content) : std::nullopt;
  if (!reference) {
    return std::optional<UnresolvedTarget>();
  }
  UnresolvedTarget target;
  target.reference = std::move(*reference);
  PATCHBAY_ASSIGN(target.row_of_id, find_id(target.reference));
  target.seq = sequence_number(target.reference);
  if (target.seq) {
    PATCHBAY_ASSIGN(target.row_of_seq, find_seq(*target.seq));
  }
  return std::optional(std::move(target));
}

Result<std::vector<Acknowledgement>> OutboundReader::read_acknowledgements(
    std::span<const std::string> ids) {
  std::vector<Acknowledgement> result;
  PATCHBAY_ASSIGN(Statement find, database_.prepare(kAcknowledgement));
  for (const std::string& id : ids) {
    const auto found = find.bind(1, id).step();
    if (!found.ok() && found.status().code() != Code::kTooLarge) {
      return found.status();
    }
    if (found.ok() && *found) {
      const std::string_view status = find.text(0);
      result.push_back({.message_id = id,
                        .status = acknowledged_status(status),
                        .raw_status = std::string(base::utf8_prefix(
                            base::to_valid_utf8(status.substr(0, kStatusBytes)), kStatusBytes)),
                        .changed = base::parse_time(find.text(1))});
    }
    find.reset();
  }
  return result;
}

}  // namespace patchbay::session
