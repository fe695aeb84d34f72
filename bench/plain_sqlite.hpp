// SQLite as anybody would use it: what the figures are measured beside, and how their data is made.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

struct sqlite3;

namespace patchbay::bench {

class PlainDatabase {
 public:
  // Read-write, made if missing, with SQLite's own file locking and no settings but a busy timeout.
  explicit PlainDatabase(const std::string& path);
  // Statements without results.
  void run(const std::string& sql);
  // The first column of the first row.
  [[nodiscard]] std::int64_t number(const std::string& sql);
  [[nodiscard]] std::string text(const std::string& sql);

 private:
  struct Close {
    void operator()(sqlite3* database) const;
  };
  std::unique_ptr<sqlite3, Close> database_;
};

// The tables of an inbound.db.
void make_inbound_tables(const std::string& path);
void make_outbound_tables(const std::string& path);
// Opens the database, inserts one message durably (journal DELETE, synchronous EXTRA: without it
// the commit can be lost with the power), closes it.
void open_insert_close(const std::string& path, int number);

}  // namespace patchbay::bench
