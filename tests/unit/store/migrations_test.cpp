#include "store/migrations.hpp"

#include <SQLiteCpp/SQLiteCpp.h>

#include "store_fixture.hpp"

namespace patchbay::store {
namespace {

using MigrationsTest = StoreTest;

TEST_F(MigrationsTest, EachStepIsRecordedWithNameAndTime) {
  SQLite::Database database(path(), SQLite::OPEN_READONLY);
  SQLite::Statement query(database,
                          "SELECT version, name, applied_at FROM schema_migrations ORDER BY 1");
  int version = 0;
  for (const Migration& migration : all_migrations()) {
    ASSERT_TRUE(query.executeStep());
    EXPECT_EQ(query.getColumn(0).getInt(), ++version);
    EXPECT_EQ(query.getColumn(1).getString(), migration.name);
    EXPECT_EQ(query.getColumn(2).getString().size(),
              std::string("2026-01-01T00:00:00.000Z").size());
  }
  EXPECT_FALSE(query.executeStep());
}

TEST_F(MigrationsTest, ANewerSchemaIsRefusedWithBothVersionsAndTheRemedy) {
  database_.reset();
  {
    SQLite::Database database(path(), SQLite::OPEN_READWRITE);
    database.exec("INSERT INTO schema_migrations VALUES(99, 'from the future', 'x')");
  }
  const auto opened = CentralDatabase::open(path(), loop_);
  ASSERT_FALSE(opened.ok());
  EXPECT_EQ(opened.status().code(), base::Code::kRefused);
  const std::string& message = opened.status().message();
  EXPECT_NE(message.find("99"), std::string::npos) << message;
  EXPECT_NE(message.find(std::to_string(all_migrations().back().version)), std::string::npos);
  EXPECT_NE(message.find("run the newer patchbay"), std::string::npos) << message;
}

TEST_F(MigrationsTest, AStepThatFailsLeavesTheOnesBeforeIt) {
  SQLite::Database database(folder_ / "other.db", SQLite::OPEN_READWRITE | SQLite::OPEN_CREATE);
  const std::array steps{Migration{1, "one", "CREATE TABLE one(a)"},
                         Migration{2, "two", "CREATE TABLE two(a); SELECT nonsense FROM nowhere"}};
  EXPECT_FALSE(migrate(database, "other.db", steps).ok());
  EXPECT_TRUE(database.tableExists("one"));
  EXPECT_FALSE(database.tableExists("two"));
  const std::array repaired{steps[0], Migration{2, "two", "CREATE TABLE two(a)"}};
  EXPECT_TRUE(migrate(database, "other.db", repaired).ok());
  EXPECT_TRUE(database.tableExists("two"));
  EXPECT_TRUE(migrate(database, "other.db", repaired).ok());
}

// What was tried before goes on growing old from its first attempt.
TEST_F(MigrationsTest, FirstAttemptsAreTakenOver) {
  SQLite::Database database(folder_ / "other.db", SQLite::OPEN_READWRITE | SQLite::OPEN_CREATE);
  ASSERT_TRUE(migrate(database, "other.db", all_migrations().first(5)).ok());
  const auto insert = [&](const std::string& id, const std::string& state) {
    database.exec("INSERT INTO deliveries VALUES(" + id + ", 'main', 's', 'm" + id +
                  "', 'telegram', 'c', '', 'chat', '{}', '', '', '', '', '', 'key', " + state +
                  ", 1, NULL, '', '', 1, NULL, NULL, 0, 0, 0, '')");
  };
  insert("1", "0");
  insert("2", "0");
  insert("3", "4");
  database.exec(
      "INSERT INTO attempts(delivery, number, began_at, reason) "
      "VALUES(1, 1, 500, ''), (1, 2, 900, ''), (3, 1, 700, '')");
  ASSERT_TRUE(migrate(database, "other.db").ok());
  SQLite::Statement query(database, "SELECT first_tried_at FROM deliveries ORDER BY id");
  ASSERT_TRUE(query.executeStep());
  EXPECT_EQ(query.getColumn(0).getInt(), 500);
  ASSERT_TRUE(query.executeStep());
  EXPECT_TRUE(query.getColumn(0).isNull());
  ASSERT_TRUE(query.executeStep());
  EXPECT_EQ(query.getColumn(0).getInt(), 700);
}

}  // namespace
}  // namespace patchbay::store
