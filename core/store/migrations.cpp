#include "store/migrations.hpp"

#include <array>

#include "store/statements.hpp"

namespace patchbay::store {
namespace {

constexpr char kCreateMigrations[] =
    "CREATE TABLE IF NOT EXISTS schema_migrations("
    "version INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, applied_at TEXT NOT NULL)";
constexpr char kHasMigrations[] =
    "SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = 'schema_migrations'";
constexpr char kLastMigration[] = "SELECT ifnull(max(version), 0) FROM schema_migrations";
constexpr char kRecordMigration[] =
    "INSERT INTO schema_migrations(version, name, applied_at) "
    "VALUES(?, ?, strftime('%Y-%m-%dT%H:%M:%fZ', 'now'))";

// Times are milliseconds since 1970 UTC. Texts are never NULL unless that has a meaning of its own.
constexpr char kCreateConversations[] = R"sql(
CREATE TABLE chats(
  instance TEXT NOT NULL, key TEXT NOT NULL, kind INTEGER NOT NULL, platform_id TEXT NOT NULL,
  name TEXT NOT NULL, first_seen INTEGER NOT NULL, PRIMARY KEY(instance, key)) WITHOUT ROWID;
CREATE TABLE newest_messages(
  instance TEXT NOT NULL, chat TEXT NOT NULL, thread TEXT NOT NULL, message_id TEXT NOT NULL,
  PRIMARY KEY(instance, chat, thread)) WITHOUT ROWID;
CREATE TABLE sessions(
  agent TEXT NOT NULL, id TEXT NOT NULL, key TEXT NOT NULL, instance TEXT NOT NULL,
  chat TEXT NOT NULL, thread TEXT NOT NULL, agent_provider TEXT NOT NULL, active INTEGER NOT NULL,
  container_status TEXT NOT NULL, agent_ran INTEGER NOT NULL, created_at INTEGER NOT NULL,
  last_active INTEGER, UNIQUE(agent, id));
CREATE UNIQUE INDEX sessions_active_key ON sessions(key) WHERE active = 1;
CREATE INDEX sessions_active_key_ignoring_case ON sessions(key COLLATE NOCASE) WHERE active = 1;
CREATE INDEX sessions_chat ON sessions(instance, chat) WHERE active = 1;
CREATE INDEX sessions_ran ON sessions(agent_ran)
  WHERE active = 1 AND (agent_ran = 1 OR container_status <> 'stopped');
CREATE TABLE engagement(
  agent TEXT NOT NULL, instance TEXT NOT NULL, chat TEXT NOT NULL, thread TEXT NOT NULL,
  since INTEGER NOT NULL, PRIMARY KEY(agent, instance, chat, thread)) WITHOUT ROWID;
CREATE TABLE destinations(
  agent TEXT NOT NULL, name TEXT NOT NULL, display_name TEXT NOT NULL, is_agent INTEGER NOT NULL,
  instance TEXT NOT NULL, chat TEXT NOT NULL, target_agent TEXT NOT NULL,
  PRIMARY KEY(agent, name), UNIQUE(agent, instance, chat, target_agent)) WITHOUT ROWID;
CREATE TABLE known_senders(
  agent TEXT NOT NULL, instance TEXT NOT NULL, sender TEXT NOT NULL, since INTEGER NOT NULL,
  PRIMARY KEY(agent, instance, sender)) WITHOUT ROWID;
)sql";

constexpr char kCreateInbound[] = R"sql(
CREATE TABLE seen(
  instance TEXT NOT NULL, chat TEXT NOT NULL, event_id TEXT NOT NULL, disposition INTEGER NOT NULL,
  at INTEGER NOT NULL, PRIMARY KEY(instance, chat, event_id)) WITHOUT ROWID;
CREATE INDEX seen_at ON seen(at);
CREATE TABLE intake(
  id INTEGER PRIMARY KEY AUTOINCREMENT, reason INTEGER NOT NULL, instance TEXT NOT NULL,
  chat TEXT NOT NULL, session TEXT NOT NULL, event TEXT NOT NULL, received_at INTEGER NOT NULL);
CREATE INDEX intake_session ON intake(session, id) WHERE session <> '';
CREATE INDEX intake_chat ON intake(instance, chat, reason, id);
CREATE TABLE pending_files(
  id INTEGER PRIMARY KEY AUTOINCREMENT, agent TEXT NOT NULL, session TEXT NOT NULL,
  row_id TEXT NOT NULL, event TEXT NOT NULL, UNIQUE(agent, session, row_id));
CREATE TABLE audit(
  instance TEXT NOT NULL, chat TEXT NOT NULL, sender TEXT NOT NULL, reason TEXT NOT NULL,
  sender_name TEXT NOT NULL, count INTEGER NOT NULL, first INTEGER NOT NULL, last INTEGER NOT NULL,
  PRIMARY KEY(instance, chat, sender, reason)) WITHOUT ROWID;
CREATE INDEX audit_last ON audit(last);
CREATE TABLE instance_kv(
  instance TEXT NOT NULL, key TEXT NOT NULL, value TEXT NOT NULL,
  PRIMARY KEY(instance, key)) WITHOUT ROWID;
)sql";

