#include "session/database.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <limits>
#include <sqlite3.h>
#include <thread>
#include <utility>

#include "base/limits.hpp"
#include "base/text.hpp"

namespace patchbay::session {

using base::Code;
using base::Result;
using base::Status;

struct detail::Connection {
  sqlite3* handle = nullptr;
  std::string shown;  // "<session>/outbound.db"
  std::uint64_t inode = 0;
  std::chrono::microseconds busy{0};
  std::chrono::microseconds busy_left{0};
  int steps = limits::kSqliteSteps;
  int steps_left = limits::kSqliteSteps;

  ~Connection() { sqlite3_close_v2(handle); }

  void renew_budgets() {
    busy_left = busy;
    steps_left = steps;
  }
  [[nodiscard]] Status failure(int result) const;
  [[nodiscard]] bool is_in_wal_mode() const;
};

namespace {

constexpr int kStepsACheck = 1000;
// Nothing tells when a POSIX lock is released, so it is asked for again: closely while it may be
// that of a commit, which syncs its folder before it lets go.
constexpr int kCloseLooks = 30;
constexpr std::chrono::microseconds kCloseStep{100};
constexpr std::chrono::microseconds kStep{2000};

extern "C" int patchbay_busy(void* context, int attempts) {
  auto* const connection = static_cast<detail::Connection*>(context);
  if (connection->busy_left.count() <= 0) {
    return 0;
  }
  const auto wait = std::min(attempts < kCloseLooks ? kCloseStep : kStep, connection->busy_left);
  connection->busy_left -= wait;
  std::this_thread::sleep_for(wait);
  return 1;
}

extern "C" int patchbay_progress(void* context) {
  auto* const connection = static_cast<detail::Connection*>(context);
  connection->steps_left -= kStepsACheck;
  return connection->steps_left <= 0 ? 1 : 0;
}

Code code_of(int result) {
  switch (result & 0xFF) {
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
      return Code::kBusy;
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
    case SQLITE_FORMAT:
      return Code::kCorrupt;
    case SQLITE_TOOBIG:
      return Code::kTooLarge;
    case SQLITE_FULL:
    case SQLITE_IOERR:
    case SQLITE_NOMEM:
    case SQLITE_READONLY:  // what SQLite tries next when a file cannot be opened for writing
      return Code::kIo;
    case SQLITE_CONSTRAINT:
      return Code::kAlreadyExists;
    case SQLITE_MISUSE:
    case SQLITE_RANGE:
      return Code::kInternal;
    default:
      // An unknown table or column, a forbidden view, the step budget, a file that cannot be
      // opened.
      return Code::kRefused;
  }
}

}  // namespace

bool detail::Connection::is_in_wal_mode() const {
  constexpr sqlite3_int64 kOffset = 18;  // write version, read version
  sqlite3_file* file = nullptr;
  std::array<unsigned char, 2> versions{};
  return sqlite3_file_control(handle, "main", SQLITE_FCNTL_FILE_POINTER, &file) == SQLITE_OK &&
         file != nullptr && file->pMethods != nullptr &&
         file->pMethods->xRead(file, versions.data(), static_cast<int>(versions.size()), kOffset) ==
             SQLITE_OK &&
         (versions[0] == 2 || versions[1] == 2);
}

Status detail::Connection::failure(int result) const {
  const std::string& refusal = vfs_report().refusal;
  if (!refusal.empty() && (result & 0xFF) != SQLITE_BUSY) {
    return {Code::kRefused, shown + " is refused: " + refusal};
  }
  switch (result) {
    case SQLITE_READONLY_ROLLBACK:
    case SQLITE_READONLY_RECOVERY:
      return {Code::kUnavailable,
              shown +
                  " has a journal of a writer that was killed; it is rolled back once no agent "
                  "of the session runs"};
    case SQLITE_READONLY_DBMOVED:
      return {Code::kRefused, shown + " was replaced while it was open"};
    default:
      break;
  }
  if ((result & 0xFF) == SQLITE_CANTOPEN) {
    if (is_in_wal_mode()) {
      return {Code::kRefused,
              shown +
                  " is in WAL mode, which does not cross a mount: the agent must use "
                  "journal_mode=DELETE"};
    }
    const int error_number = sqlite3_system_errno(handle);
    if (error_number == ENOENT) {
      return {Code::kNotFound, shown + " is missing"};
    }
    if (error_number != 0) {
      // Of the host's own: short of descriptors or memory, a failing disk. The file is as it was.
      return {Code::kIo, shown + " cannot be opened: " + std::strerror(error_number)};
    }
  }
  if ((result & 0xFF) == SQLITE_INTERRUPT) {
    return {Code::kRefused, shown + " is refused: reading it takes too many steps"};
  }
  // SQLite's sentence can quote the file's own names.
  const std::string sentence =
      base::to_valid_utf8(base::utf8_prefix(base::to_valid_utf8(sqlite3_errmsg(handle)), 300));
  return {code_of(result), shown + ": " + sentence};
}

Statement::Statement(Statement&& other) noexcept
    : statement_(std::exchange(other.statement_, nullptr)), connection_(other.connection_) {}

Statement& Statement::operator=(Statement&& other) noexcept {
  if (this != &other) {
    sqlite3_finalize(statement_);
    statement_ = std::exchange(other.statement_, nullptr);
    connection_ = other.connection_;
  }
  return *this;
}

Statement::~Statement() { sqlite3_finalize(statement_); }

Statement& Statement::bind(int index, std::string_view text) {
  sqlite3_bind_text64(statement_, index, text.data() == nullptr ? "" : text.data(), text.size(),
                      SQLITE_STATIC, SQLITE_UTF8);
  return *this;
}

Statement& Statement::bind(int index, std::int64_t number) {
  sqlite3_bind_int64(statement_, index, number);
  return *this;
}

Statement& Statement::bind_or_null(int index, std::string_view text) {
  if (text.empty()) {
    sqlite3_bind_null(statement_, index);
    return *this;
  }
  return bind(index, text);
}

Result<bool> Statement::step() {
  const int result = sqlite3_step(statement_);
  if (result == SQLITE_ROW) {
    return true;
  }
  if (result == SQLITE_DONE) {
    return false;
  }
  const Status failure = connection_->failure(result);
  reset();
  return failure;
}

Status Statement::run() {
  for (;;) {
    PATCHBAY_ASSIGN(const bool row, step());
    if (!row) {
      reset();
      return {};
    }
  }
}

void Statement::reset() {
  sqlite3_reset(statement_);
  connection_->renew_budgets();
}

bool Statement::is_null(int column) const {
  return sqlite3_column_type(statement_, column) == SQLITE_NULL;
}

bool Statement::is_text(int column) const {
  return sqlite3_column_type(statement_, column) == SQLITE_TEXT;
}

bool Statement::is_integer(int column) const {
  return sqlite3_column_type(statement_, column) == SQLITE_INTEGER;
}

std::int64_t Statement::number(int column) const {
  return sqlite3_column_int64(statement_, column);
}

std::string_view Statement::text(int column) const {
  // The pointer first: it may convert the encoding, which changes the size.
  const auto* const bytes =
      static_cast<const char*>(static_cast<const void*>(sqlite3_column_text(statement_, column)));
  const int size = sqlite3_column_bytes(statement_, column);
  return bytes == nullptr ? std::string_view() : std::string_view(bytes, static_cast<size_t>(size));
}

Database::Database(std::unique_ptr<detail::Connection> connection)
    : connection_(std::move(connection)) {}
Database::Database(Database&& other) noexcept = default;
Database& Database::operator=(Database&& other) noexcept = default;
Database::~Database() = default;

Result<Database> Database::open(const attachments::ConfinedFolder& folder, DatabaseFile file,
                                Mode mode, std::chrono::milliseconds busy, int steps) {
  PATCHBAY_TRY(register_confined_vfs());
  vfs_report() = {};
  auto connection = std::make_unique<detail::Connection>();
  connection->shown = folder.shown_name() + "/" + std::string(file_name(file));
  connection->busy = busy;
  connection->steps = steps;
  connection->renew_budgets();
  const int access = mode == Mode::kReadOnly ? SQLITE_OPEN_READONLY : SQLITE_OPEN_READWRITE;
  const int opened =
      sqlite3_open_v2(confined_path(folder.fd(), file).c_str(), &connection->handle,
                      access | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_PRIVATECACHE, kConfinedVfs);
  if (opened != SQLITE_OK) {
    sqlite3_extended_result_codes(connection->handle, 1);
    return connection->failure(sqlite3_extended_errcode(connection->handle));
  }
  connection->inode = vfs_report().database_inode;
  Database database(std::move(connection));
  PATCHBAY_TRY(database.harden());
  // The unix VFS falls back to reading when it may not write.
  if (mode == Mode::kReadWrite && sqlite3_db_readonly(database.handle(), "main") != 0) {
    return Status(Code::kUnavailable, database.shown() +
                                          " cannot be written by the host's user: check its owner "
                                          "and mode");
  }
  return database;
}

Result<Database> Database::open_in_memory() {
  auto connection = std::make_unique<detail::Connection>();
  connection->shown = "a new session database";
  const int opened =
      sqlite3_open_v2(":memory:", &connection->handle,
                      SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX, nullptr);
  if (opened != SQLITE_OK) {
    return connection->failure(opened);
  }
  return Database(std::move(connection));
}

Status Database::harden() {
  sqlite3* const db = connection_->handle;
  sqlite3_extended_result_codes(db, 1);
  static constexpr std::array<std::pair<int, int>, 7> kSwitches = {{
      {SQLITE_DBCONFIG_DEFENSIVE, 1},
      {SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0},
      {SQLITE_DBCONFIG_ENABLE_TRIGGER, 0},
      {SQLITE_DBCONFIG_ENABLE_VIEW, 0},
      {SQLITE_DBCONFIG_ENABLE_LOAD_EXTENSION, 0},
      {SQLITE_DBCONFIG_ENABLE_FTS3_TOKENIZER, 0},
      {SQLITE_DBCONFIG_DQS_DML, 0},
  }};
  for (const auto& [option, value] : kSwitches) {
    if (sqlite3_db_config(db, option, value, nullptr) != SQLITE_OK) {
      return refuse("this SQLite cannot be hardened");
    }
  }
  static constexpr std::array<std::pair<int, int>, 8> kLimits = {{
      {SQLITE_LIMIT_LENGTH, limits::kSqliteLengthBytes},
      {SQLITE_LIMIT_SQL_LENGTH, 64 * 1024},
      {SQLITE_LIMIT_COLUMN, 100},
      {SQLITE_LIMIT_EXPR_DEPTH, 50},
      {SQLITE_LIMIT_COMPOUND_SELECT, 10},
      {SQLITE_LIMIT_VDBE_OP, 25'000},
      {SQLITE_LIMIT_ATTACHED, 0},
      {SQLITE_LIMIT_WORKER_THREADS, 0},
  }};
  for (const auto& [limit, value] : kLimits) {
    sqlite3_limit(db, limit, value);
  }
  sqlite3_busy_handler(db, patchbay_busy, connection_.get());
  sqlite3_progress_handler(db, kStepsACheck, patchbay_progress, connection_.get());
  // Sorting and savepoints must not want temporary files.
  return execute("PRAGMA temp_store = MEMORY");
}

void Database::allow_steps_for_whole_file() {
  // A page of small rows takes about 5,000 steps.
  constexpr std::int64_t kStepsAPage = 8192;
  const auto pages = number("PRAGMA page_count");
  const std::int64_t steps =
      limits::kSqliteSteps + kStepsAPage * (pages.ok() ? pages->value_or(0) : 0);
  connection_->steps =
      static_cast<int>(std::min<std::int64_t>(steps, std::numeric_limits<int>::max()));
}

Status Database::execute(const char* sql) {
  connection_->renew_budgets();
  const int result = sqlite3_exec(connection_->handle, sql, nullptr, nullptr, nullptr);
  return result == SQLITE_OK ? Status()
                             : connection_->failure(sqlite3_extended_errcode(connection_->handle));
}

Result<Statement> Database::prepare(std::string_view sql) {
  connection_->renew_budgets();
  sqlite3_stmt* statement = nullptr;
  const int result = sqlite3_prepare_v2(connection_->handle, sql.data(),
                                        static_cast<int>(sql.size()), &statement, nullptr);
  if (result != SQLITE_OK) {
    return connection_->failure(sqlite3_extended_errcode(connection_->handle));
  }
  return Statement(statement, connection_.get());
}

Result<std::optional<std::int64_t>> Database::number(std::string_view sql) {
  PATCHBAY_ASSIGN(Statement statement, prepare(sql));
  PATCHBAY_ASSIGN(const bool row, statement.step());
  if (!row || !statement.is_integer(0)) {
    return std::optional<std::int64_t>();
  }
  return std::optional(statement.number(0));
}

int Database::changes() const { return sqlite3_changes(connection_->handle); }

std::uint64_t Database::inode() const { return connection_->inode; }

bool Database::has_plain_column(const char* table, const char* column) const {
  // Knows no views, and no columns of virtual tables that were not connected.
  return sqlite3_table_column_metadata(connection_->handle, "main", table, column, nullptr, nullptr,
                                       nullptr, nullptr, nullptr) == SQLITE_OK;
}

const std::string& Database::shown() const { return connection_->shown; }

Status Database::refuse(std::string_view reason) const {
  return {Code::kRefused, connection_->shown + " is refused: " + std::string(reason)};
}

sqlite3* Database::handle() const { return connection_->handle; }

}  // namespace patchbay::session
