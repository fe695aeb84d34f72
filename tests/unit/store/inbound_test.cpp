// seen, intake, pending files, audit, chats, engagement: what the way in needs.
#include "base/limits.hpp"
#include "store_fixture.hpp"

namespace patchbay::store {
namespace {

using InboundStoreTest = StoreTest;

const base::InstanceName kInstance("telegram");
const base::ChatKey kChat("telegram:group:-1");
const base::ThreadId kThread("5");
const base::AgentGroupId kAgent("main");

SeenKey seen_key(const std::string& event) { return {kInstance, kChat, event}; }

SeenRecord seen(const std::string& event, Disposition disposition, std::int64_t time,
                const std::string& message = "", std::vector<InboxRow> rows = {}) {
  return {seen_key(event), message, disposition, at(time), std::move(rows)};
}

IntakeRecord record(IntakeReason reason, const std::string& chat, const std::string& session) {
  IntakeRecord result;
  result.reason = reason;
  result.instance = kInstance;
  result.chat = base::ChatKey(chat);
  result.session = session;
  result.event = "{}";
  result.received_at = at(1);
  return result;
}

TEST_F(InboundStoreTest, SeenKeepsTheFirstDisposition) {
  unit([](Repositories& repositories) -> base::Status {
    PATCHBAY_ASSIGN(const bool first, repositories.seen.insert(seen("1", Disposition::kIntake, 1)));
    PATCHBAY_ASSIGN(const bool again, repositories.seen.insert(seen("1", Disposition::kStored, 2)));
    EXPECT_TRUE(first);
    EXPECT_FALSE(again);
    return {};
  });
  EXPECT_EQ(ask([](Repositories& r) { return r.seen.find(seen_key("1")); }), Disposition::kIntake);
  EXPECT_EQ(ask([](Repositories& r) { return r.seen.find(seen_key("2")); }), std::nullopt);
}

// By the event's id, the message's, and that of each row that it became.
TEST_F(InboundStoreTest, SeenIsFoundByAnyOfItsIds) {
  const base::SessionId session("s1");
  const InboxRow row{kAgent, session, "-1:42:main"};
  const InboxRow edited{kAgent, session, "-1:42:edit:update:9:main"};
  const InboxRow named{kAgent, session, "C:1:77.5:main"};
  const InboxRow pressed{kAgent, session, "-1:action.callback:8:main"};
  unit([&](Repositories& repositories) -> base::Status {
    PATCHBAY_TRY(
        repositories.seen.insert(seen("message:42", Disposition::kStored, 1, "42", {row})));
    PATCHBAY_TRY(
        repositories.seen.insert(seen("update:9", Disposition::kStored, 2, "42", {edited})));
    PATCHBAY_TRY(repositories.seen.insert(seen("Ev1", Disposition::kStored, 3, "77.5", {named})));
    PATCHBAY_TRY(
        repositories.seen.insert(seen("callback:8", Disposition::kStored, 3, "40", {pressed})));
    PATCHBAY_TRY(repositories.seen.insert(seen("member:5", Disposition::kRefused, 4)));
    return {};
  });
  const auto find = [&](const std::string& id) {
    std::string events;
    for (const SeenRecord& found :
         ask([&](Repositories& r) { return r.seen.find_by_any_id(id, {}, 10); })) {
      events += found.key.event_id + "/" + found.message_id + " ";
    }
    return events;
  };
  EXPECT_EQ(find("42"), "update:9/42 message:42/42 ");
  EXPECT_EQ(find("message:42"), "message:42/42 ");
  EXPECT_EQ(find("77.5"), "Ev1/77.5 ");
  EXPECT_EQ(find("Ev1"), "Ev1/77.5 ");
  EXPECT_EQ(find("member:5"), "member:5/ ");
  EXPECT_EQ(find(row.row_id), "message:42/42 ");
  EXPECT_EQ(find(edited.row_id), "update:9/42 ");
  EXPECT_EQ(find(named.row_id), "Ev1/77.5 ");
  EXPECT_EQ(find(pressed.row_id), "callback:8/40 ");
  EXPECT_EQ(find("-1:42:other"), "");
  EXPECT_EQ(find(std::string(100'000, ':')), "");
  EXPECT_EQ(find(""), "");
}

TEST_F(InboundStoreTest, WhatWasKeptIsStoredWhenItGoesOn) {
  const InboxRow row{kAgent, base::SessionId("s1"), "-1:1:main"};
  unit([&](Repositories& repositories) -> base::Status {
    PATCHBAY_TRY(repositories.seen.insert(seen("message:1", Disposition::kIntake, 1, "1")));
    return repositories.seen.update(seen_key("message:1"), Disposition::kStored, {row});
  });
  const auto found = ask([&](Repositories& r) { return r.seen.find_by_any_id("1", {}, 10); });
  ASSERT_EQ(found.size(), 1U);
  EXPECT_EQ(found[0].disposition, Disposition::kStored);
  EXPECT_EQ(found[0].rows, std::vector{row});
  EXPECT_EQ(found[0].at, at(1));
}

TEST_F(InboundStoreTest, SeenIsPrunedInSmallSteps) {
  unit([](Repositories& repositories) -> base::Status {
    for (int number = 0; number < 30; ++number) {
      PATCHBAY_TRY(
          repositories.seen.insert(seen(std::to_string(number), Disposition::kStored, number)));
    }
    return {};
  });
  const auto prune = [&] { return ask([](Repositories& r) { return r.seen.prune(at(25), 10); }); };
  EXPECT_EQ(prune(), 10U);
  EXPECT_EQ(prune(), 10U);
  EXPECT_EQ(prune(), 5U);
  EXPECT_EQ(prune(), 0U);
  EXPECT_TRUE(ask([](Repositories& r) { return r.seen.find(seen_key("25")); }));
}

TEST_F(InboundStoreTest, IntakeIsReadInOrderBySessionReasonAndChat) {
  unit([](Repositories& repositories) -> base::Status {
    // Written out of order, as completions of several sessions come.
    for (const std::int64_t id : {12, 10, 11}) {
      IntakeRecord busy = record(IntakeReason::kSessionBusy, "a", "main/s1");
      busy.id = id;
      PATCHBAY_TRY(repositories.intake.insert(busy));
    }
    PATCHBAY_TRY(repositories.intake.insert(record(IntakeReason::kUnknownChat, "b", "")));
    return {};
  });
  IntakeFilter of_session;
  of_session.session = "main/s1";
  auto rows = ask([&](Repositories& r) { return r.intake.list(of_session); });
  ASSERT_EQ(rows.size(), 3U);
  EXPECT_EQ(rows[0].id, 10);
  EXPECT_EQ(rows[2].id, 12);
  IntakeFilter unknown;
  unknown.reason = IntakeReason::kUnknownChat;
  rows = ask([&](Repositories& r) { return r.intake.list(unknown); });
  ASSERT_EQ(rows.size(), 1U);
  EXPECT_EQ(rows[0].chat.str(), "b");
  EXPECT_GT(rows[0].id, 12);
  EXPECT_EQ(ask([](Repositories& r) { return r.intake.sessions(); }),
            std::vector<std::string>{"main/s1"});
  unit([&](Repositories& r) { return r.intake.remove(rows[0].id); });
  EXPECT_EQ(ask([](Repositories& r) { return r.intake.count(); }), 3);
  // An id is never given twice, not even after its row is gone.
  EXPECT_EQ(ask([](Repositories& r) { return r.intake.largest_id(); }), rows[0].id);
}

TEST_F(InboundStoreTest, AnUnknownChatCannotFillTheIntake) {
  base::Status refused;
  unit([&](Repositories& repositories) -> base::Status {
    for (std::int64_t number = 0; number < limits::kIntakeChatRows; ++number) {
      PATCHBAY_TRY(repositories.intake.insert(record(IntakeReason::kUnknownChat, "a", "")));
    }
    refused = repositories.intake.insert(record(IntakeReason::kUnknownChat, "a", "")).status();
    return repositories.intake.insert(record(IntakeReason::kUnknownChat, "b", "")).status();
  });
  EXPECT_EQ(refused.code(), base::Code::kTooLarge);
}

TEST_F(InboundStoreTest, PendingFilesAreKeptOnceARow) {
  unit([](Repositories& repositories) -> base::Status {
    PendingFilesRecord pending{0, kAgent, base::SessionId("s1"), "1:2:main", "{\"first\":1}"};
    PATCHBAY_TRY(repositories.pending_files.insert(pending));
    pending.event = "{\"second\":1}";
    return repositories.pending_files.insert(pending);
  });
  auto rows = ask([](Repositories& r) { return r.pending_files.load(0, 10); });
  ASSERT_EQ(rows.size(), 1U);
  EXPECT_EQ(rows[0].event, "{\"first\":1}");
  unit([](Repositories& r) {
    return r.pending_files.remove(kAgent, base::SessionId("s1"), "1:2:main");
  });
  EXPECT_TRUE(ask([](Repositories& r) { return r.pending_files.load(0, 10); }).empty());
}

TEST_F(InboundStoreTest, TheAuditCountsAndStaysBounded) {
  unit([](Repositories& repositories) -> base::Status {
    AuditRecord known{kInstance, kChat, "42", "Ann", "unknown_chat", 0, {}, at(1)};
    PATCHBAY_TRY(repositories.audit.count_one(known));
    known.last = at(1'000'000);
    PATCHBAY_TRY(repositories.audit.count_one(known));
    for (std::int64_t number = 0; number < limits::kAuditRows + 2000; ++number) {
      AuditRecord stranger{
          kInstance, kChat, "s" + std::to_string(number), "", "unknown_chat", 0, {}, at(number)};
      PATCHBAY_TRY(repositories.audit.count_one(stranger));
    }
    return {};
  });
  const auto rows = ask([](Repositories& r) { return r.audit.list(1'000'000); });
  EXPECT_LE(static_cast<std::int64_t>(rows.size()), limits::kAuditRows);
  ASSERT_FALSE(rows.empty());
  EXPECT_EQ(rows[0].sender, "42");
  EXPECT_EQ(rows[0].count, 2);
  EXPECT_EQ(rows[0].first, at(1));
  EXPECT_EQ(rows[0].last, at(1'000'000));
}

TEST_F(InboundStoreTest, AChatIsNewOnceAndTakesOverItsName) {
  ChatRecord chat{kInstance, kChat, ChatKind::kGroup, "-1", "Family", at(1)};
  EXPECT_TRUE(ask([&](Repositories& r) { return r.chats.upsert(chat); }));
  chat.name = "";
  chat.first_seen = at(9);
  EXPECT_FALSE(ask([&](Repositories& r) { return r.chats.upsert(chat); }));
  auto found = ask([](Repositories& r) { return r.chats.find(kInstance, kChat); });
  ASSERT_TRUE(found);
  EXPECT_EQ(found->name, "Family");
  EXPECT_EQ(found->first_seen, at(1));
  chat.name = "Relatives";
  EXPECT_FALSE(ask([&](Repositories& r) { return r.chats.upsert(chat); }));
  EXPECT_EQ(ask([](Repositories& r) { return r.chats.list(kInstance, {}, 10); }).at(0).name,
            "Relatives");
  EXPECT_EQ(ask([](Repositories& r) { return r.chats.list({}, {}, 10); }).size(), 1U);
}

TEST_F(InboundStoreTest, TheNewestMessageIsOfAThread) {
  unit([](Repositories& repositories) -> base::Status {
    PATCHBAY_TRY(repositories.chats.set_newest_message(kInstance, kChat, kThread, "7"));
    return repositories.chats.set_newest_message(kInstance, kChat, kThread, "8");
  });
  EXPECT_EQ(ask([](Repositories& r) { return r.chats.newest_message(kInstance, kChat, kThread); }),
            "8");
  EXPECT_EQ(ask([](Repositories& r) { return r.chats.newest_message(kInstance, kChat, {}); }), "");
}

TEST_F(InboundStoreTest, TakingPartIsOfAnAgentAChatAndAThread) {
  unit([](Repositories& r) {
    return r.engagement.set_takes_part(kAgent, kInstance, kChat, kThread, at(1));
  });
  const auto takes_part = [&](const base::ThreadId& thread) {
    return ask(
        [&](Repositories& r) { return r.engagement.takes_part(kAgent, kInstance, kChat, thread); });
  };
  EXPECT_TRUE(takes_part(kThread));
  EXPECT_FALSE(takes_part({}));
  reopen();
  EXPECT_TRUE(takes_part(kThread));
  unit([](Repositories& r) { return r.engagement.leave(kAgent, kInstance, kChat, kThread); });
  EXPECT_FALSE(takes_part(kThread));
}

}  // namespace
}  // namespace patchbay::store