// Whatever has ended is in none of the partial indexes but those that say what is still to be done
// about it. Queries repeat the condition of their index word for word.
constexpr char kCreateOutbound[] = R"sql(
CREATE TABLE deliveries(
  id INTEGER PRIMARY KEY AUTOINCREMENT, agent TEXT NOT NULL, session TEXT NOT NULL,
  message_out_id TEXT NOT NULL, instance TEXT NOT NULL, chat TEXT NOT NULL, thread TEXT NOT NULL,
  kind TEXT NOT NULL, content TEXT NOT NULL, in_reply_to TEXT NOT NULL, target TEXT NOT NULL,
  spool TEXT NOT NULL, files TEXT NOT NULL, refused_files TEXT NOT NULL,
  idempotency_key TEXT NOT NULL, state INTEGER NOT NULL, attempts INTEGER NOT NULL,
  not_before INTEGER, reason TEXT NOT NULL, evidence TEXT NOT NULL, accepted_at INTEGER NOT NULL,
  finished_at INTEGER, paused_since INTEGER, paused_total INTEGER NOT NULL,
  projected INTEGER NOT NULL, notified INTEGER NOT NULL,
  UNIQUE(agent, session, message_out_id));
CREATE INDEX deliveries_open ON deliveries(id) WHERE state < 2;
CREATE INDEX deliveries_open_lane ON deliveries(instance, chat, thread, id) WHERE state < 2;
CREATE INDEX deliveries_due ON deliveries(not_before) WHERE state = 0 AND not_before IS NOT NULL;
CREATE INDEX deliveries_failed ON deliveries(id) WHERE state = 3;
CREATE INDEX deliveries_unknown ON deliveries(id) WHERE state = 4;
CREATE INDEX deliveries_not_projected ON deliveries(id)
  WHERE projected = 0 AND state >= 2 AND agent <> '';
CREATE INDEX deliveries_not_notified ON deliveries(id) WHERE notified = 0 AND state >= 3;
CREATE INDEX deliveries_spooled ON deliveries(id) WHERE spool <> '';
CREATE INDEX deliveries_idempotency ON deliveries(instance, idempotency_key)
  WHERE idempotency_key <> '';
CREATE TABLE delivery_parts(
  delivery INTEGER NOT NULL, part INTEGER NOT NULL, remote_id TEXT NOT NULL, cursor TEXT NOT NULL,
  PRIMARY KEY(delivery, part)) WITHOUT ROWID;
CREATE INDEX delivery_parts_remote ON delivery_parts(remote_id) WHERE remote_id <> '';
CREATE TABLE delivery_counts(
  instance TEXT NOT NULL, state INTEGER NOT NULL, count INTEGER NOT NULL,
  PRIMARY KEY(instance, state)) WITHOUT ROWID;
CREATE TABLE watermarks(
  agent TEXT NOT NULL, session TEXT NOT NULL, row INTEGER NOT NULL, id TEXT NOT NULL,
  seq INTEGER NOT NULL, inode INTEGER NOT NULL, schema_version INTEGER NOT NULL,
  PRIMARY KEY(agent, session)) WITHOUT ROWID;
CREATE TABLE host_outbox(
  id INTEGER PRIMARY KEY AUTOINCREMENT, message_out_id TEXT NOT NULL UNIQUE,
  instance TEXT NOT NULL, chat TEXT NOT NULL, thread TEXT NOT NULL, kind TEXT NOT NULL,
  content TEXT NOT NULL, in_reply_to TEXT NOT NULL, spool TEXT NOT NULL, files TEXT NOT NULL,
  created_at INTEGER NOT NULL);
CREATE TABLE retry_deadlines(
  instance TEXT NOT NULL, chat TEXT NOT NULL, until INTEGER NOT NULL,
  PRIMARY KEY(instance, chat)) WITHOUT ROWID;
)sql";

constexpr char kCreateChatMoves[] = R"sql(
CREATE TABLE chat_moves(
  instance TEXT NOT NULL, former TEXT NOT NULL, current TEXT NOT NULL,
  PRIMARY KEY(instance, former)) WITHOUT ROWID;
