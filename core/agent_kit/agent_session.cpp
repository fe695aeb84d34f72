#include "agent_kit/agent_session.hpp"

#include <SQLiteCpp/Statement.h>
#include <SQLiteCpp/Transaction.h>
#include <algorithm>
#include <cerrno>
#include <fcntl.h>
#include <sys/stat.h>
#include <utility>

#include "agent_kit/databases.hpp"
#include "attachments/names.hpp"
#include "base/failpoint.hpp"
#include "base/iso_time.hpp"
#include "base/unique_fd.hpp"

namespace patchbay::agent_kit {
namespace {

using base::Code;
using base::Result;
using base::Status;

constexpr const char* kPendingRows =
    "SELECT id, seq, kind, timestamp, channel_type, platform_id, thread_id, content, trigger,"
    " process_after, on_wake FROM messages_in WHERE status = 'pending' ORDER BY seq DESC";
constexpr const char* kPendingSystemRows =
    "SELECT id, seq, kind, timestamp, channel_type, platform_id, thread_id, content, trigger"
    " FROM messages_in WHERE status = 'pending' AND kind = 'system' AND instr(content, ?) > 0"
    " ORDER BY seq";
constexpr const char* kAcknowledge =
    "INSERT INTO processing_ack (message_id, status, status_changed) VALUES (?, ?, ?)"
    " ON CONFLICT (message_id) DO UPDATE SET status = excluded.status,"
    " status_changed = excluded.status_changed";

InboundRow read_row(SQLite::Statement& row) {
  return {.id = row.getColumn(0).getString(),
          .seq = row.getColumn(1).getInt64(),
          .kind = row.getColumn(2).getString(),
          .timestamp = row.getColumn(3).getString(),
          .address = {.channel_type = row.getColumn(4).getString(),
                      .platform_id = row.getColumn(5).getString(),
                      .thread_id = row.getColumn(6).getString()},
          .content = row.getColumn(7).getString(),
          .trigger = row.getColumn(8).getInt() != 0};
}

// Whether a row was claimed or acknowledged, by this process or another of the agent.
class TakenRows {
 public:
  explicit TakenRows(SQLite::Database& outbound)
      : lookup_(outbound, "SELECT 1 FROM processing_ack WHERE message_id = ?") {}
  bool contains(const std::string& id) {
    lookup_.reset();
    lookup_.bind(1, id);
    return lookup_.executeStep();
  }

