// The way of a row from outbound.db to the platform and back.
#include "delivery/delivery.hpp"

#include <gtest/gtest.h>

#include "delivery_world.hpp"

namespace patchbay::delivery {
namespace {

using store::DeliveryState;

class Delivery : public testing::Test {
 protected:
  DeliveryWorld world;
};

TEST_F(Delivery, TextReachesTheChatAndTheAgentIsToldTheId) {
  world.start();
  world.write("a1", R"({"text":"hello"})");
  ASSERT_EQ(world.channels.requests.size(), 1U);
  const DeliveryRequest& request = world.channels.requests[0];
  EXPECT_EQ(request.text, "hello");
  EXPECT_EQ(request.chat_id, "42");
  EXPECT_EQ(request.chat_kind, store::ChatKind::kDirect);
  EXPECT_EQ(request.instance.str(), "telegram");
  EXPECT_EQ(request.attempt, 1U);
  EXPECT_EQ(request.idempotency_key.size(), 22U);
  const auto record = world.record("a1");
  EXPECT_EQ(record.state, DeliveryState::kDelivered);
  EXPECT_TRUE(record.projected);
  ASSERT_TRUE(world.files().delivered.contains("a1"));
  EXPECT_EQ(world.files().delivered["a1"].platform_message_id, "m1");
  EXPECT_EQ(world.files().delivered["a1"].status, "delivered");
}

TEST_F(Delivery, AnIdleLaneNeedsOneTransactionBeforeTheAdapter) {
  world.start();
  world.write("a1", R"({"text":"first"})");  // from now on the chat's limits are known
  world.channels.hold = true;
  world.sessions.write_out(world.session, "a2", R"({"text":"second"})");
  world.service->wake(world.session);
  // The drain, one unit of work, the adapter.
  ASSERT_TRUE(world.loop.run_until([&] { return !world.channels.held.empty(); }));
  EXPECT_EQ(world.record("a2").state, DeliveryState::kSending);
  world.channels.release(world.channels.delivered());
  world.settle();
  EXPECT_EQ(world.record("a2").state, DeliveryState::kDelivered);
}

TEST_F(Delivery, EverythingInSeveralLooks) {
  world.sessions.rows_per_drain = 3;
  for (int i = 0; i < 10; ++i) {
    world.sessions.write_out(world.session, "a" + std::to_string(i),
                             R"({"text":")" + std::to_string(i) + R"("})");
  }
  world.start();  // agent_ran: read before ready
  EXPECT_EQ(world.channels.texts(),
            (std::vector<std::string>{"0", "1", "2", "3", "4", "5", "6", "7", "8", "9"}));
}

TEST_F(Delivery, SessionsWithoutTheMarkAreReadLater) {
  const session::SessionAddress quiet{base::AgentGroupId("main"), base::SessionId("quiet")};
  world.add_session(quiet, "telegram:dm:7");
  ASSERT_TRUE(world.database
                  ->run([&](store::Repositories& repositories) {
                    return repositories.sessions.set_agent_ran(quiet.agent, quiet.id, false);
                  })
                  .ok());
  world.sessions.write_out(quiet, "q1", R"({"text":"late"})");
  world.start();
  EXPECT_EQ(world.channels.texts(), (std::vector<std::string>{"late"}));
}

TEST_F(Delivery, ARewrittenDatabaseIsComparedById) {
  world.start();
  world.write("a1", R"({"text":"one"})");
  world.write("log", "whatever", "task_log");
  auto& files = world.files();
  files.outbound.erase(files.outbound.begin());
  files.inode = 2;
  world.sessions.rows_per_drain = 1;
  world.sessions.write_out(world.session, "a2", R"({"text":"two"})");
  world.write("a3", R"({"text":"three"})");
  EXPECT_EQ(world.channels.texts(), (std::vector<std::string>{"one", "two", "three"}));
  EXPECT_EQ(world.record("log").id, -1);  // kept, never sent
}

TEST_F(Delivery, FilesAreTakenBeforeTheyCanChange) {
  const auto outbox = world.sessions.path(world.session) / "outbox" / "a1";
  std::filesystem::create_directories(outbox);
  test::write_file(outbox / "note.txt", "content");
  std::filesystem::create_symlink("/etc/passwd", outbox / "secret");
  world.channels.answer = [&](const DeliveryRequest& request) {
    EXPECT_EQ(request.files.size(), 1U);
    char bytes[16]{};
    EXPECT_EQ(::pread(request.files.at(0).fd, bytes, sizeof bytes, 0), 7);
    EXPECT_STREQ(bytes, "content");
    EXPECT_EQ(request.files[0].size, 7);
    EXPECT_EQ(request.files[0].mime, "text/plain");
    return world.channels.delivered();
  };
  world.start();
  world.write("a1", R"({"text":"see","files":["note.txt","secret"]})");
  EXPECT_FALSE(std::filesystem::exists(outbox));
  ASSERT_EQ(world.channels.requests.size(), 1U);
  EXPECT_NE(world.channels.requests[0].text.find("secret"), std::string::npos);
  EXPECT_EQ(world.record("a1").state, DeliveryState::kDelivered);
  EXPECT_TRUE(std::filesystem::is_empty(world.folder.path() / "spool"));
}

TEST_F(Delivery, AFormerNameOfAPermittedChatIsPermitted) {
  world.start();
  const base::InstanceName telegram("telegram");
  ASSERT_TRUE(world.database
                  ->run([&](store::Repositories& repositories) -> base::Status {
                    PATCHBAY_TRY(repositories.chat_moves
                                     .add({telegram, base::ChatKey("telegram:group:-7"),
                                           base::ChatKey("telegram:dm:42")},
                                          "42")
                                     .status());
                    PATCHBAY_TRY(repositories.chat_moves
                                     .add({telegram, base::ChatKey("telegram:group:-1"),
                                           base::ChatKey("telegram:group:-1001")},
                                          "-1001")
                                     .status());
                    return repositories.destinations
                        .ensure_channel(world.session.agent, "team", "Team", telegram,
                                        base::ChatKey("telegram:group:-1001"))
                        .status();
                  })
                  .ok());
  world.sessions.write_out(world.session, "a1", R"({"text":"own"})").address = {
      "telegram", "telegram:group:-7", ""};
  world.sessions.write_out(world.session, "a2", R"({"text":"destination"})").address = {
      "telegram", "telegram:group:-1", ""};
  world.service->wake(world.session);
  world.settle();
  EXPECT_EQ(world.record("a1").state, DeliveryState::kDelivered);
  EXPECT_EQ(world.record("a2").state, DeliveryState::kDelivered);
}

TEST_F(Delivery, OnlyOwnChatAndDestinations) {
  world.start();
  auto& elsewhere = world.sessions.write_out(world.session, "a1", R"({"text":"x"})");
  elsewhere.address = {"slack", "slack:channel:C1", ""};
  world.service->wake(world.session);
  world.settle();
  const auto refused = world.record("a1");
  EXPECT_EQ(refused.state, DeliveryState::kFailed);
  EXPECT_NE(refused.reason.find("may not write to slack:channel:C1"), std::string::npos);
  EXPECT_TRUE(world.channels.requests.empty());
  ASSERT_EQ(world.files().inbound.size(), 1U);  // the agent is told why

  ASSERT_TRUE(world.database
                  ->run([&](store::Repositories& repositories) -> base::Status {
                    PATCHBAY_TRY(repositories.destinations.ensure_channel(
                        world.session.agent, "team", "Team", base::InstanceName("slack"),
                        base::ChatKey("slack:channel:C1")));
                    return {};
                  })
                  .ok());
  world.sessions.write_out(world.session, "a2", R"({"text":"y"})").address = {
      "slack", "slack:channel:C1", "17.5"};
  world.service->wake(world.session);
  world.settle();
  EXPECT_EQ(world.record("a2").state, DeliveryState::kDelivered);
  EXPECT_EQ(world.channels.requests.back().thread.str(), "17.5");
}

TEST_F(Delivery, AnAnswerMayGoWhereTheQuestionCameFromAndQuotesWhenTheChatWentOn) {
  world.start();
  const auto answer = [&](const std::string& id, const std::string& newest) {
    ASSERT_TRUE(world.database
                    ->run([&](store::Repositories& repositories) {
                      return repositories.chats.set_newest_message(
                          base::InstanceName("telegram"), base::ChatKey("telegram:group:-5"), {},
                          newest);
                    })
                    .ok());
    auto& row = world.sessions.write_out(world.session, id, R"({"text":"x"})");
    row.in_reply_to = "-5:100:main";
    row.in_reply_to_address = session::ChatAddress{"telegram", "telegram:group:-5", ""};
    world.service->wake(world.session);
    world.settle();
  };
  answer("a1", "100");
  EXPECT_EQ(world.channels.requests.at(0).chat_id, "-5");
  EXPECT_EQ(world.channels.requests.at(0).reply_to_id, "");
  answer("a2", "101");
  EXPECT_EQ(world.channels.requests.at(1).reply_to_id, "100");
}

TEST_F(Delivery, ReactionsToMessagesOfPeople) {
  world.start();
  const auto react = [&](const std::string& id, const std::string& row_id) {
    auto& row = world.sessions.write_out(
        world.session, id, R"({"operation":"reaction","messageId":"x","emoji":"thumbs_up"})");
    row.target = {session::TargetReference::Kind::kInboundRow, row_id};
    world.service->wake(world.session);
    world.settle();
  };
  react("a1", "42:1001:main");
  ASSERT_EQ(world.channels.requests.size(), 1U);
  EXPECT_EQ(world.channels.requests[0].target_ids, (std::vector<std::string>{"1001"}));
  EXPECT_EQ(world.channels.requests[0].emoji, "👍");
  react("a2", "99:1:main");
  EXPECT_EQ(world.record("a2").state, DeliveryState::kFailed);
}

// An adapter must know what is to go when a message becomes shorter.
TEST_F(Delivery, EditsNameAllPartsThatTheMessageHasNow) {
  using Ids = std::vector<std::string>;
  world.start();
  world.channels.hold = true;
  int count = 0;
  const auto edit_to = [&](const Ids& parts) {
    const std::string id = "edit" + std::to_string(++count);
    world.write(id, R"({"operation":"edit","messageId":"m1","text":"x"})");
    Ids named = world.channels.held.at(0).request.target_ids;
    auto outcome =
        test::outcome(parts.empty() ? OutcomeClass::kPermanent : OutcomeClass::kDelivered,
                      parts.empty() ? SentState::kNotSent : SentState::kSent);
    outcome.remote_ids = parts;
    world.channels.release(std::move(outcome));
    world.settle();
    return named;
  };
  EXPECT_EQ(edit_to({"m1"}), (Ids{"m1"}));  // nothing is known of a stranger's
  world.write("a1", R"({"text":"long"})");
  auto sent = world.channels.delivered();
  sent.remote_ids = {"m1", "m2", "m3"};
  world.channels.release(std::move(sent));
  world.settle();
  EXPECT_EQ(edit_to({"m1", "m2"}), (Ids{"m1", "m2", "m3"}));
  world.write("r1", R"({"operation":"reaction","messageId":"m1","emoji":"eyes"})");
  auto reacted = world.channels.delivered();
  reacted.remote_ids = {"m1"};
  world.channels.release(std::move(reacted));
  world.settle();
  EXPECT_EQ(edit_to({}), (Ids{"m1", "m2"}));  // refused: they are as they were
  EXPECT_EQ(edit_to({"m1", "m2", "m9"}), (Ids{"m1", "m2"}));
  EXPECT_EQ(edit_to({"m1"}), (Ids{"m1", "m2", "m9"}));
  EXPECT_EQ(edit_to({"m1"}), (Ids{"m1"}));
}

TEST_F(Delivery, AnEditThatGoesOnAfterARestartStillKnowsTheFormerParts) {
  world.channels.channel_limits.capability_bits = PBAY_CAN_IDEMPOTENT_SEND;
  world.start();
  world.channels.hold = true;
  world.write("a1", R"({"text":"long"})");
  auto sent = world.channels.delivered();
  sent.remote_ids = {"m1", "m2"};
  world.channels.release(std::move(sent));
  world.settle();
  world.write("a2", R"({"operation":"edit","messageId":"m1","text":"x"})");
  world.channels.events->on_part(world.record("a2").id, {0, "m1", "1/2"}, [](bool) {});
  world.settle();
  world.crash();
  world.start();
  world.pass(base::Milliseconds(5'000));
  ASSERT_EQ(world.channels.held.size(), 1U);
  EXPECT_EQ(world.channels.held[0].request.parts_done.size(), 1U);
  EXPECT_EQ(world.channels.held[0].request.target_ids, (std::vector<std::string>{"m1", "m2"}));
}

TEST_F(Delivery, OfAMessageWithFilesAnEditNamesTheFirstPartAndADeletionAll) {
  using Ids = std::vector<std::string>;
  world.start();
  world.channels.hold = true;
  const auto deliver = [&](const std::string& id, const std::string& content, const Ids& parts) {
    world.write(id, content);
    Ids named = world.channels.held.at(0).request.target_ids;
    auto outcome = world.channels.delivered();
    outcome.remote_ids = parts;
    world.channels.release(std::move(outcome));
    world.settle();
    return named;
  };
  const auto outbox = world.sessions.path(world.session) / "outbox" / "a1";
  std::filesystem::create_directories(outbox);
  test::write_file(outbox / "plan.txt", "x");
  deliver("a1", R"({"text":"see","files":["plan.txt"]})", {"m1", "m2"});
  EXPECT_EQ(deliver("a2", R"({"operation":"delete","messageId":"m1"})", {}), (Ids{"m1", "m2"}));
  EXPECT_EQ(deliver("a3", R"({"operation":"edit","messageId":"m1","text":"x"})", {"m1"}),
            (Ids{"m1"}));
}

TEST_F(Delivery, SystemActions) {
  world.start();
  world.write("a1", R"({"action":"schedule_task","taskId":"t"})", "system");
  world.write("a2", R"({"action":"dance","requestId":"r9"})", "system");
  ASSERT_EQ(world.actions.actions.size(), 2U);
  EXPECT_EQ(world.actions.actions[0].action, "schedule_task");
  EXPECT_EQ(world.record("a1").state, DeliveryState::kDelivered);
  EXPECT_EQ(world.record("a2").state, DeliveryState::kFailed);
  ASSERT_EQ(world.files().inbound.size(), 1U);
  const auto& answer = world.files().inbound[0];
  EXPECT_EQ(answer.kind, session::InboundKind::kSystem);
  EXPECT_FALSE(answer.trigger);
  EXPECT_NE(answer.content.find(R"("questionId":"r9")"), std::string::npos);
  EXPECT_NE(answer.content.find("dance"), std::string::npos);
  EXPECT_TRUE(world.channels.requests.empty());

  // The command line of an agent waits for a row of its own.
  world.write("a3", R"({"action":"cli_request","requestId":"c1","command":"groups"})", "system");
  ASSERT_EQ(world.files().inbound.size(), 2U);
  const auto& response = world.files().inbound[1];
  EXPECT_EQ(response.id, "cli-resp-c1");
  EXPECT_FALSE(response.trigger);
  EXPECT_NE(response.content.find(R"("type":"cli_response")"), std::string::npos);
  EXPECT_NE(response.content.find(R"("requestId":"c1")"), std::string::npos);
  EXPECT_NE(response.content.find(R"("ok":false)"), std::string::npos);
}

TEST_F(Delivery, MessagesToOtherAgents) {
  world.start();
  const auto send = [&](const std::string& id) {
    world.sessions.write_out(world.session, id, R"({"text":"hi"})").address = {"agent", "helper",
                                                                               ""};
    world.service->wake(world.session);
    world.settle();
  };
  send("a1");
  EXPECT_EQ(world.record("a1").state, DeliveryState::kFailed);
  ASSERT_TRUE(world.database
                  ->run([&](store::Repositories& repositories) -> base::Status {
                    PATCHBAY_TRY(repositories.destinations.ensure_agent(
                        world.session.agent, "helper", "", base::AgentGroupId("helper")));
                    return {};
                  })
                  .ok());
  send("a2");
  EXPECT_EQ(world.record("a2").state, DeliveryState::kDelivered);
  ASSERT_EQ(world.agent_messages.messages.size(), 1U);
  EXPECT_EQ(world.agent_messages.messages[0].to.str(), "helper");
}

TEST_F(Delivery, WhatTheHostSaysTakesTheSameWay) {
  world.start();
  bool accepted = false;
  Saying saying;
  saying.message_out_id = "pairing-1";
  saying.lane = {base::InstanceName("telegram"), base::ChatKey("telegram:dm:42"), {}};
  saying.text = "Your code is 123";
  world.service->say(saying, [&](const base::Status& status) { accepted = status.ok(); });
  world.settle();
  EXPECT_TRUE(accepted);
  world.service->say(saying, [](const base::Status&) {});  // repeated: nothing
  world.settle();
  EXPECT_EQ(world.channels.texts(), (std::vector<std::string>{"Your code is 123"}));

  ASSERT_TRUE(world.database
                  ->run([&](store::Repositories& repositories) -> base::Status {
                    store::HostMessage message;
                    message.message_out_id = "denied-1";
                    message.lane = saying.lane;
                    message.content = R"({"text":"No."})";
                    PATCHBAY_TRY(repositories.host_outbox.put(message));
                    return {};
                  })
                  .ok());
  world.service->host_outbox_changed();
  world.settle();
  EXPECT_EQ(world.channels.texts().back(), "No.");
}

TEST_F(Delivery, WatchesRunningSessionsAndReadsOnceMoreAtTheEnd) {
  world.start();
  world.service->session_started(world.session);
  EXPECT_EQ(world.watcher.watched.size(), 1U);
  world.settle();
  world.sessions.write_out(world.session, "a1", R"({"text":"seen"})");
  world.watcher.hint(world.session);
  world.settle();
  world.sessions.write_out(world.session, "a2", R"({"text":"last words"})");
  bool done = false;
  world.service->session_exited(world.session, [&](const base::Status& status) {
    EXPECT_TRUE(status.ok());
    done = true;
  });
  world.settle();
  EXPECT_TRUE(done);
  EXPECT_TRUE(world.watcher.watched.empty());
  EXPECT_EQ(world.channels.texts(), (std::vector<std::string>{"seen", "last words"}));
}

TEST_F(Delivery, BusySessionsAreReadAgainSoon) {
  world.start();
  world.sessions.drain_failures = {base::Status(base::Code::kBusy, "locked"),
                                   base::Status(base::Code::kBusy, "locked")};
  world.write("a1", R"({"text":"x"})");
  EXPECT_TRUE(world.channels.requests.empty());
  world.pass(base::Milliseconds(20));
  EXPECT_EQ(world.channels.texts(), (std::vector<std::string>{"x"}));
}

TEST_F(Delivery, AcknowledgementsArePassedOn) {
  world.start();
  std::vector<std::string> seen;
  world.service->on_acknowledgements(
      [&](const session::SessionAddress&, const std::vector<session::Acknowledgement>& all) {
        for (const auto& one : all) {
          seen.push_back(one.message_id);
        }
      });
  world.files().acknowledgements.push_back(
      {"in-1", session::AckStatus::kCompleted, "completed", {}});
  world.service->wake(world.session);
  world.settle();
  EXPECT_EQ(seen, (std::vector<std::string>{"in-1"}));
}

TEST_F(Delivery, TypingWhileTheAgentWorks) {
  world.start();
  world.service->set_working(world.session, true);
  world.settle();
  world.pass(base::Milliseconds(9'000));
  EXPECT_EQ(world.channels.typing.size(), 3U);
  world.service->set_working(world.session, false);
  world.pass(base::Milliseconds(9'000));
  EXPECT_EQ(world.channels.typing.size(), 3U);
}

TEST_F(Delivery, AShortTurnLeavesNoTypingBehindForTheNextOne) {
  world.start();
  for (int turn = 0; turn < 3; ++turn) {
    world.service->set_working(world.session, true);
    world.settle();
    world.service->set_working(world.session, false);
  }
  EXPECT_EQ(world.channels.typing.size(), 3U);  // one at the begin of each
  world.service->set_working(world.session, true);
  world.settle();
  world.pass(base::Milliseconds(9'000));
  EXPECT_EQ(world.channels.typing.size(), 6U);  // and two more, each 4 s
}

TEST_F(Delivery, PartsAreDurableBeforeTheAdapterGoesOn) {
  world.start();
  world.channels.hold = true;
  world.write("a1", R"({"text":"long"})");
  ASSERT_EQ(world.channels.held.size(), 1U);
  const std::int64_t id = world.channels.held[0].request.delivery_id;
  bool durable = false;
  world.service->channel_events().on_part(id, {0, "p0", "cursor-1"}, [&](bool stored) {
    durable = stored;
    EXPECT_EQ(world.record("a1").parts.size(), 1U);
  });
  world.settle();
  EXPECT_TRUE(durable);
  // The second part was refused, and nothing of it left: the rest is tried again.
  AttemptOutcome refused = test::outcome(OutcomeClass::kRetryable, SentState::kNotSent, "502");
  world.channels.release(refused);
  world.pass(base::Milliseconds(3'000));
  ASSERT_EQ(world.channels.held.size(), 1U);
  const auto& parts = world.channels.held[0].request.parts_done;
  ASSERT_EQ(parts.size(), 1U);
  EXPECT_EQ(parts[0].remote_id, "p0");
  EXPECT_EQ(parts[0].cursor, "cursor-1");
  AttemptOutcome done = test::outcome(OutcomeClass::kDelivered, SentState::kSent);
  done.remote_ids = {"p0", "p1"};
  world.channels.release(done);
  world.settle();
  EXPECT_EQ(world.record("a1").parts.size(), 2U);
  EXPECT_EQ(world.files().delivered["a1"].platform_message_id, "p0");
}

TEST_F(Delivery, ListsWhatTheLedgerHolds) {
  world.start();
  world.write("a1", R"({"text":"x"})");
  std::vector<std::string> found;
  const auto collect = [&](base::Result<store::DeliveryPage> page) {
    ASSERT_TRUE(page.ok());
    for (const auto& record : page->records) {
      found.push_back(record.message_out_id);
    }
  };
  world.service->list({}, collect);
  world.settle();
  EXPECT_EQ(found, std::vector<std::string>{"a1"});
}

TEST_F(Delivery, StopWaitsForWhatIsUnderWayAndBeginsNothing) {
  world.start();
  world.channels.hold = true;
  world.write("a1", R"({"text":"x"})");
  world.write("a2", R"({"text":"y"})");
  bool stopped = false;
  world.service->stop(world.loop.now() + std::chrono::seconds(10), [&] { stopped = true; });
  world.settle();
  EXPECT_FALSE(stopped);
  world.channels.release(world.channels.delivered());
  world.settle();
  EXPECT_TRUE(stopped);
  EXPECT_EQ(world.record("a1").state, DeliveryState::kDelivered);
  EXPECT_EQ(world.record("a2").state, DeliveryState::kWaiting);
}

TEST_F(Delivery, StopEndsAtItsDeadline) {
  world.start();
  world.channels.hold = true;
  world.write("a1", R"({"text":"x"})");
  bool stopped = false;
  world.service->stop(world.loop.now() + std::chrono::seconds(10), [&] { stopped = true; });
  world.pass(std::chrono::seconds(9));
  EXPECT_FALSE(stopped);
  world.pass(std::chrono::seconds(2));
  EXPECT_TRUE(stopped);
}

}  // namespace
}  // namespace patchbay::delivery