CREATE INDEX chat_moves_current ON chat_moves(instance, current);
)sql";

// What a person asks who traces a message, from either end. A message's id is kept apart only where
// the event's id does not hold it: one index less to write for most events.
constexpr char kCreateTraces[] = R"sql(
CREATE TABLE attempts(
  delivery INTEGER NOT NULL, number INTEGER NOT NULL, began_at INTEGER NOT NULL, ended_at INTEGER,
  outcome INTEGER, code INTEGER, reason TEXT NOT NULL, PRIMARY KEY(delivery, number)) WITHOUT ROWID;
CREATE TRIGGER delivery_takes_its_attempts AFTER DELETE ON deliveries BEGIN
  DELETE FROM attempts WHERE delivery = old.id;
END;
ALTER TABLE deliveries ADD COLUMN answers TEXT NOT NULL DEFAULT '';
CREATE INDEX deliveries_answers ON deliveries(answers) WHERE answers <> '';
ALTER TABLE seen ADD COLUMN message_id TEXT NOT NULL DEFAULT '';
ALTER TABLE seen ADD COLUMN inbox_rows TEXT NOT NULL DEFAULT '[]';
CREATE INDEX seen_event ON seen(event_id);
CREATE INDEX seen_message ON seen(message_id) WHERE message_id <> '';
)sql";

// A delivery grows old from its first attempt. What the platform says of one while an attempt of it
// is under way is kept until that has ended.
constexpr char kCreateReports[] = R"sql(
ALTER TABLE deliveries ADD COLUMN first_tried_at INTEGER;
UPDATE deliveries SET first_tried_at =
  (SELECT began_at FROM attempts WHERE delivery = deliveries.id AND number = 1)
  WHERE state < 2 OR state = 4;
CREATE TABLE early_reports(
  delivery INTEGER PRIMARY KEY, failed INTEGER NOT NULL, reason TEXT NOT NULL);
)sql";

// A platform may say that a message has failed before the host knows that message's id. And until
// when the host was last seen at work.
constexpr char kCreateUptime[] = R"sql(
CREATE TABLE early_failures(
  instance TEXT NOT NULL, remote_id TEXT NOT NULL, reason TEXT NOT NULL, at INTEGER NOT NULL,
  PRIMARY KEY(instance, remote_id)) WITHOUT ROWID;
CREATE TABLE uptime(id INTEGER PRIMARY KEY CHECK (id = 0), at INTEGER NOT NULL);
)sql";

// A failure may be that of one part: of one that is still to come it says nothing.
constexpr char kAddReportedParts[] = R"sql(
ALTER TABLE early_reports ADD COLUMN part INTEGER NOT NULL DEFAULT 0;
)sql";

constexpr std::array kMigrations{
    Migration{1, "conversations", kCreateConversations},
    Migration{2, "inbound", kCreateInbound},
    Migration{3, "outbound", kCreateOutbound},
    Migration{4, "chat_moves", kCreateChatMoves},
    Migration{5, "traces", kCreateTraces},
    Migration{6, "reports", kCreateReports},
    Migration{7, "uptime", kCreateUptime},
    Migration{8, "reported_parts", kAddReportedParts},
};

void apply(SQLite::Database& database, const Migration& migration) {
  database.exec("BEGIN IMMEDIATE");
  try {
    database.exec(migration.sql);
    SQLite::Statement record(database, kRecordMigration);
    record.bind(1, migration.version);
    record.bind(2, migration.name);
    record.exec();
    database.exec("COMMIT");
  } catch (...) {
    database.tryExec("ROLLBACK");
    throw;
  }
}

int stored_version(SQLite::Database& database) {
  SQLite::Statement has_table(database, kHasMigrations);
  return has_table.executeStep() ? database.execAndGet(kLastMigration).getInt() : 0;
}

}  // namespace

std::span<const Migration> all_migrations() { return kMigrations; }

base::Status migrate(SQLite::Database& database, const std::string& path,
                     std::span<const Migration> migrations) {
  return guarded("preparing the schema of " + path, [&]() -> base::Status {
    const int known = migrations.empty() ? 0 : migrations.back().version;
    const int stored = stored_version(database);
    if (stored > known) {
      return {base::Code::kRefused,
              path + " has schema version " + std::to_string(stored) +
                  ", this patchbay knows versions up to " + std::to_string(known) +
                  ": run the newer patchbay that wrote it, or restore a backup of the data folder "
                  "that this version made"};
    }
    if (stored < known) {
      database.exec(kCreateMigrations);
    }
    for (const Migration& migration : migrations) {
      if (migration.version > stored) {
        apply(database, migration);
      }
    }
    return {};
  });
}

}  // namespace patchbay::store