 private:
  SQLite::Statement lookup_;
};

constexpr const char* kLargestInboundSeq = "SELECT COALESCE(MAX(seq), 0) FROM messages_in";
constexpr const char* kLargestOutboundSeq = "SELECT COALESCE(MAX(seq), 0) FROM messages_out";

std::int64_t largest_seq(SQLite::Database& database, const char* sql) {
  SQLite::Statement query(database, sql);
  query.executeStep();
  return query.getColumn(0).getInt64();
}

// messages_out.timestamp as SQLite's datetime() writes it.
std::string to_the_second(base::WallTime time) {
  std::string text = base::format_iso_utc(time).substr(0, 19);
  text[10] = ' ';
  return text;
}

void bind_or_null(SQLite::Statement& statement, int index, const std::string& text) {
  if (text.empty()) {
    statement.bind(index);
  } else {
    statement.bind(index, text);
  }
}

}  // namespace

std::string answer_row_id(std::string_view inbound_id, int number) {
  return attachments::folder_name_of_id(std::string(inbound_id) + ":re:" + std::to_string(number));
}

AgentSession::AgentSession(std::unique_ptr<Databases> databases, std::string folder,
                           const base::Clock& clock, AgentSessionOptions options)
    : databases_(std::move(databases)),
      folder_(std::move(folder)),
      clock_(clock),
      options_(options) {}

AgentSession::~AgentSession() = default;

Result<std::unique_ptr<AgentSession>> AgentSession::open(const std::string& folder,
                                                         const base::Clock& clock,
                                                         AgentSessionOptions options) {
  return guarded(
      "opening " + folder + "/outbound.db", [&]() -> Result<std::unique_ptr<AgentSession>> {
        std::unique_ptr<AgentSession> session(
            new AgentSession(std::make_unique<Databases>(folder), folder, clock, options));
        PATCHBAY_TRY(session->clear_stale_claims());
        return session;
      });
}

Result<std::unique_ptr<AgentSession>> AgentSession::in_memory(const base::Clock& clock,
                                                              const std::string& files_folder,
                                                              AgentSessionOptions options) {
  return guarded("opening databases in memory", [&]() -> Result<std::unique_ptr<AgentSession>> {
    return std::unique_ptr<AgentSession>(
        new AgentSession(std::make_unique<Databases>(), files_folder, clock, options));
  });
}

Status AgentSession::clear_stale_claims() {
  return guarded("clearing stale claims", [&]() -> Status {
    databases_->outbound().exec("DELETE FROM processing_ack WHERE status = 'processing'");
    return {};
  });
}

Result<DueRows> AgentSession::due() {
  return guarded("reading inbound.db", [&]() -> Result<DueRows> {
    DueRows due;
    const base::WallTime now = clock_.wall_now();
    TakenRows taken(databases_->outbound());
    databases_->with_inbound([&](SQLite::Database& inbound) {
      SQLite::Statement row(inbound, kPendingRows);
      while (row.executeStep()) {
        const std::string process_after = row.getColumn(9).getString();
        const auto due_at = base::parse_time(process_after);
        if (due_at.has_value() && *due_at > now) {
          due.next_due = std::min(due.next_due.value_or(*due_at), *due_at);
          continue;
        }
        const bool wanted =
            due.rows.size() < static_cast<std::size_t>(options_.max_messages_per_prompt) &&
            row.getColumn(2).getString() != "system" && (fresh_ || row.getColumn(10).getInt() == 0);
        if (wanted && !taken.contains(row.getColumn(0).getString())) {
          due.rows.push_back(read_row(row));
        }
      }
    });
    std::reverse(due.rows.begin(), due.rows.end());
    fresh_ = false;
    return due;
  });
}

Result<std::optional<InboundRow>> AgentSession::find_system_row(std::string_view key,
                                                                std::string_view value) {
  const std::string pair = "\"" + std::string(key) + "\":\"" + std::string(value) + "\"";
  return guarded("reading inbound.db", [&]() -> Result<std::optional<InboundRow>> {
    std::optional<InboundRow> found;
    TakenRows taken(databases_->outbound());
    databases_->with_inbound([&](SQLite::Database& inbound) {
      SQLite::Statement row(inbound, kPendingSystemRows);
      row.bind(1, pair);
      while (!found.has_value() && row.executeStep()) {
        if (!taken.contains(row.getColumn(0).getString())) {
          found = read_row(row);
        }
      }
    });
    return found;
  });
}

Status AgentSession::claim(std::span<const InboundRow> rows) {
  return write({}, rows, "processing", {});
}

Status AgentSession::finish(std::span<const InboundRow> rows, Acknowledgement acknowledgement,
                            std::span<const OutboundRow> answers,
                            std::span<const StateChange> state) {
  return write(answers, rows,
               acknowledgement == Acknowledgement::kCompleted ? "completed" : "failed", state);
}

Status AgentSession::send(const OutboundRow& row) { return write({&row, 1}, {}, "", {}); }

Status AgentSession::release(std::span<const InboundRow> rows) {
  return guarded("releasing claims", [&]() -> Status {
    SQLite::Transaction transaction(databases_->outbound(), SQLite::TransactionBehavior::IMMEDIATE);
    SQLite::Statement unclaim(databases_->outbound(),
                              "DELETE FROM processing_ack WHERE message_id = ?"
                              " AND status = 'processing'");
    for (const InboundRow& row : rows) {
      unclaim.reset();
      unclaim.bind(1, row.id);
      unclaim.exec();
    }
    transaction.commit();
    return {};
  });
}

// All in one transaction; the files of the rows lie in outbox/ before it.
Status AgentSession::write(std::span<const OutboundRow> rows,
                           std::span<const InboundRow> acknowledged, std::string_view status,
                           std::span<const StateChange> state) {
  std::vector<std::string> contents;
  for (const OutboundRow& row : rows) {
    PATCHBAY_ASSIGN(std::string content, place_files(row));
    contents.push_back(std::move(content));
    PBAY_FAILPOINT("agent.after_files");
  }
  return guarded("writing outbound.db", [&]() -> Status {
    SQLite::Database& outbound = databases_->outbound();
    // Before the transaction: no lock is held on one file while waiting for the other.
    const std::int64_t inbound_seq =
        rows.empty() ? 0 : databases_->with_inbound([](SQLite::Database& inbound) {
          return largest_seq(inbound, kLargestInboundSeq);
        });
    SQLite::Transaction transaction(outbound, SQLite::TransactionBehavior::IMMEDIATE);
    SQLite::Statement insert(outbound,
                             "INSERT INTO messages_out (id, seq, in_reply_to, timestamp, kind,"
                             " channel_type, platform_id, thread_id, content)"
                             " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (id) DO NOTHING");
    for (std::size_t i = 0; i < rows.size(); ++i) {
      const std::int64_t largest =
          std::max<std::int64_t>(inbound_seq, largest_seq(outbound, kLargestOutboundSeq));
      insert.reset();
      insert.clearBindings();
      insert.bind(1, rows[i].id);
      insert.bind(2, (largest + 1) | 1);  // the agent's numbers are odd
      bind_or_null(insert, 3, rows[i].in_reply_to);
      insert.bind(4, to_the_second(clock_.wall_now()));
      insert.bind(5, rows[i].kind);
      bind_or_null(insert, 6, rows[i].address.channel_type);
      bind_or_null(insert, 7, rows[i].address.platform_id);
      bind_or_null(insert, 8, rows[i].address.thread_id);
      insert.bind(9, contents[i]);
      insert.exec();
    }
    SQLite::Statement acknowledge(outbound, kAcknowledge);
    for (const InboundRow& row : acknowledged) {
      acknowledge.reset();
      acknowledge.bind(1, row.id);
      acknowledge.bind(2, std::string(status));
      acknowledge.bind(3, base::format_iso_utc(clock_.wall_now()));
      acknowledge.exec();
    }
    for (const StateChange& change : state) {
      put_state(change.key, change.value);
    }
    transaction.commit();
    for (const OutboundRow& row : rows) {
      placed_.erase(row.id);
    }
    return {};
  });
}

Status AgentSession::touch_heartbeat() const {
  if (folder_.empty()) {
    return {};
  }
  const std::string path = folder_ + "/.heartbeat";
  const base::UniqueFd fd(::open(path.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC | O_NONBLOCK, 0644));
  if (!fd.valid() || ::futimens(fd.get(), nullptr) != 0) {
    return Status::from_errno(errno, path);
  }
  return {};
}

}  // namespace patchbay::agent_kit
