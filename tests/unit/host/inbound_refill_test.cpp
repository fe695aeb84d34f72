// An inbound.db that had to be made anew, and what the host puts back into it.
#include "host/inbound_refill.hpp"

#include <SQLiteCpp/SQLiteCpp.h>
#include <gtest/gtest.h>

#include "store/repositories.hpp"
#include "test_common/temp_folder.hpp"
#include "test_common/virtual_loop.hpp"

namespace patchbay::host {
namespace {

using base::Status;
using store::DeliveryRecord;
using store::DeliveryState;

constexpr int kFailed = 600;  // more than two pages

class InboundRefillTest : public ::testing::Test {
 protected:
  void SetUp() override {
    database_ = store::CentralDatabase::open(temp_ / "patchbay.db", loop_).value();
    session::SessionStorage::Options options;
    options.sessions_folder = temp_ / "sessions";
    sessions_ = session::SessionStorage::open(std::move(options), pool_, loop_, loop_).value();
    routing::RoutingConfig config;
    config.agents = {session_.agent};
    config.default_agent = session_.agent;
    router_ = std::make_unique<routing::Router>(
        routing::RouterParts{
            loop_, pool_, *database_, {sessions_.get(), nullptr, nullptr}, random_},
        routing::CompiledRouting::compile(config).value());
    ASSERT_TRUE(database_->run([this](store::Repositories& stored) { return fill(stored); }).ok());
  }
  void TearDown() override {
    router_.reset();
    sessions_.reset();
    pool_.drain();
    database_.reset();
    loop_.drop_everything();
  }

  Status fill(store::Repositories& stored) {
    store::SessionRecord session;
    session.id = session_.id;
    session.agent = session_.agent;
    session.key = "agent:main:main";
    session.instance = base::InstanceName("telegram");
    session.chat = base::ChatKey("telegram:dm:5");
    PATCHBAY_TRY(stored.sessions.insert(session));
    for (int i = 0; i < kFailed; ++i) {
      DeliveryRecord failed = row("failed" + std::to_string(i));
      failed.state = DeliveryState::kFailed;
      failed.reason = "no";
      failed.finished_at = loop_.wall_now();
      PATCHBAY_TRY(stored.ledger.accept(failed).status());
    }
    PATCHBAY_TRY(stored.ledger.accept(row("waiting")).status());
    PATCHBAY_ASSIGN(const auto id, stored.ledger.accept(row("sent")));
    PATCHBAY_TRY(stored.ledger.put_part(*id, {0, "p1", ""}));
    store::DeliveryMove move;
    move.id = *id;
    move.at = loop_.wall_now();
    move.to = DeliveryState::kSending;
    PATCHBAY_TRY(stored.ledger.move(move));
    move.to = DeliveryState::kDelivered;
    return stored.ledger.move(move);
  }
  DeliveryRecord row(const std::string& id) {
    DeliveryRecord record;
    record.agent = session_.agent;
    record.session = session_.id;
    record.message_out_id = id;
    record.lane = {base::InstanceName("telegram"), base::ChatKey("telegram:dm:5"), {}};
    record.kind = "chat";
    record.content = R"({"text":"x"})";
    record.idempotency_key = id;
    record.accepted_at = loop_.wall_now();
    return record;
  }

  // Runs `start` with a completion and waits for it.
  template <class T, class Start>
  T wait(Start start) {
    std::optional<T> result;
    start([&result](T given) { result.emplace(std::move(given)); });
    EXPECT_TRUE(loop_.run_until([&result] { return result.has_value(); }));
    return std::move(*result);
  }
  session::SessionStorage::Recovery recover() {
    using Result = base::Result<session::SessionStorage::Recovery>;
    return wait<Result>([this](auto done) {
             sessions_->recover(session::RunLease(session_), std::move(done));
           })
        .value();
  }
  void refill(const std::string& set_aside) {
    InboundRefill refill(loop_, *database_, *sessions_, *router_);
    bool done = false;
    refill.refill(session_, set_aside, [&done] { done = true; });
    ASSERT_TRUE(loop_.run_until([&done] { return done; }));
  }
  [[nodiscard]] std::string inbound(const std::string& sql) {
    SQLite::Database database(temp_ / "sessions/main/s1/inbound.db", SQLite::OPEN_READONLY);
    SQLite::Statement statement(database, sql);
    return statement.executeStep() ? statement.getColumn(0).getString() : "none";
  }

  test::TempFolder temp_;
  test::VirtualLoop loop_;
  base::Random random_{7};
  base::ThreadPool pool_{2, "storage"};
  session::SessionAddress session_{base::AgentGroupId("main"), base::SessionId("s1")};
  std::unique_ptr<store::CentralDatabase> database_;
  std::unique_ptr<session::SessionStorage> sessions_;
  std::unique_ptr<routing::Router> router_;
};

TEST_F(InboundRefillTest, TheAgentFindsWhatBecameOfItsMessagesAndIsTold) {
  using Made = base::Result<bool>;
  ASSERT_TRUE(wait<Made>([this](auto done) { sessions_->create(session_, std::move(done)); }).ok());
  test::write_file(temp_ / "sessions/main/s1/inbound.db", "no database");
  const auto recovery = recover();
  ASSERT_TRUE(recovery.inbound_set_aside);
  refill(*recovery.inbound_set_aside);
  EXPECT_FALSE(recover().inbound_set_aside);

  EXPECT_EQ(inbound("SELECT count(*) FROM delivered"), std::to_string(kFailed + 1));
  EXPECT_EQ(inbound("SELECT status || ' ' || platform_message_id FROM delivered"
                    " WHERE message_out_id = 'sent'"),
            "delivered p1");
  EXPECT_EQ(inbound("SELECT status || ' ' || reason FROM delivered WHERE message_out_id ="
                    " 'failed0'"),
            "failed no");
  EXPECT_EQ(inbound("SELECT platform_id FROM session_routing"), "telegram:dm:5");
  EXPECT_EQ(inbound("SELECT platform_id FROM destinations"), "telegram:dm:5");
  EXPECT_EQ(inbound("SELECT status || ' ' || channel_type || ' ' || trigger FROM messages_in"
                    " WHERE id = 'notice-inbound-replaced'"),
            "held agent 0");
  EXPECT_NE(inbound("SELECT content FROM messages_in").find(*recovery.inbound_set_aside),
            std::string::npos);
}

TEST_F(InboundRefillTest, ASessionThatCannotBeWrittenIsLeftForTheNextTime) {
  refill("inbound.db.corrupt-1");  // there is no such folder: it ends all the same
}

}  // namespace
}  // namespace patchbay::host
