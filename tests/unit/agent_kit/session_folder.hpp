// A session folder as the host makes it, and the host's side of it.
#pragma once

#include <SQLiteCpp/SQLiteCpp.h>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "session/schema.hpp"
#include "test_common/temp_folder.hpp"

namespace patchbay::agent_kit {

class SessionFolder {
 public:
  SessionFolder() {
    make("inbound.db", {session::schema::kInboundTables, session::schema::kInboundIndexes});
    make("outbound.db", {session::schema::kOutboundTables});
  }

  [[nodiscard]] std::string path() const { return temp_.path().string(); }
  [[nodiscard]] std::string operator/(const std::string& name) const { return temp_ / name; }

  // The host commits a message of a private chat.
  void put(const std::string& id, const std::string& content, const std::string& kind = "chat",
           int trigger = 1, const std::string& chat = "telegram:dm:5") {
    SQLite::Database inbound = open("inbound.db");
    inbound.exec("PRAGMA journal_mode = TRUNCATE");
    SQLite::Statement insert(
        inbound,
        "INSERT INTO messages_in (id, seq, kind, timestamp, trigger, channel_type, platform_id,"
        " content) SELECT ?, (COALESCE(MAX(seq), 0) / 2 + 1) * 2, ?, '2026-01-31T09:05:06.000Z', ?,"
        " 'telegram', ?, ? FROM messages_in");
    insert.bind(1, id);
    insert.bind(2, kind);
    insert.bind(3, trigger);
    insert.bind(4, chat);
    insert.bind(5, content);
    insert.exec();
  }
  void execute_inbound(const std::string& sql) { open("inbound.db").exec(sql); }
  void execute_outbound(const std::string& sql) { open("outbound.db").exec(sql); }
  // The first column of each row.
  [[nodiscard]] std::vector<std::string> query_outbound(const std::string& sql) const {
    SQLite::Database outbound = open("outbound.db");
    SQLite::Statement statement(outbound, sql);
    std::vector<std::string> values;
    while (statement.executeStep()) {
      values.push_back(statement.getColumn(0).getString());
    }
    return values;
  }
  void put_file(const std::string& row, const std::string& name, const std::string& bytes) {
    std::filesystem::create_directories(temp_ / ("inbox/" + row));
    test::write_file(temp_ / ("inbox/" + row + "/" + name), bytes);
  }

 private:
  using Statements = std::span<const std::string_view>;
  void make(const std::string& name, const std::vector<Statements>& schema) const {
    SQLite::Database database = open(name);
    SQLite::Transaction transaction(database);
    for (const Statements statements : schema) {
      for (const std::string_view statement : statements) {
        database.exec(std::string(statement));
      }
    }
    transaction.commit();
  }
  [[nodiscard]] SQLite::Database open(const std::string& name) const {
    return {temp_ / name, SQLite::OPEN_READWRITE | SQLite::OPEN_CREATE, 5000};
  }
  test::TempFolder temp_;
};

}  // namespace patchbay::agent_kit
