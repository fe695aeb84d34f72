#include "session/outbound_writer.hpp"

#include <algorithm>

#include "base/iso_time.hpp"
#include "base/limits.hpp"
#include "base/text.hpp"
#include "session/outbound_reader.hpp"
#include "session/schema_upgrade.hpp"

namespace patchbay::session {
namespace {

using base::Code;
using base::Result;
using base::Status;

// "YYYY-MM-DD HH:MM:SS", as the agent's own rows have it.
std::string sqlite_time(base::WallTime time) {
  std::string text = base::format_iso_utc(time);
  text.resize(std::string_view("YYYY-MM-DDTHH:MM:SS").size());
  text[std::string_view("YYYY-MM-DD").size()] = ' ';
  return text;
}

}  // namespace

Result<OutboundWriter> OutboundWriter::open(const attachments::ConfinedFolder& folder,
                                            std::chrono::milliseconds busy) {
  PATCHBAY_ASSIGN(Database database, Database::open(folder, DatabaseFile::kOutbound,
                                                    Database::Mode::kReadWrite, busy));
  PATCHBAY_TRY(database.execute("PRAGMA synchronous = EXTRA"));
  PATCHBAY_TRY(database.execute("BEGIN IMMEDIATE"));
  PATCHBAY_TRY(bring_up_to_date(database, DatabaseFile::kOutbound));
  PATCHBAY_TRY(check_plain_table(database, "messages_out", "id"));
  PATCHBAY_TRY(check_plain_table(database, "processing_ack", "message_id"));
  return OutboundWriter(std::move(database));
}

Result<std::vector<Acknowledgement>> OutboundWriter::acknowledgements() {
  PATCHBAY_ASSIGN(Statement read, database_.prepare("SELECT message_id, status, status_changed FROM"
                                                    " processing_ack WHERE length(message_id) <= ?1"
                                                    " ORDER BY rowid DESC LIMIT ?2"));
  read.bind(1, static_cast<std::int64_t>(limits::kRowIdBytes)).bind(2, kAcknowledgements);
  std::vector<Acknowledgement> result;
  for (;;) {
    PATCHBAY_ASSIGN(const bool row, read.step());
    if (!row) {
      return result;
    }
    const std::string status = base::to_valid_utf8(read.text(1).substr(0, limits::kRowIdBytes));
    result.push_back({.message_id = std::string(read.text(0)),
                      .status = acknowledged_status(status),
                      .raw_status = status,
                      .changed = base::parse_time(read.text(2))});
  }
}

Status OutboundWriter::forget_acknowledgements() {
  return database_.execute("DELETE FROM processing_ack");
}

Result<CommandOutcome> OutboundWriter::insert(const DirectOutboundRow& row,
                                              std::int64_t inbound_seq, base::WallTime now) {
  if (row.id.empty() || row.id.size() > limits::kRowIdBytes) {
    return Status(Code::kInvalidArgument,
                  "the id of an outbound row must have 1 to 200 bytes: \"" + row.id + "\"");
  }
  PATCHBAY_ASSIGN(const auto largest,
                  database_.number("SELECT seq FROM messages_out WHERE seq BETWEEN 1 AND"
                                   " 9007199254740992 ORDER BY seq DESC LIMIT 1"));
  const std::int64_t above = std::max(inbound_seq, largest.value_or(0));
  PATCHBAY_ASSIGN(Statement insert,
                  database_.prepare("INSERT INTO messages_out (id, seq, timestamp, kind,"
                                    " platform_id, channel_type, thread_id, content)"
                                    " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)"
                                    " ON CONFLICT(id) DO NOTHING"));
  const std::string timestamp = sqlite_time(now);
  insert.bind(1, row.id)
      .bind(2, above + 1 + above % 2)
      .bind(3, timestamp)
      .bind(4, row.kind)
      .bind_or_null(5, row.address.platform_id)
      .bind_or_null(6, row.address.channel_type)
      .bind_or_null(7, row.address.thread_id)
      .bind(8, row.content);
  PATCHBAY_TRY(insert.run());
  return database_.changes() == 0 ? CommandOutcome::kDuplicate : CommandOutcome::kDone;
}

Status OutboundWriter::check() { return check_whole(database_, Depth::kPages); }

Status OutboundWriter::commit() { return database_.execute("COMMIT"); }

}  // namespace patchbay::session
