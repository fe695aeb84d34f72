// A million deliveries that have ended must cost nothing: every statement that runs often looks
// only at an index, and at one that what has ended is not in.
#include <SQLiteCpp/SQLiteCpp.h>
#include <sqlite3.h>

#include "store/ledger_sql.hpp"
#include "store/migrations.hpp"
#include "store_fixture.hpp"

namespace patchbay::store {
namespace {

std::string plan_of(SQLite::Database& database, const std::string& sql) {
  SQLite::Statement query(database, "EXPLAIN QUERY PLAN " + sql);
  std::string plan;
  while (query.executeStep()) {
    plan += query.getColumn(3).getString() + "\n";
  }
  return plan;
}

struct Expectation {
  const char* sql;
  const char* index;
};

TEST(LedgerPlans, HotStatementsUseTheIndexThatWasMadeForThem) {
  SQLite::Database database(":memory:", SQLite::OPEN_READWRITE | SQLite::OPEN_CREATE);
  ASSERT_TRUE(migrate(database, "memory").ok());
  using namespace ledger_sql;  // NOLINT(google-build-using-namespace)
  const std::vector<Expectation> expectations{
      {kFindState, "INTEGER PRIMARY KEY"},
      {kMove, "INTEGER PRIMARY KEY"},
      {kFind, "INTEGER PRIMARY KEY"},
      {kPause, "INTEGER PRIMARY KEY"},
      {kResume, "INTEGER PRIMARY KEY"},
      {kPostpone, "INTEGER PRIMARY KEY"},
      {kSetEvidence, "INTEGER PRIMARY KEY"},
      {kSetProjected, "INTEGER PRIMARY KEY"},
      {kSetNotified, "INTEGER PRIMARY KEY"},
      {kParts, "PRIMARY KEY (delivery=?)"},
      {kFindByMessage, "(agent=? AND session=? AND message_out_id=?)"},
      {kFindReported, "delivery_parts_remote"},
      {kFindByFirstPart, "delivery_parts_remote"},
      {kFindByIdempotencyKey, "deliveries_idempotency (instance=? AND idempotency_key=?)"},
      {kFindAnswers, "deliveries_answers (answers=?)"},
      {kLoadOpen, "deliveries_open "},
      {kOpenLanes, "deliveries_open_lane"},
      {kLoadLane, "deliveries_open_lane (instance=? AND chat=? AND thread=? AND id>?)"},
      {kLoadSessionOpen, "deliveries_open"},
      {kLoadUnknown, "deliveries_unknown"},
      {kMessageIds, "COVERING INDEX sqlite_autoindex_deliveries_1 (agent=? AND session=?)"},
      {kNextDue, "deliveries_due"},
      {kLoadNotProjected, "deliveries_not_projected"},
      {kLoadNotNotified, "deliveries_not_notified"},
      {kLoadSpoolsToRemove, "deliveries_spooled"},
      {kSpools, "deliveries_spooled"},
      {kListOpen, "deliveries_open"},
      {kListFailed, "deliveries_failed"},
      {kListUnknown, "deliveries_unknown"},
      {kHasAny, "(instance=? AND state=?)"},
      {kAddTimeOff, "deliveries_open"},
      {kMovePauses, "deliveries_open"},
      {kSeenAtWork, "deliveries_open"},
      {kCountWaiting, "deliveries_open_lane (instance=? AND chat=?)"},
  };
  for (const Expectation& expectation : expectations) {
    const std::string plan = plan_of(database, expectation.sql);
    EXPECT_NE(plan.find(expectation.index), std::string::npos) << expectation.sql << "\n" << plan;
    EXPECT_EQ(plan.find("TEMP B-TREE"), std::string::npos) << expectation.sql << "\n" << plan;
  }
}

// The same as numbers: the virtual machine takes as many steps with many ended rows as with few.
TEST(LedgerPlans, StepsDoNotGrowWithWhatHasEnded) {
  SQLite::Database database(":memory:", SQLite::OPEN_READWRITE | SQLite::OPEN_CREATE);
  ASSERT_TRUE(migrate(database, "memory").ok());
  const auto add_ended = [&](int from, int to) {
    database.exec(
        "WITH RECURSIVE n(i) AS (SELECT " + std::to_string(from) +
        " UNION ALL SELECT i + 1 FROM n WHERE i < " + std::to_string(to) +
        ") INSERT INTO deliveries SELECT NULL, 'main', 's' || (i % 50), 'm' || i, 'telegram', "
        "'c' || (i % 100), '', 'chat', '{}', '', '', '', '', '', '', 2, 1, NULL, '', '', 1, 1, "
        "NULL, 0, 1, 1, '', 1 FROM n");
  };
  const auto steps = [&](const char* sql) {
    SQLite::Statement query(database, sql);
    for (int parameter = 1; parameter <= query.getBindParameterCount(); ++parameter) {
      query.bind(parameter, 100);
    }
    while (query.executeStep()) {
    }
    // The only statement there is.
    return sqlite3_stmt_status(sqlite3_next_stmt(database.getHandle(), nullptr),
                               SQLITE_STMTSTATUS_VM_STEP, 0);
  };
  using namespace ledger_sql;  // NOLINT(google-build-using-namespace)
  const std::array statements{kLoadOpen,         kOpenLanes,       kLoadUnknown,        kNextDue,
                              kLoadNotProjected, kLoadNotNotified, kLoadSpoolsToRemove, kSpools};
  add_ended(1, 10);
  std::vector<int> few;
  for (const char* sql : statements) {
    few.push_back(steps(sql));
  }
  add_ended(11, 20'000);
  for (std::size_t index = 0; index < statements.size(); ++index) {
    EXPECT_EQ(steps(statements.at(index)), few.at(index)) << statements.at(index);
  }
}

}  // namespace
}  // namespace patchbay::store
