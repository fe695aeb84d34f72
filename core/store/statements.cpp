#include "store/statements.hpp"

#include <nlohmann/json.hpp>
#include <sqlite3.h>

#include "base/json.hpp"

namespace patchbay::store {

SQLite::Statement& Statements::prepare(const char* sql) {
  const auto found = prepared_.find(sql);
  if (found != prepared_.end()) {
    return found->second;
  }
  return prepared_.try_emplace(sql, database_, sql).first->second;
}

std::size_t Query::run() {
  statement_.exec();
  return static_cast<std::size_t>(statements_.database().getChanges());
}

std::string Query::text(int column) const {
  const auto value = statement_.getColumn(column);
  const char* bytes = value.getText();
  return std::string(bytes, static_cast<std::size_t>(value.getBytes()));
}

// Not in the header: inlined, g++ 12 takes the value of an empty optional for one that is read.
void Query::bind(int index, const std::optional<base::WallTime>& time) {
  if (time) {
    bind(index, *time);
  } else {
    statement_.bind(index);
  }
}

namespace {

base::Code to_code(int sqlite_code) {
  switch (sqlite_code & 0xff) {
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
      return base::Code::kBusy;
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
      return base::Code::kCorrupt;
    case SQLITE_CONSTRAINT:
      return base::Code::kAlreadyExists;
    case SQLITE_TOOBIG:
      return base::Code::kTooLarge;
    case SQLITE_PERM:
    case SQLITE_READONLY:
    case SQLITE_AUTH:
      return base::Code::kRefused;
    case SQLITE_FULL:
    case SQLITE_IOERR:
    case SQLITE_CANTOPEN:
    case SQLITE_NOMEM:
      return base::Code::kIo;
    default:
      return base::Code::kInternal;
  }
}

}  // namespace

base::Status to_status(const SQLite::Exception& exception, std::string_view what) {
  return {to_code(exception.getErrorCode()),
          "central database: " + std::string(what) + ": " + exception.what()};
}

base::Status to_status(const std::exception& exception, std::string_view what) {
  return {base::Code::kInternal,
          "central database: " + std::string(what) + ": " + exception.what()};
}

std::vector<ChatCount> read_chat_counts(Query& query) {
  std::vector<ChatCount> counts;
  while (query.step()) {
    counts.push_back(
        {query.id<base::InstanceName>(0), query.id<base::ChatKey>(1), query.integer(2)});
  }
  return counts;
}

std::string to_json_list(const std::vector<std::string>& list) {
  if (list.empty()) {
    return {};
  }
  return nlohmann::json(list).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

std::vector<std::string> from_json_list(const std::string& text) {
  std::vector<std::string> list;
  if (text.empty()) {
    return list;
  }
  const auto json = base::parse_json(text);
  if (json.ok() && json->is_array()) {
    for (const auto& entry : *json) {
      if (entry.is_string()) {
        list.push_back(entry.get<std::string>());
      }
    }
  }
  return list;
}

}  // namespace patchbay::store
