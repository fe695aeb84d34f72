// A connection to a session database that treats the file as hostile: confined VFS, defensive mode,
// no triggers, no views, no trusted schema, limits on everything, a step budget a statement.
// Not thread-safe; used by one thread of a session's strand and closed at the end of the batch.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "attachments/confined_folder.hpp"
#include "base/limits.hpp"
#include "base/status.hpp"
#include "session/confined_vfs.hpp"

struct sqlite3;
struct sqlite3_stmt;

namespace patchbay::session {

namespace detail {
struct Connection;  // the handle and what its callbacks need
}

// A prepared statement. Text that is bound must live until the statement is reset.
class Statement {
 public:
  Statement(Statement&& other) noexcept;
  Statement& operator=(Statement&& other) noexcept;
  Statement(const Statement&) = delete;
  Statement& operator=(const Statement&) = delete;
  ~Statement();

  Statement& bind(int index, std::string_view text);
  Statement& bind(int index, std::int64_t number);
  // Empty: NULL.
  Statement& bind_or_null(int index, std::string_view text);
  // A temporary would be gone before the step.
  Statement& bind(int index, std::string&& text) = delete;
  Statement& bind_or_null(int index, std::string&& text) = delete;

  // True: there is a row.
  [[nodiscard]] base::Result<bool> step();
  // To the end, ready for new bindings.
  [[nodiscard]] base::Status run();
  void reset();

  // Of the row that step() reached; columns count from 0. The text lives until the next step.
  [[nodiscard]] bool is_null(int column) const;
  [[nodiscard]] bool is_text(int column) const;
  [[nodiscard]] bool is_integer(int column) const;
  [[nodiscard]] std::int64_t number(int column) const;
  [[nodiscard]] std::string_view text(int column) const;

 private:
  friend class Database;
  Statement(sqlite3_stmt* statement, detail::Connection* connection)
      : statement_(statement), connection_(connection) {}

  sqlite3_stmt* statement_ = nullptr;
  detail::Connection* connection_ = nullptr;  // outlives this
};

class Database {
 public:
  enum class Mode : std::uint8_t { kReadOnly, kReadWrite };

  // `busy`: for how long a lock of another process is waited for, in steps of at most 2 ms; then
  // kBusy. `steps`: the budget of each statement. The folder must outlive the connection.
  // kNotFound: there is no such file.
  [[nodiscard]] static base::Result<Database> open(const attachments::ConfinedFolder& folder,
                                                   DatabaseFile file, Mode mode,
                                                   std::chrono::milliseconds busy,
                                                   int steps = limits::kSqliteSteps);
  // An empty one, for building the files of new sessions.
  [[nodiscard]] static base::Result<Database> open_in_memory();

  Database(Database&& other) noexcept;
  Database& operator=(Database&& other) noexcept;
  Database(const Database&) = delete;
  Database& operator=(const Database&) = delete;
  // Rolls back what is not committed.
  ~Database();

  // Failures: kBusy (a lock), kCorrupt (a damaged file), kRefused (a hostile file; over the step
  // budget), kUnavailable (a hot journal that only a writer may roll back), kTooLarge, kIo. The
  // message names the session and the file.
  [[nodiscard]] base::Status execute(const char* sql);
  [[nodiscard]] base::Result<Statement> prepare(std::string_view sql);
  // The one number that `sql` answers; nothing if it answers no row or NULL.
  [[nodiscard]] base::Result<std::optional<std::int64_t>> number(std::string_view sql);
  // Rows that the last statement changed.
  [[nodiscard]] int changes() const;
  [[nodiscard]] std::uint64_t inode() const;
  // Whether `table` is a plain table with that column, by the schema that SQLite has parsed.
  [[nodiscard]] bool has_plain_column(const char* table, const char* column) const;
  [[nodiscard]] const std::string& shown() const;  // "<session>/outbound.db"
  // The message begins with shown().
  [[nodiscard]] base::Status refuse(std::string_view reason) const;

  // From now on the budget of each statement grows with the file: for a check of all of it.
  void allow_steps_for_whole_file();

  [[nodiscard]] sqlite3* handle() const;

 private:
  explicit Database(std::unique_ptr<detail::Connection> connection);
  [[nodiscard]] base::Status harden();

  std::unique_ptr<detail::Connection> connection_;
};

}  // namespace patchbay::session
