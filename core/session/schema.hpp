// The tables of a session folder, as both sides make them. What the columns mean to an agent is in
// docs/session-contract.md. Everything here may be applied any number of times.
//
// To bring a database up to date: the tables, then the columns that it lacks (an older folder has
// none of them), then the indexes.
#pragma once

#include <array>
#include <string_view>

namespace patchbay::session::schema {

// A column that came after the first version of its table: ALTER TABLE <table> ADD COLUMN <column>
// <declaration>, if PRAGMA table_info(<table>) does not list it.
struct LateColumn {
  std::string_view table;
  std::string_view column;
  std::string_view declaration;
};

// inbound.db: written by the host alone.
inline constexpr std::array<std::string_view, 4> kInboundTables = {
    // attachments_pending is the host's own: the row waits for files that are still being fetched.
    "CREATE TABLE IF NOT EXISTS messages_in ("
    " id TEXT PRIMARY KEY, seq INTEGER UNIQUE, kind TEXT NOT NULL, timestamp TEXT NOT NULL,"
    " status TEXT DEFAULT 'pending', process_after TEXT, recurrence TEXT, series_id TEXT,"
    " tries INTEGER DEFAULT 0, trigger INTEGER NOT NULL DEFAULT 1, platform_id TEXT,"
    " channel_type TEXT, thread_id TEXT, content TEXT NOT NULL, source_session_id TEXT,"
    " on_wake INTEGER NOT NULL DEFAULT 0, attachments_pending INTEGER NOT NULL DEFAULT 0)",
    "CREATE TABLE IF NOT EXISTS delivered ("
    " message_out_id TEXT PRIMARY KEY, platform_message_id TEXT,"
    " status TEXT NOT NULL DEFAULT 'delivered', delivered_at TEXT NOT NULL, reason TEXT)",
    "CREATE TABLE IF NOT EXISTS destinations ("
    " name TEXT PRIMARY KEY, display_name TEXT, type TEXT NOT NULL, channel_type TEXT,"
    " platform_id TEXT, agent_group_id TEXT)",
    "CREATE TABLE IF NOT EXISTS session_routing ("
    " id INTEGER PRIMARY KEY CHECK (id = 1), channel_type TEXT, platform_id TEXT, thread_id TEXT)",
};

inline constexpr std::array<LateColumn, 8> kInboundLateColumns = {{
    {"messages_in", "series_id", "TEXT"},
    {"messages_in", "trigger", "INTEGER NOT NULL DEFAULT 1"},
    {"messages_in", "source_session_id", "TEXT"},
    {"messages_in", "on_wake", "INTEGER NOT NULL DEFAULT 0"},
    {"messages_in", "attachments_pending", "INTEGER NOT NULL DEFAULT 0"},
    {"delivered", "platform_message_id", "TEXT"},
    {"delivered", "status", "TEXT NOT NULL DEFAULT 'delivered'"},
    {"delivered", "reason", "TEXT"},
}};

// The two partial indexes keep every batch as cheap in a session of a million finished rows as in a
// new one; the WHERE clauses of the host's queries repeat theirs word for word.
inline constexpr std::array<std::string_view, 4> kInboundIndexes = {
    "CREATE INDEX IF NOT EXISTS idx_messages_in_series ON messages_in(series_id)",
    "CREATE INDEX IF NOT EXISTS idx_messages_in_pending ON messages_in(seq)"
    " WHERE status = 'pending'",
    "CREATE INDEX IF NOT EXISTS idx_messages_in_waiting ON messages_in(seq)"
    " WHERE status IN ('queued', 'held')",
    "CREATE INDEX IF NOT EXISTS idx_delivered_platform_message"
    " ON delivered(platform_message_id)",
};

// outbound.db: written by the agent, and by the host while no agent runs.
inline constexpr std::array<std::string_view, 4> kOutboundTables = {
    "CREATE TABLE IF NOT EXISTS messages_out ("
    " id TEXT PRIMARY KEY, seq INTEGER UNIQUE, in_reply_to TEXT, timestamp TEXT NOT NULL,"
    " deliver_after TEXT, recurrence TEXT, kind TEXT NOT NULL, platform_id TEXT,"
    " channel_type TEXT, thread_id TEXT, content TEXT NOT NULL)",
    "CREATE TABLE IF NOT EXISTS processing_ack ("
    " message_id TEXT PRIMARY KEY, status TEXT NOT NULL, status_changed TEXT NOT NULL)",
    "CREATE TABLE IF NOT EXISTS session_state ("
    " key TEXT PRIMARY KEY, value TEXT NOT NULL, updated_at TEXT NOT NULL)",
    "CREATE TABLE IF NOT EXISTS container_state ("
    " id INTEGER PRIMARY KEY CHECK (id = 1), current_tool TEXT,"
    " tool_declared_timeout_ms INTEGER, tool_started_at TEXT, updated_at TEXT NOT NULL)",
};

inline constexpr std::array<LateColumn, 1> kOutboundLateColumns = {{
    {"session_state", "updated_at", "TEXT NOT NULL DEFAULT ''"},
}};

}  // namespace patchbay::session::schema
