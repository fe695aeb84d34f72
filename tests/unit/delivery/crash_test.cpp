// The host may stop at any instruction.
#include <SQLiteCpp/SQLiteCpp.h>
#include <cstdlib>
#include <gtest/gtest.h>
#include <map>
#include <set>

#include "delivery_world.hpp"
#include "store/ledger.hpp"

namespace patchbay::delivery {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;
using store::DeliveryState;
using Texts = std::vector<std::string>;

std::string text(const std::string& of) { return R"({"text":")" + of + R"("})"; }

class Restart : public testing::Test {
 protected:
  DeliveryWorld world;
};

TEST_F(Restart, LanesAreRebuiltInOrder) {
  world.start();
  world.channels.set_state("telegram", InstanceState::kConnecting);
  for (int i = 0; i < 5; ++i) {
    world.sessions.write_out(world.session, "a" + std::to_string(i), text(std::to_string(i)));
  }
  world.service->wake(world.session);
  world.settle();
  world.crash();
  world.start();
  EXPECT_TRUE(world.channels.requests.empty());
  world.channels.set_state("telegram", InstanceState::kOnline);
  world.settle();
  EXPECT_EQ(world.channels.texts(), (Texts{"0", "1", "2", "3", "4"}));
}

TEST_F(Restart, WhatWasBeingSentIsUnknownWithItsEvidence) {
  world.start();
  world.channels.hold = true;
  world.write("a1", text("x"));
  world.write("a2", text("y"));
  world.service->channel_events().on_part(world.channels.held[0].request.delivery_id, {0, "p0", ""},
                                          [](bool) {});
  world.settle();
  world.crash();
  world.channels.hold = false;
  world.start();
  const auto record = world.record("a1");
  EXPECT_EQ(record.state, DeliveryState::kUnknown);
  EXPECT_EQ(record.reason, "the host stopped while it was being sent");
  EXPECT_EQ(record.evidence, "one part of it is there, as p0");
  EXPECT_EQ(world.files().delivered["a1"].status, "unknown");
  EXPECT_EQ(world.record("a2").state, DeliveryState::kDelivered);  // successors go on
  ASSERT_EQ(world.files().inbound.size(), 1U);
}

TEST_F(Restart, WithAKeyItIsSentAgainUnderTheSameKey) {
  world.channels.channel_limits.capability_bits = PBAY_CAN_IDEMPOTENT_SEND;
  world.start();
  world.channels.hold = true;
  world.write("a1", text("x"));
  world.crash();
  world.channels.hold = false;
  world.start();
  EXPECT_EQ(world.record("a1").state, DeliveryState::kDelivered);
  ASSERT_EQ(world.channels.requests.size(), 2U);
  EXPECT_EQ(world.channels.requests[0].idempotency_key, world.channels.requests[1].idempotency_key);
}

TEST_F(Restart, WithAKeyItIsSentAgainHoweverLongTheHostWasOff) {
  world.channels.channel_limits.capability_bits = PBAY_CAN_IDEMPOTENT_SEND;
  world.start();
  world.channels.hold = true;
  world.write("a1", text("x"));
  world.crash();
  world.pass(hours(60));
  world.channels.hold = false;
  world.start();
  EXPECT_EQ(world.record("a1").state, DeliveryState::kDelivered);
}

TEST_F(Restart, WhatSaysWhatShallBeIsMadeAgain) {
  world.start();
  const std::map<std::string, std::string> contents = {
      {"edit", R"({"operation":"edit","messageId":"5","text":"x"})"},
      {"reaction", R"({"operation":"reaction","messageId":"5","emoji":"x"})"},
      {"delete", R"({"operation":"delete","messageId":"5"})"}};
  for (const auto& [id, content] : contents) {
    SCOPED_TRACE(id);
    const std::size_t before = world.channels.requests.size();
    world.channels.hold = true;
    world.write(id, content);
    world.crash();
    world.channels.hold = false;
    world.start();
    EXPECT_EQ(world.record(id).state, DeliveryState::kDelivered);
    EXPECT_EQ(world.channels.requests.size(), before + 2);
  }
}

TEST_F(Restart, AnEditWhoseFirstPartIsThereIsUnknown) {
  world.start();
  world.channels.hold = true;
  world.write("a1", R"({"operation":"edit","messageId":"5","text":"long"})");
  world.service->channel_events().on_part(world.channels.held[0].request.delivery_id,
                                          {0, "5", "1/2"}, [](bool) {});
  world.settle();
  world.crash();
  world.channels.hold = false;
  world.start();
  EXPECT_EQ(world.record("a1").state, DeliveryState::kUnknown);
}

TEST_F(Restart, WhatWasLeftUntoldIsLookedForUntilTheLedgerCanBeRead) {
  world.start();
  world.sessions.write_failures = {base::Status(base::Code::kBusy, "locked")};
  world.write("a1", text("x"));
  world.crash();
  EXPECT_FALSE(world.record("a1").projected);
  SQLite::Database damaged(world.folder / "patchbay.db", SQLite::OPEN_READWRITE);
  damaged.exec("ALTER TABLE deliveries RENAME COLUMN notified TO lost");
  world.start();
  world.pass(seconds(50));
  damaged.exec("ALTER TABLE deliveries RENAME COLUMN lost TO notified");
  EXPECT_FALSE(world.record("a1").projected);
  world.pass(seconds(20));
  EXPECT_TRUE(world.record("a1").projected);
  EXPECT_EQ(world.files().delivered["a1"].status, "delivered");
}

TEST_F(Restart, AnInstanceThatStaysAwayDoesNotKeepTheAgentInTheDark) {
  world.start();
  world.channels.hold = true;
  world.write("a1", text("x"));
  world.crash();
  world.channels.set_state("telegram", InstanceState::kLoginRequired);
  world.start();
  EXPECT_EQ(world.record("a1").state, DeliveryState::kSending);
  world.pass(seconds(61));
  EXPECT_EQ(world.record("a1").state, DeliveryState::kUnknown);
}

TEST_F(Restart, ActionsOfTheHostAreRepeatedById) {
  world.start();
  world.sessions.write_out(world.session, "a1", R"({"action":"schedule_task"})", "system");
  world.service->wake(world.session);
  // Until the host was asked, and not one task further.
  while (world.actions.actions.empty()) {
    if (world.loop.run_some(1) == 0) {
      ASSERT_TRUE(world.database->run([](store::Repositories&) { return base::Status(); }).ok());
    }
  }
  world.crash();
  world.start();
  EXPECT_EQ(world.record("a1").state, DeliveryState::kDelivered);
  EXPECT_EQ(world.actions.actions.size(), 2U);
}

TEST_F(Restart, FilesInTheSpoolAreFoundAgain) {
  const auto outbox = world.sessions.path(world.session) / "outbox" / "a1";
  std::filesystem::create_directories(outbox);
  test::write_file(outbox / "f.txt", "bytes");
  world.start();
  world.sessions.write_out(world.session, "a1", R"({"files":["f.txt"]})");
  world.service->wake(world.session);
  // Until the folder has been taken, and not one task further.
  while (std::filesystem::exists(outbox)) {
    ASSERT_EQ(world.loop.run_some(1), 1U);
  }
  world.crash();
  EXPECT_EQ(world.record("a1").id, -1);
  world.start();
  EXPECT_EQ(world.record("a1").state, DeliveryState::kDelivered);
  ASSERT_EQ(world.channels.requests.size(), 1U);
  EXPECT_EQ(world.channels.requests[0].files.size(), 1U);
}

TEST_F(Restart, WhatTheAgentWasNotToldYetIsTold) {
  world.start();
  world.channels.script(test::outcome(OutcomeClass::kPermanent, SentState::kNotSent, "no"));
  world.sessions.write_failures.assign(2, base::Status(base::Code::kBusy, "locked"));
  world.write("a1", text("x"));
  EXPECT_TRUE(world.files().delivered.empty());
  world.crash();
  world.start();
  EXPECT_EQ(world.files().delivered["a1"].status, "failed");
  EXPECT_EQ(world.files().inbound.size(), 1U);
}

// What a platform shows, whatever it told the host.
struct Platform {
  struct Shown {
    std::string chat;
    std::string key;
    std::string text;
  };
  std::vector<Shown> shown;
  std::set<std::string> keys;

