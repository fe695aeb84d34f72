// A burst to one session with the real session storage: all of it, once, in order.
#include <sqlite3.h>

#include "base/log.hpp"
#include "router_fixture.hpp"

namespace patchbay::routing {
namespace {

TEST_F(RouterTest, ABurstToOneSessionIsStoredInOrder) {
  stop();
  base::ThreadPool pool(2, "sessions");
  session::SessionStorage::Options options;
  options.sessions_folder = folder_ / "real";
  auto storage = session::SessionStorage::open(options, pool, loop_, loop_);
  ASSERT_TRUE(storage.ok()) << storage.status().message();
  (*storage)->on_work([](const session::SessionAddress&, const session::SessionWork&) {});
  auto database = store::CentralDatabase::open(folder_ / "patchbay.db", loop_);
  ASSERT_TRUE(database.ok());
  database_ = std::move(database).value();
  auto routing = CompiledRouting::compile(config_);
  Router router(
      RouterParts{loop_, pool, *database_, {storage->get(), staging_.get(), &mime_}, random_},
      *routing);
  router.set_files(files_);
  ASSERT_TRUE(router.start().ok());

  constexpr int kEvents = 20'000;
  constexpr int kOutstanding = 512;
  int submitted = 0;
  int ended = 0;
  int stored = 0;
  std::function<void()> submit_next = [&] {
    if (submitted == kEvents) {
      return;
    }
    const std::string number = std::to_string(++submitted);
    router.submit(message(number, number), [&](SubmitOutcome outcome) {
      ++ended;
      stored += outcome == SubmitOutcome::kStored ? 1 : 0;
      submit_next();
    });
  };
  const auto begin = std::chrono::steady_clock::now();
  for (int number = 0; number < kOutstanding; ++number) {
    submit_next();
  }
  // On a busy machine it takes its time; it only has to go on.
  while (ended < kEvents) {
    ASSERT_TRUE(loop_.run_until([&, before = ended] { return ended > before; })) << ended;
  }
  EXPECT_EQ(stored, kEvents);
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - begin;
  RecordProperty("events_per_second", static_cast<int>(kEvents / took.count()));
  base::log_info("routing.burst", {{"events_per_second", kEvents / took.count()}});

  const auto sessions = ask([](store::Repositories& r) { return r.sessions.list({}, true, 10); });
  ASSERT_EQ(sessions.size(), 1U);
  const std::string path = (folder_.path() / "real" / "main" / sessions[0].id.str() / "inbound.db");
  sqlite3* inbound = nullptr;
  ASSERT_EQ(sqlite3_open_v2(path.c_str(), &inbound, SQLITE_OPEN_READONLY, nullptr), SQLITE_OK);
  sqlite3_stmt* query = nullptr;
  ASSERT_EQ(sqlite3_prepare_v2(inbound,
                               "SELECT json_extract(content, '$.text') FROM messages_in "
                               "ORDER BY seq",
                               -1, &query, nullptr),
            SQLITE_OK);
  int row = 0;
  while (sqlite3_step(query) == SQLITE_ROW) {
    EXPECT_EQ(sqlite3_column_int(query, 0), ++row);
  }
  EXPECT_EQ(row, kEvents);
  sqlite3_finalize(query);
  sqlite3_close(inbound);
  (*storage).reset();
}

}  // namespace
}  // namespace patchbay::routing
