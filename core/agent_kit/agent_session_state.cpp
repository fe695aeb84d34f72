// What an agent remembers, declares and looks up beside its turns; and the tests' view in memory.
#include <SQLiteCpp/Statement.h>
#include <utility>

#include "agent_kit/agent_session.hpp"
#include "agent_kit/databases.hpp"
#include "base/iso_time.hpp"

namespace patchbay::agent_kit {

using base::Code;
using base::Result;
using base::Status;

Status AgentSession::tool_started(std::string_view name, base::Milliseconds declared_timeout) {
  return guarded("declaring a tool", [&]() -> Status {
    SQLite::Statement declare(
        databases_->outbound(),
        "INSERT INTO container_state (id, current_tool, tool_declared_timeout_ms, tool_started_at,"
        " updated_at) VALUES (1, ?1, ?2, ?3, ?3) ON CONFLICT (id) DO UPDATE SET"
        " current_tool = ?1, tool_declared_timeout_ms = ?2, tool_started_at = ?3, updated_at = ?3");
    declare.bind(1, std::string(name));
    declare.bind(2, static_cast<std::int64_t>(declared_timeout.count()));
    declare.bind(3, base::format_iso_utc(clock_.wall_now()));
    declare.exec();
    return {};
  });
}

Status AgentSession::tool_ended() {
  return guarded("ending a tool", [&]() -> Status {
    SQLite::Statement clear(databases_->outbound(),
                            "UPDATE container_state SET current_tool = NULL,"
                            " tool_declared_timeout_ms = NULL, tool_started_at = NULL,"
                            " updated_at = ? WHERE id = 1");
    clear.bind(1, base::format_iso_utc(clock_.wall_now()));
    clear.exec();
    return {};
  });
}

Result<std::optional<std::string>> AgentSession::state(std::string_view key) {
  return guarded("reading session_state", [&]() -> Result<std::optional<std::string>> {
    SQLite::Statement query(databases_->outbound(),
                            "SELECT value FROM session_state WHERE key = ?");
    query.bind(1, std::string(key));
    return query.executeStep() ? std::optional(query.getColumn(0).getString()) : std::nullopt;
  });
}

Status AgentSession::set_state(std::string_view key, std::string_view value) {
  return guarded("writing session_state", [&]() -> Status {
    put_state(key, value);
    return {};
  });
}

void AgentSession::put_state(std::string_view key, std::string_view value) {
  if (value.empty()) {
    SQLite::Statement remove(databases_->outbound(), "DELETE FROM session_state WHERE key = ?");
    remove.bind(1, std::string(key));
    remove.exec();
    return;
  }
  SQLite::Statement put(databases_->outbound(),
                        "INSERT INTO session_state (key, value, updated_at) VALUES (?1, ?2, ?3)"
                        " ON CONFLICT (key) DO UPDATE SET value = ?2, updated_at = ?3");
  put.bind(1, std::string(key));
  put.bind(2, std::string(value));
  put.bind(3, base::format_iso_utc(clock_.wall_now()));
  put.exec();
}

Result<std::optional<Address>> AgentSession::default_address() {
  return guarded("reading session_routing", [&]() -> Result<std::optional<Address>> {
    return databases_->with_inbound([](SQLite::Database& inbound) -> std::optional<Address> {
      SQLite::Statement query(
          inbound, "SELECT channel_type, platform_id, thread_id FROM session_routing WHERE id = 1");
      if (!query.executeStep()) {
        return std::nullopt;
      }
      return Address{query.getColumn(0).getString(), query.getColumn(1).getString(),
                     query.getColumn(2).getString()};
    });
  });
}

Result<std::vector<AgentSession::Destination>> AgentSession::destinations() {
  return guarded("reading destinations", [&]() -> Result<std::vector<Destination>> {
    return databases_->with_inbound([](SQLite::Database& inbound) {
      std::vector<Destination> result;
      SQLite::Statement row(inbound,
                            "SELECT name, COALESCE(display_name, name), type, channel_type,"
                            " platform_id, agent_group_id FROM destinations ORDER BY name");
      while (row.executeStep()) {
        const bool is_agent = row.getColumn(2).getString() == "agent";
        result.push_back({.name = row.getColumn(0).getString(),
                          .display_name = row.getColumn(1).getString(),
                          .is_agent = is_agent,
                          .chat = is_agent ? Address{"agent", row.getColumn(5).getString(), ""}
                                           : Address{row.getColumn(3).getString(),
                                                     row.getColumn(4).getString(), ""}});
      }
      return result;
    });
  });
}

Result<std::optional<std::string>> AgentSession::platform_message_id(
    std::string_view message_out_id) {
  return guarded("reading delivered", [&]() -> Result<std::optional<std::string>> {
    return databases_->with_inbound([&](SQLite::Database& inbound) -> std::optional<std::string> {
      SQLite::Statement query(inbound,
                              "SELECT platform_message_id FROM delivered WHERE message_out_id = ?"
                              " AND platform_message_id IS NOT NULL");
      query.bind(1, std::string(message_out_id));
      return query.executeStep() ? std::optional(query.getColumn(0).getString()) : std::nullopt;
    });
  });
}

Status AgentSession::put_inbound(const InboundRow& row) {
  if (!databases_->in_memory()) {
    return {Code::kRefused, "inbound.db belongs to the host; only a session in memory takes rows"};
  }
  return guarded("writing inbound.db", [&]() -> Status {
    return databases_->with_inbound([&](SQLite::Database& inbound) -> Status {
      SQLite::Statement insert(
          inbound,
          "INSERT INTO messages_in (id, seq, kind, timestamp, series_id, trigger, platform_id,"
          " channel_type, thread_id, content) SELECT ?1, (COALESCE(MAX(seq), 0) / 2 + 1) * 2, ?2,"
          " ?3, ?1, ?4, NULLIF(?5, ''), NULLIF(?6, ''), NULLIF(?7, ''), ?8 FROM messages_in");
      insert.bind(1, row.id);
      insert.bind(2, row.kind.empty() ? std::string("chat") : row.kind);
      insert.bind(3,
                  row.timestamp.empty() ? base::format_iso_utc(clock_.wall_now()) : row.timestamp);
      insert.bind(4, row.trigger ? 1 : 0);
      insert.bind(5, row.address.platform_id);
      insert.bind(6, row.address.channel_type);
      insert.bind(7, row.address.thread_id);
      insert.bind(8, row.content);
      insert.exec();
      return {};
    });
  });
}

Result<std::vector<OutboundRow>> AgentSession::sent() const {
  return guarded("reading messages_out", [&]() -> Result<std::vector<OutboundRow>> {
    std::vector<OutboundRow> rows;
    SQLite::Statement row(databases_->outbound(),
                          "SELECT id, in_reply_to, channel_type, platform_id, thread_id, kind,"
                          " content FROM messages_out ORDER BY rowid");
    while (row.executeStep()) {
      rows.push_back({.id = row.getColumn(0).getString(),
                      .in_reply_to = row.getColumn(1).getString(),
                      .address = {row.getColumn(2).getString(), row.getColumn(3).getString(),
                                  row.getColumn(4).getString()},
                      .kind = row.getColumn(5).getString(),
                      .content = row.getColumn(6).getString(),
                      .files = {}});
    }
    return rows;
  });
}

Result<std::string> AgentSession::acknowledgement_of(std::string_view inbound_id) const {
  return guarded("reading processing_ack", [&]() -> Result<std::string> {
    SQLite::Statement query(databases_->outbound(),
                            "SELECT status FROM processing_ack WHERE message_id = ?");
    query.bind(1, std::string(inbound_id));
    return query.executeStep() ? query.getColumn(0).getString() : std::string();
  });
}

}  // namespace patchbay::agent_kit
