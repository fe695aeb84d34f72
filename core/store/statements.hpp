// Inside core/store only: prepared statements that are kept, and queries on them. Functions throw
// SQLite::Exception; guarded() turns that into a Status at the border of each repository.
#pragma once

#include <SQLiteCpp/Database.h>
#include <SQLiteCpp/Exception.h>
#include <SQLiteCpp/Statement.h>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "base/clock.hpp"
#include "base/ids.hpp"
#include "base/status.hpp"
#include "store/records.hpp"

namespace patchbay::store {

// One prepared statement for each SQL constant, by its address.
class Statements {
 public:
  explicit Statements(SQLite::Database& database) : database_(database) {}
  SQLite::Statement& prepare(const char* sql);
  SQLite::Database& database() { return database_; }

 private:
  SQLite::Database& database_;
  std::unordered_map<const char*, SQLite::Statement> prepared_;
};

// One use of a prepared statement: binds, steps, and resets it when it goes. Bound texts are not
// copied: they outlive the query.
class Query {
 public:
  template <class... Values>
  Query(Statements& statements, const char* sql, const Values&... values)
      : statements_(statements), statement_(statements.prepare(sql)) {
    int index = 0;
    (bind(++index, values), ...);
  }
  ~Query() { statement_.tryReset(); }
  Query(const Query&) = delete;
  Query& operator=(const Query&) = delete;

  bool step() { return statement_.executeStep(); }
  // For a statement without result rows; the number of rows changed.
  std::size_t run();

  [[nodiscard]] std::string text(int column) const;
  [[nodiscard]] std::int64_t integer(int column) const {
    return statement_.getColumn(column).getInt64();
  }
  [[nodiscard]] bool flag(int column) const { return integer(column) != 0; }
  [[nodiscard]] bool null(int column) const { return statement_.isColumnNull(column); }
  [[nodiscard]] base::WallTime time(int column) const {
    return base::WallTime(base::Milliseconds(integer(column)));
  }
  [[nodiscard]] std::optional<base::WallTime> optional_time(int column) const {
    return null(column) ? std::nullopt : std::optional(time(column));
  }
  template <class Id>
  [[nodiscard]] Id id(int column) const {
    return Id(text(column));
  }

 private:
  void bind(int index, const std::string& text) { statement_.bindNoCopy(index, text); }
  template <class Tag>
  void bind(int index, const base::Id<Tag>& id) {
    statement_.bindNoCopy(index, id.str());
  }
  void bind(int index, bool flag) { statement_.bind(index, flag ? 1 : 0); }
  template <class Number>
    requires(std::is_integral_v<Number> || std::is_enum_v<Number>)
  void bind(int index, Number number) {
    statement_.bind(index, static_cast<std::int64_t>(number));
  }
  void bind(int index, base::WallTime time) {
    statement_.bind(index, static_cast<std::int64_t>(time.time_since_epoch().count()));
  }
  void bind(int index, base::Milliseconds span) {
    statement_.bind(index, static_cast<std::int64_t>(span.count()));
  }
  void bind(int index, const std::optional<base::WallTime>& time);
  template <class Value>
  void bind(int index, const std::optional<Value>& value) {
    if (value) {
      bind(index, *value);
    } else {
      statement_.bind(index);
    }
  }

  Statements& statements_;
  SQLite::Statement& statement_;
};

// A code for what SQLite said, and a sentence that begins with what was being done.
[[nodiscard]] base::Status to_status(const SQLite::Exception& exception, std::string_view what);
[[nodiscard]] base::Status to_status(const std::exception& exception, std::string_view what);

template <class Function>
auto guarded(std::string_view what, Function&& function) -> decltype(function()) {
  try {
    return function();
  } catch (const SQLite::Exception& exception) {
    return to_status(exception, what);
  } catch (const std::exception& exception) {
    return to_status(exception, what);
  }
}

// Of rows of instance, chat, count.
[[nodiscard]] std::vector<ChatCount> read_chat_counts(Query& query);

// Lists of texts in one column.
[[nodiscard]] std::string to_json_list(const std::vector<std::string>& list);
[[nodiscard]] std::vector<std::string> from_json_list(const std::string& text);

}  // namespace patchbay::store
