#include "store/ledger.hpp"

#include "store_fixture.hpp"

namespace patchbay::store {
namespace {

using LedgerTest = StoreTest;

const base::AgentGroupId kAgent("main");
const base::SessionId kSession("s1");

DeliveryRecord delivery(const std::string& id, const std::string& chat = "telegram:dm:1") {
  DeliveryRecord record;
  record.agent = kAgent;
  record.session = kSession;
  record.message_out_id = id;
  record.lane = {base::InstanceName("telegram"), base::ChatKey(chat), {}};
  record.kind = "chat";
  record.content = R"({"text":"hello"})";
  record.idempotency_key = "key-" + id;
  record.accepted_at = at(1);
  return record;
}

class LedgerWithRows : public LedgerTest {
 protected:
  std::int64_t accept(const DeliveryRecord& record) {
    const auto id = ask([&](Repositories& r) { return r.ledger.accept(record); });
    EXPECT_TRUE(id);
    return id.value_or(0);
  }
  void move(std::int64_t id, DeliveryState to, std::uint32_t attempts = 1) {
    unit([&](Repositories& r) {
      return r.ledger.move({id, to, at(100), attempts, "because", "", std::nullopt, {}});
    });
  }
  static DeliveryRecord find_in(Repositories& repositories, std::int64_t id) {
    return repositories.ledger.find(id).value().value();
  }
  DeliveryRecord find(std::int64_t id) {
    return ask([&](Repositories& r) { return r.ledger.find(id); }).value();
  }
  int rows_ = 0;
};

TEST(DeliveryStates, MoveOnlyAsDesigned) {
  using enum DeliveryState;
  const std::vector<std::pair<DeliveryState, DeliveryState>> allowed{
      {kWaiting, kSending}, {kWaiting, kFailed},  {kSending, kDelivered}, {kSending, kFailed},
      {kWaiting, kUnknown}, {kSending, kUnknown}, {kSending, kWaiting},   {kUnknown, kDelivered},
      {kUnknown, kFailed},  {kUnknown, kWaiting}, {kDelivered, kFailed}};
  const std::array all{kWaiting, kSending, kDelivered, kFailed, kUnknown};
  for (const DeliveryState from : all) {
    for (const DeliveryState to : all) {
      const bool expected = std::count(allowed.begin(), allowed.end(), std::pair(from, to)) == 1;
      EXPECT_EQ(may_move(from, to), expected) << to_string(from) << " → " << to_string(to);
    }
    EXPECT_EQ(parse_delivery_state(to_string(from)), from);
  }
  EXPECT_FALSE(parse_delivery_state("sent"));
}

TEST_F(LedgerWithRows, WhatWasAcceptedComesBackWhole) {
  DeliveryRecord record = delivery("m1");
  record.lane.thread = base::ThreadId("7");
  record.in_reply_to = "3";
  record.target = "row:m0";
  record.spool = "spool-1";
  record.files = {"a.txt", "ü\".jpg"};
  record.refused_files = {"b: is a symbolic link"};
  record.not_before = at(50);
  const std::int64_t id = accept(record);
  unit([&](Repositories& r) -> base::Status {
    PATCHBAY_TRY(r.ledger.put_part(id, {1, "", "cursor"}));
    PATCHBAY_TRY(r.ledger.put_part(id, {0, "100", ""}));
    return r.ledger.put_part(id, {1, "101", "further"});
  });
  reopen();
  const DeliveryRecord found = find(id);
  EXPECT_EQ(found.message_out_id, "m1");
  EXPECT_EQ(found.lane, record.lane);
  EXPECT_EQ(found.content, record.content);
  EXPECT_EQ(found.in_reply_to, "3");
  EXPECT_EQ(found.target, "row:m0");
  EXPECT_EQ(found.files, record.files);
  EXPECT_EQ(found.refused_files, record.refused_files);
  EXPECT_EQ(found.not_before, at(50));
  EXPECT_EQ(found.state, DeliveryState::kWaiting);
  ASSERT_EQ(found.parts.size(), 2U);
  EXPECT_EQ(found.parts[0].remote_id, "100");
  EXPECT_EQ(found.parts[1].remote_id, "101");
  EXPECT_EQ(found.parts[1].cursor, "further");
}

TEST_F(LedgerWithRows, ARowOfASessionIsAcceptedOnce) {
  accept(delivery("m1"));
  EXPECT_FALSE(ask([](Repositories& r) { return r.ledger.accept(delivery("m1")); }));
  DeliveryRecord other = delivery("m1");
  other.session = base::SessionId("s2");
  accept(other);
  EXPECT_EQ(ask([](Repositories& r) { return r.ledger.message_ids(kAgent, kSession); }),
            std::vector<std::string>{"m1"});
}

TEST_F(LedgerWithRows, AcceptedWithItsWatermarkOrNotAtAll) {
  const base::Status failed = database_->run([](Repositories& r) -> base::Status {
    PATCHBAY_TRY(r.ledger.accept(delivery("m1")));
    PATCHBAY_TRY(r.watermarks.put(kAgent, kSession, {5, "m1", 9, 1234567890123456789ULL, 3}));
    return {base::Code::kIo, "the disk"};
  });
  EXPECT_FALSE(failed.ok());
  EXPECT_FALSE(ask([](Repositories& r) { return r.watermarks.find(kAgent, kSession); }));
  EXPECT_FALSE(
      ask([](Repositories& r) { return r.ledger.find_by_message(kAgent, kSession, "m1"); }));
  unit([](Repositories& r) {
    return r.watermarks.put(kAgent, kSession, {5, "m1", 9, 0xffff'ffff'ffff'fff0ULL, 3});
  });
  const auto watermark = ask([](Repositories& r) { return r.watermarks.find(kAgent, kSession); });
  ASSERT_TRUE(watermark);
  EXPECT_EQ(watermark->rowid, 5);
  EXPECT_EQ(watermark->inode, 0xffff'ffff'ffff'fff0ULL);
}

TEST_F(LedgerWithRows, AMoveThatIsNotDesignedIsRefused) {
  const std::int64_t id = accept(delivery("m1"));
  const base::Status status = database_->run([&](Repositories& r) {
    return r.ledger.move({id, DeliveryState::kDelivered, at(1), 1, "", "", std::nullopt, {}});
  });
  EXPECT_EQ(status.code(), base::Code::kInternal);
  EXPECT_EQ(find(id).state, DeliveryState::kWaiting);
}

TEST_F(LedgerWithRows, MovesKeepReasonEvidenceAndTimes) {
  const std::int64_t id = accept(delivery("m1"));
  move(id, DeliveryState::kSending, 1);
  unit([&](Repositories& r) {
    return r.ledger.move(
        {id, DeliveryState::kUnknown, at(200), 1, "timed out", "bytes left", std::nullopt, {}});
  });
  DeliveryRecord found = find(id);
  EXPECT_EQ(found.reason, "timed out");
  EXPECT_EQ(found.evidence, "bytes left");
  EXPECT_EQ(found.finished_at, at(200));
  unit([&](Repositories& r) {
    return r.ledger.move({id, DeliveryState::kWaiting, at(300), 1, "policy", "", at(900), {}});
  });
  found = find(id);
  EXPECT_EQ(found.evidence, "bytes left");
  EXPECT_EQ(found.finished_at, std::nullopt);
  EXPECT_EQ(found.not_before, at(900));
  EXPECT_EQ(ask([](Repositories& r) { return r.ledger.next_due(at(1)); }), at(900));
  EXPECT_EQ(ask([](Repositories& r) { return r.ledger.next_due(at(900)); }), std::nullopt);
}

TEST_F(LedgerWithRows, PausesAreAddedUp) {
  const std::int64_t id = accept(delivery("m1"));
  move(id, DeliveryState::kSending);
  move(id, DeliveryState::kWaiting);
  EXPECT_EQ(find(id).first_tried_at, at(100));
  unit([&](Repositories& r) -> base::Status {
    PATCHBAY_TRY(r.ledger.pause(id, at(1000), "login required"));
    PATCHBAY_TRY(r.ledger.pause(id, at(2000), "login required"));
    PATCHBAY_TRY(r.ledger.resume(id, at(5000)));
    PATCHBAY_TRY(r.ledger.resume(id, at(9000)));
    return r.ledger.pause(id, at(10'000), "offline");
  });
  EXPECT_EQ(find(id).paused_total.count(), 4000);
  EXPECT_EQ(find(id).paused_since, at(10'000));
  // A try alone does not end it, nor what shows that it lasts.
  DeliveryMove try_it{id, DeliveryState::kSending, at(10'500), 1, "", "", std::nullopt, {}};
  DeliveryMove it_lasts{id, DeliveryState::kWaiting, at(10'600), 1, "", "", std::nullopt, {}};
  it_lasts.keeps_pause = true;
  unit([&](Repositories& r) -> base::Status {
    PATCHBAY_TRY(r.ledger.move(try_it));
    PATCHBAY_TRY(r.ledger.move(it_lasts));
    PATCHBAY_TRY(r.ledger.pause(id, at(10'600), "offline"));
    return r.ledger.move(try_it);
  });
  EXPECT_EQ(find(id).paused_total.count(), 4000);
  EXPECT_EQ(find(id).paused_since, at(10'000));
  it_lasts.keeps_pause = false;
  unit([&](Repositories& r) { return r.ledger.move(it_lasts); });
  EXPECT_EQ(find(id).paused_total.count(), 4600);
  EXPECT_EQ(find(id).paused_since, std::nullopt);
  EXPECT_EQ(find(id).first_tried_at, at(100));
}

// It grows old from its first turn, so what was before is no part of that.
TEST_F(LedgerWithRows, APauseBeforeTheFirstTurnIsNotCounted) {
  const std::int64_t sent = accept(delivery("m1"));
  const std::int64_t postponed = accept(delivery("m2"));
  for (const std::int64_t id : {sent, postponed}) {
    unit([&](Repositories& r) -> base::Status {
      PATCHBAY_TRY(r.ledger.pause(id, at(1000), "login required"));
      PATCHBAY_TRY(r.ledger.resume(id, at(5000)));
      return r.ledger.pause(id, at(6000), "login required");
    });
    EXPECT_EQ(find(id).first_tried_at, std::nullopt);
  }
  unit([&](Repositories& r) -> base::Status {
    for (const DeliveryState to : {DeliveryState::kSending, DeliveryState::kWaiting}) {
      PATCHBAY_TRY(r.ledger.move({sent, to, at(9000), 1, "", "", std::nullopt, {}}));
    }
    PATCHBAY_TRY(r.ledger.postpone(postponed, at(20'000), "no disk", at(9000)));
    return r.ledger.postpone(postponed, at(30'000), "no disk", at(20'000));
  });
  for (const std::int64_t id : {sent, postponed}) {
    EXPECT_EQ(find(id).paused_total.count(), 0);
    EXPECT_EQ(find(id).paused_since, std::nullopt);
    EXPECT_EQ(find(id).first_tried_at, at(9000));
  }
  EXPECT_EQ(find(postponed).not_before, at(30'000));
}

TEST_F(LedgerWithRows, WhatBeginsAnewGrowsOldFromItsNextAttempt) {
  const std::int64_t id = accept(delivery("m1"));
  move(id, DeliveryState::kSending);
  move(id, DeliveryState::kWaiting);
  unit([&](Repositories& r) -> base::Status {
    PATCHBAY_TRY(r.ledger.pause(id, at(1000), "offline"));
    return r.ledger.resume(id, at(5000));
  });
  move(id, DeliveryState::kSending);
  move(id, DeliveryState::kUnknown);
  ASSERT_EQ(find(id).first_tried_at, at(100));
  ASSERT_EQ(find(id).paused_total.count(), 4000);
  DeliveryMove anew{id, DeliveryState::kWaiting, at(9000), 2, "", "", std::nullopt, {}};
  anew.begins_anew = true;
  unit([&](Repositories& r) { return r.ledger.move(anew); });
  EXPECT_EQ(find(id).first_tried_at, std::nullopt);
  EXPECT_EQ(find(id).paused_total.count(), 0);
  unit([&](Repositories& r) {
    return r.ledger.move({id, DeliveryState::kSending, at(9500), 3, "", "", std::nullopt, {}});
  });
  EXPECT_EQ(find(id).first_tried_at, at(9500));
}

TEST_F(LedgerWithRows, AFailureOfAnEarlierPartTakesThePlaceOfALaterOne) {
  for (const std::uint32_t part : {3U, 1U, 2U}) {
    unit([&](Repositories& r) {
      return r.early_reports.put(7, {true, "part " + std::to_string(part), part});
    });
  }
  const auto report = ask([](Repositories& r) { return r.early_reports.take(7); });
  ASSERT_TRUE(report);
  EXPECT_EQ(report->part, 1U);
  EXPECT_EQ(report->reason, "part 1");
}

TEST_F(LedgerWithRows, AReportIsKeptUntilItIsHeardAndAFailureStands) {
  const auto put = [&](bool failed, const std::string& reason) {
    unit([&](Repositories& r) { return r.early_reports.put(7, {failed, reason}); });
  };
  const auto take = [&] { return ask([](Repositories& r) { return r.early_reports.take(7); }); };
  EXPECT_FALSE(take());
  put(false, "");
  put(true, "blocked");
  put(false, "");
  put(true, "and again");
  reopen();
  const auto report = take();
  ASSERT_TRUE(report);
  EXPECT_TRUE(report->failed);
  EXPECT_EQ(report->reason, "blocked");
  EXPECT_FALSE(take());
}

TEST_F(LedgerWithRows, AFailureOfAnUnknownMessageIsKeptWhileSomethingIsSent) {
  const base::InstanceName telegram("telegram");
  const auto put = [&](const std::string& message, std::int64_t time) {
    unit([&](Repositories& r) {
      return r.early_reports.put_failure(telegram, message, "blocked", at(time));
    });
  };
  const auto take = [&](const std::string& message) {
    return ask([&](Repositories& r) { return r.early_reports.take_failure(telegram, message); });
  };
  const auto prune = [&] { unit([](Repositories& r) { return r.early_reports.prune(); }); };
  put("1", 50);
  put("1", 50);
  EXPECT_EQ(take("1").value().reason, "blocked");
  EXPECT_FALSE(take("1"));
  const std::int64_t id = accept(delivery("m1"));
  const auto sends = [&] {
    return ask(
        [&](Repositories& r) { return r.ledger.has_any(telegram, DeliveryState::kSending); });
  };
  EXPECT_FALSE(sends());
  move(id, DeliveryState::kSending);  // since 100
  EXPECT_TRUE(sends());
  put("before it", 99);
  put("during it", 100);
  unit([&](Repositories& r) { return r.early_reports.put(id, {true, "blocked"}); });
  prune();
  EXPECT_FALSE(take("before it"));
  EXPECT_TRUE(take("during it"));
  put("during it", 100);
  move(id, DeliveryState::kDelivered);
  prune();
  EXPECT_FALSE(take("during it"));
  EXPECT_FALSE(ask([&](Repositories& r) { return r.early_reports.take(id); }));
}

TEST_F(LedgerWithRows, OpenLanesAreRebuiltInOrder) {
  const std::int64_t first = accept(delivery("m1", "a"));
  const std::int64_t ended = accept(delivery("m2", "a"));
  const std::int64_t second = accept(delivery("m3", "a"));
  const std::int64_t other = accept(delivery("m4", "b"));
  move(ended, DeliveryState::kSending);
  move(ended, DeliveryState::kDelivered);
  move(first, DeliveryState::kSending);
  const auto open = ask([](Repositories& r) { return r.ledger.load_open(0, 10); });
  ASSERT_EQ(open.size(), 3U);
  EXPECT_EQ(open[0].id, first);
  EXPECT_EQ(open[1].id, second);
  EXPECT_EQ(open[2].id, other);
  EXPECT_EQ(ask([](Repositories& r) { return r.ledger.open_lanes(); }).size(), 2U);
  const LaneKey lane{base::InstanceName("telegram"), base::ChatKey("a"), {}};
  const auto rest = ask([&](Repositories& r) { return r.ledger.load_lane(lane, first, 10); });
  ASSERT_EQ(rest.size(), 1U);
  EXPECT_EQ(rest[0].id, second);
  EXPECT_EQ(
      ask([](Repositories& r) { return r.ledger.load_session_open(kAgent, kSession); }).size(), 3U);
}

TEST_F(LedgerWithRows, EndsAreProjectedAndFailuresNotified) {
  const std::int64_t id = accept(delivery("m1"));
  const auto to_project = [&] {
    return ask([](Repositories& r) { return r.ledger.load_not_projected(10); }).size();
  };
  const auto to_notify = [&] {
    return ask([](Repositories& r) { return r.ledger.load_not_notified(10); }).size();
  };
  EXPECT_EQ(to_project(), 0U);
  move(id, DeliveryState::kSending);
  move(id, DeliveryState::kDelivered);
  EXPECT_EQ(to_project(), 1U);
  EXPECT_EQ(to_notify(), 0U);
  const auto end = [&](DeliveryState state, std::int64_t time) {
    return DeliveryEnd{id, state, at(time)};
  };
  unit([&](Repositories& r) { return r.ledger.set_projected(end(DeliveryState::kDelivered, 99)); });
  EXPECT_EQ(to_project(), 1U) << "another end was told";
  unit(
      [&](Repositories& r) { return r.ledger.set_projected(end(DeliveryState::kDelivered, 100)); });
  EXPECT_EQ(to_project(), 0U);
  // The platform reports a failure later: both hear of it again.
  move(id, DeliveryState::kFailed);
  EXPECT_EQ(to_project(), 1U);
  EXPECT_EQ(to_notify(), 1U);
  // Only what is true now has been told.
  unit([&](Repositories& r) -> base::Status {
    PATCHBAY_TRY(r.ledger.set_projected(end(DeliveryState::kDelivered, 100)));
    PATCHBAY_TRY(r.ledger.set_notified(end(DeliveryState::kFailed, 99)));
    return r.ledger.set_notified(end(DeliveryState::kUnknown, 100));
  });
  EXPECT_EQ(to_project() + to_notify(), 2U);
  unit([&](Repositories& r) -> base::Status {
    PATCHBAY_TRY(r.ledger.set_projected(delivery_end(find_in(r, id))));
    return r.ledger.set_notified(delivery_end(find_in(r, id)));
  });
  EXPECT_EQ(to_project() + to_notify(), 0U);
  // What the host says has no agent to be told.
  DeliveryRecord own = delivery("h1");
  own.agent = {};
  own.session = {};
  own.state = DeliveryState::kFailed;
  own.finished_at = at(1);
  accept(own);
  EXPECT_EQ(to_project(), 0U);
  EXPECT_EQ(to_notify(), 1U);
}

TEST_F(LedgerWithRows, IsFoundByWhatThePlatformCallsIt) {
  const std::int64_t one = accept(delivery("m1", "a"));
  const std::int64_t reaction = accept(delivery("m2", "a"));
  const std::int64_t other = accept(delivery("m3", "b"));
  const auto by_remote = [&](const std::string& remote, const std::string& instance = "telegram") {
    return ask([&](Repositories& r) {
      return r.ledger.find_reported(base::InstanceName(instance), remote);
    });
  };
  const auto put = [&](std::int64_t id) {
    unit([&](Repositories& r) { return r.ledger.put_part(id, {0, "100", ""}); });
  };
  put(reaction);
  put(one);
  EXPECT_EQ(by_remote("100")->id, one);
  EXPECT_FALSE(by_remote(""));
  EXPECT_FALSE(by_remote("101"));
  EXPECT_FALSE(by_remote("100", "slack"));
  put(other);
  EXPECT_FALSE(by_remote("100")) << "nobody knows which of the two chats is meant";
  EXPECT_EQ(ask([](Repositories& r) {
              return r.ledger.find_by_idempotency_key(base::InstanceName("telegram"), "key-m1");
            })->id,
            one);
}

TEST_F(LedgerWithRows, CountsFollowEveryMove) {
  const std::int64_t id = accept(delivery("m1"));
  accept(delivery("m2"));
  move(id, DeliveryState::kSending);
  move(id, DeliveryState::kUnknown);
  const auto counts = ask([](Repositories& r) { return r.ledger.counts(); });
  ASSERT_EQ(counts.size(), 1U);
  EXPECT_EQ(counts[0].by_state, (std::array<std::int64_t, kDeliveryStates>{1, 0, 0, 0, 1}));
}

TEST_F(LedgerWithRows, IsListedByFilterNewestFirst) {
  const std::int64_t one = accept(delivery("m1", "a"));
  const std::int64_t two = accept(delivery("m2", "b"));
  const std::int64_t three = accept(delivery("m3", "a"));
  move(two, DeliveryState::kFailed);
  const auto list = [&](const DeliveryFilter& filter) {
    std::vector<std::int64_t> ids;
    const auto page = ask([&](Repositories& r) { return r.ledger.list(filter); });
    for (const auto& record : page.records) {
      ids.push_back(record.id);
    }
    return ids;
  };
  EXPECT_EQ(list({}), (std::vector{three, two, one}));
  DeliveryFilter filter;
  filter.chat = base::ChatKey("a");
  EXPECT_EQ(list(filter), (std::vector{three, one}));
  filter.state = DeliveryState::kWaiting;
  filter.before = three;
  EXPECT_EQ(list(filter), (std::vector{one}));
  DeliveryFilter failed;
  failed.state = DeliveryState::kFailed;
  EXPECT_EQ(list(failed), (std::vector{two}));
}

TEST_F(LedgerWithRows, AListShowsTheBeginningOfALongContent) {
  const auto listed = [&](const std::string& content) {
    DeliveryRecord record = delivery("m" + std::to_string(++rows_));
    record.content = content;
    accept(record);
    const auto page = ask([](Repositories& r) { return r.ledger.list({}); });
    const auto traced =
        ask([&](Repositories& r) { return r.ledger.find_by_any_id(record.message_out_id, {}, 1); });
    EXPECT_EQ(traced.at(0).content, page.records.at(0).content);
    EXPECT_EQ(find(page.records.at(0).id).content, content) << "to be sent it is whole";
    return page.records.at(0).content;
  };
  const std::string much(1'000'000, 'x');
  const std::string usual = R"({"text":"hello","files":["a.txt"]})";
  EXPECT_EQ(listed(usual), usual);
  EXPECT_EQ(listed(R"({"text":")" + much + R"("})"),
            R"({"text":")" + much.substr(0, 256) + R"("})");
  EXPECT_EQ(listed(R"({"operation":"edit","more":")" + much + R"("})"), R"({"operation":"edit"})");
  EXPECT_EQ(listed(R"({"text":" ","files":["a.txt"],"more":")" + much + R"("})"),
            R"({"files":["a.txt"]})");
  EXPECT_EQ(listed(much), "");
  EXPECT_EQ(listed("[\"" + much + "\"]"), R"({"files":[null]})");
  EXPECT_EQ(listed(std::string(100, '\0') + much), "");
}

TEST_F(LedgerWithRows, AListIsCutIntoPages) {
  for (const char* id : {"m1", "m2", "m3"}) {
    const std::int64_t added = accept(delivery(id));
    unit([&](Repositories& r) {
      return r.ledger.move({added,
                            DeliveryState::kFailed,
                            at(100),
                            1,
                            "because",
                            std::string(kDeliveryPageBytes / 2, 'e'),
                            std::nullopt,
                            {}});
    });
  }
  DeliveryFilter filter;
  const auto list = [&] { return ask([&](Repositories& r) { return r.ledger.list(filter); }); };
  const DeliveryPage first = list();
  EXPECT_EQ(first.records.size(), 2U) << "by bytes";
  EXPECT_TRUE(first.more);
  filter.before = first.records.back().id;
  EXPECT_EQ(list().records.size(), 1U);
  EXPECT_FALSE(list().more);
  filter = {};
  filter.limit = 1;
  EXPECT_EQ(list().records.size(), 1U) << "by number";
  EXPECT_TRUE(list().more);
}

TEST_F(LedgerWithRows, WhatWaitsForAChatIsCounted) {
  accept(delivery("m1", "a"));
  DeliveryRecord in_thread = delivery("m2", "a");
  in_thread.lane.thread = base::ThreadId("7");
  accept(in_thread);
  accept(delivery("m3", "b"));
  move(accept(delivery("m4", "a")), DeliveryState::kSending);
  const auto count = [&](const char* instance) {
    return ask([&](Repositories& r) {
      return r.ledger.count_waiting(base::InstanceName(instance), base::ChatKey("a"));
    });
  };
  EXPECT_EQ(count("telegram"), 2);
  EXPECT_EQ(count("other"), 0);
}

TEST_F(LedgerWithRows, SpoolsGoAfterTheEnd) {
  DeliveryRecord record = delivery("m1");
  record.spool = "one";
  const std::int64_t delivered = accept(record);
  record = delivery("m2");
  record.spool = "two";
  const std::int64_t failed = accept(record);
  move(delivered, DeliveryState::kSending);
  move(delivered, DeliveryState::kDelivered);
  move(failed, DeliveryState::kFailed);
  const auto to_remove = [&](std::int64_t before) {
    return ask([&](Repositories& r) { return r.ledger.load_spools_to_remove(at(before), 10); });
  };
  ASSERT_EQ(to_remove(50).size(), 1U);
  EXPECT_EQ(to_remove(50)[0].id, delivered);
  EXPECT_EQ(to_remove(101).size(), 2U);
  unit([&](Repositories& r) { return r.ledger.clear_spool(delivered); });
  EXPECT_EQ(ask([](Repositories& r) { return r.ledger.spools(); }),
            std::vector<std::string>{"two"});
}

TEST_F(LedgerWithRows, TheHostSpeaksOnce) {
  HostMessage message;
  message.message_out_id = "notice-1";
  message.lane = {base::InstanceName("telegram"), base::ChatKey("a"), {}};
  message.content = R"({"text":"x"})";
  message.files = {"a"};
  message.created_at = at(1);
  EXPECT_TRUE(ask([&](Repositories& r) { return r.host_outbox.put(message); }));
  EXPECT_FALSE(ask([&](Repositories& r) { return r.host_outbox.put(message); }));
  const auto waiting = ask([](Repositories& r) { return r.host_outbox.load(10); });
  ASSERT_EQ(waiting.size(), 1U);
  EXPECT_EQ(waiting[0].lane, message.lane);
  EXPECT_EQ(waiting[0].files, message.files);
  unit([&](Repositories& r) -> base::Status {
    DeliveryRecord record;
    record.message_out_id = waiting[0].message_out_id;
    record.lane = waiting[0].lane;
    PATCHBAY_TRY(r.ledger.accept(record));
    return r.host_outbox.remove(waiting[0].id);
  });
  EXPECT_TRUE(ask([](Repositories& r) { return r.host_outbox.load(10); }).empty());
  EXPECT_FALSE(ask([&](Repositories& r) { return r.host_outbox.put(message); }));
}

}  // namespace
}  // namespace patchbay::store