  void show(const DeliveryRequest& request, bool honours_keys) {
    if (honours_keys && keys.contains(request.idempotency_key)) {
      return;
    }
    keys.insert(request.idempotency_key);
    shown.push_back(
        {request.instance.str() + request.chat_id, request.idempotency_key, request.text});
  }
};

class Chaos {
 public:
  explicit Chaos(std::uint64_t seed) : dice_(seed) {
    world_.channels.limits_of["slack"].capability_bits = PBAY_CAN_IDEMPOTENT_SEND;
    world_.channels.answer = [this](const DeliveryRequest& request) { return meet(request); };
    add("s2", "telegram:dm:7");
    add("s3", "slack:channel:C1");
    sessions_.push_back(world_.session);
  }

  void run() {
    world_.start();
    for (int round = 0; round < 60; ++round) {
      write_rows();
      world_.loop.run_some(dice_.below(40));
      if (dice_.below(3) == 0) {
        world_.settle();
      }
      if (dice_.below(4) == 0) {
        world_.pass(base::Milliseconds(static_cast<std::int64_t>(dice_.below(8'000))));
      }
      if (dice_.below(6) == 0) {
        world_.crash();
        world_.start();
      }
    }
    calm_ = true;
    world_.settle();
    world_.crash();
    world_.start();
    world_.pass(minutes(25));
    check();
  }

 private:
  void add(const std::string& id, const std::string& chat) {
    const session::SessionAddress address{base::AgentGroupId("main"), base::SessionId(id)};
    world_.add_session(address, chat);
    sessions_.push_back(address);
  }

  void write_rows() {
    for (std::uint64_t n = dice_.below(4); n > 0; --n) {
      const auto& session = sessions_[dice_.below(sessions_.size())];
      const std::string number = std::to_string(++written_[session]);
      world_.sessions.write_out(session, number, text(number));
      world_.service->wake(session);
    }
  }

  AttemptOutcome meet(const DeliveryRequest& request) {
    const bool honours_keys = request.instance.str() == "slack";
    switch (calm_ ? 0 : dice_.below(8)) {
      case 0:
      case 1:
      case 2:
        platform_.show(request, honours_keys);
        return world_.channels.delivered();
      case 3: {
        auto out = test::outcome(OutcomeClass::kRetryable, SentState::kNotSent, "429");
        out.retry_after = base::Milliseconds(static_cast<std::int64_t>(dice_.below(5'000)));
        out.retry_scope = static_cast<RetryScope>(dice_.below(3));
        return out;
      }
      case 4:
        return test::outcome(OutcomeClass::kRetryable, SentState::kNotSent, "connect");
      case 5:
        return test::outcome(OutcomeClass::kPermanent, SentState::kNotSent, "refused");
      case 6: {
        auto out = test::outcome(OutcomeClass::kAccount, SentState::kNotSent, "401");
        out.chat_offline = dice_.below(2) == 0;
        return out;
      }
      default:
        if (dice_.below(2) == 0) {
          platform_.show(request, honours_keys);
        }
        return test::outcome(OutcomeClass::kUnknown, SentState::kUnknown, "cut");
    }
  }

  void check() {
    std::map<std::string, int> times_shown;
    std::map<std::string, int> last_of_chat;
    for (const auto& shown : platform_.shown) {
      ++times_shown[shown.key];
      if (shown.text.find("⚠️") == std::string::npos) {
        EXPECT_GT(std::stoi(shown.text), last_of_chat[shown.chat]) << "order in " << shown.chat;
        last_of_chat[shown.chat] = std::stoi(shown.text);
      }
    }
    for (const auto& [key, times] : times_shown) {
      EXPECT_EQ(times, 1) << key;
    }
    for (const auto& session : sessions_) {
      for (int number = 1; number <= written_[session]; ++number) {
        check_row(session, std::to_string(number), times_shown);
      }
    }
    for (const auto& record : world_.all()) {
      EXPECT_TRUE(store::is_end(record.state)) << record.id << " " << record.message_out_id;
    }
  }

  void check_row(const session::SessionAddress& session, const std::string& id,
                 std::map<std::string, int>& times_shown) {
    const auto record = world_.record(session, id);
    ASSERT_NE(record.id, -1) << session.id.str() << " " << id;
    EXPECT_TRUE(store::is_end(record.state));
    const int times = times_shown[record.idempotency_key];
    if (record.state == DeliveryState::kDelivered) {
      EXPECT_EQ(times, 1);
    } else if (record.state == DeliveryState::kFailed) {
      EXPECT_EQ(times, 0) << record.reason;
    }
    auto& delivered = world_.sessions.sessions.at(session).delivered;
    ASSERT_TRUE(delivered.contains(id));
    EXPECT_EQ(delivered[id].status, store::to_string(record.state));
  }

  base::Random dice_;
  DeliveryWorld world_;
  std::vector<session::SessionAddress> sessions_;
  std::map<session::SessionAddress, int> written_;
  Platform platform_;
  bool calm_ = false;
};

TEST(DeliveryProperty, EveryRowEndsOnceInOrderAndNothingIsShownTwice) {
  const char* given = std::getenv("PATCHBAY_TEST_SEED");
  const std::uint64_t first = given != nullptr ? std::strtoull(given, nullptr, 10) : 1;
  const std::uint64_t runs = given != nullptr ? 1 : 8;
  for (std::uint64_t seed = first; seed < first + runs; ++seed) {
    SCOPED_TRACE("PATCHBAY_TEST_SEED=" + std::to_string(seed));
    Chaos(seed).run();
    if (testing::Test::HasFailure()) {
      break;
    }
  }
}

}  // namespace
}  // namespace patchbay::delivery
