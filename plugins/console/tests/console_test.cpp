// The console adapter against the fake host: the test is the terminal.
#include <chrono>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "console/console_adapter.hpp"
#include "patchbay/testkit/fake_host.hpp"

namespace patchbay::console {
namespace {

using nlohmann::json;
using std::chrono::milliseconds;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::SizeIs;
using testkit::FakeHost;

class ConsoleTest : public ::testing::Test {
 protected:
  ConsoleTest() { host.start(); }

  std::uint64_t attach(const std::string& chat) {
    const std::uint64_t terminal = host.connect("console");
    say(terminal, {{"type", "hello"}, {"chat", chat}});
    return terminal;
  }
  void say(std::uint64_t terminal, const json& frame, const std::string& body = "") {
    host.send(terminal, frame.dump() + "\n" + body);
  }
  void say_text(std::uint64_t terminal, const std::string& id, const std::string& text) {
    say(terminal, {{"type", "message"}, {"id", id}, {"size", text.size()}}, text);
  }
  void say_file(std::uint64_t terminal, const std::string& id, std::size_t size) {
    say(terminal,
        {{"type", "message"}, {"id", id}, {"files", {{{"name", "a.bin"}, {"size", size}}}}});
  }
  void say_chunk(std::uint64_t terminal, const std::string& id, std::size_t offset,
                 const std::string& bytes) {
    say(terminal,
        {{"type", "data"}, {"id", id}, {"file", 0}, {"offset", offset}, {"size", bytes.size()}},
        bytes);
  }
  std::vector<std::string> texts() {
    std::vector<std::string> result;
    for (const sdk::Event& event : host.events()) {
      result.push_back(event.text);
    }
    return result;
  }
  // What the terminal has got since the last call.
  std::vector<Frame> heard(std::uint64_t terminal) {
    const std::string all = host.received(terminal);
    FrameReader reader(kAnswerBytes);
    reader.append(std::string_view(all).substr(heard_[terminal]));
    heard_[terminal] = all.size();
    std::vector<Frame> frames;
    while (auto frame = reader.next()) {
      frames.push_back(*std::move(frame));
    }
    return frames;
  }
  std::vector<std::string> types(std::uint64_t terminal) {
    std::vector<std::string> result;
    for (const Frame& frame : heard(terminal)) {
      result.push_back(json::parse(frame.json)["type"]);
    }
    return result;
  }
  sdk::Delivery message(const std::string& chat, const std::string& text, const std::string& key) {
    sdk::Delivery delivery;
    delivery.chat = sdk::Chat(sdk::ChatKind::kDirect, chat);
    delivery.text = text;
    delivery.idempotency_key = key;
    return delivery;
  }

  FakeHost host{&patchbay_adapter_v1, R"({"instance":"console"})"};
  std::map<std::uint64_t, std::size_t> heard_;
};

TEST_F(ConsoleTest, AMessageIsSubmittedAndItsOutcomeTold) {
  const std::uint64_t terminal = attach("ada");
  EXPECT_THAT(types(terminal), ElementsAre("welcome"));
  say_text(terminal, "m1", "hello");
  ASSERT_THAT(host.events(), SizeIs(1));
  const sdk::Event& event = host.events()[0];
  EXPECT_EQ(event.text, "hello");
  EXPECT_EQ(event.event_id, "m1");
  EXPECT_EQ(event.chat.id, "ada");
  EXPECT_TRUE(event.mentions_me);
  const auto frames = heard(terminal);
  ASSERT_THAT(frames, SizeIs(1));
  EXPECT_EQ(json::parse(frames[0].json),
            json({{"type", "stored"}, {"id", "m1"}, {"outcome", "stored"}}));
}

TEST_F(ConsoleTest, AFileIsPulledInChunksAndWhatComesBetweenWaitsItsTurn) {
  const std::uint64_t terminal = attach("ada");
  const std::string bytes(kChunkBytes + 10, 'x');
  say_file(terminal, "m1", bytes.size());
  say_text(terminal, "m2", "said meanwhile");
  say_file(terminal, "m3", 3);
  EXPECT_THAT(types(terminal), ElementsAre("welcome", "get"));
  say_chunk(terminal, "m1", 0, bytes.substr(0, kChunkBytes));
  EXPECT_THAT(host.events(), SizeIs(0));
  say(terminal, {{"type", "ack"}, {"id", "of another delivery"}});
  EXPECT_THAT(types(terminal), ElementsAre("get"));
  say_chunk(terminal, "m1", kChunkBytes, bytes.substr(kChunkBytes));
  EXPECT_THAT(types(terminal), ElementsAre("stored", "stored", "get"));
  say_chunk(terminal, "m3", 0, "abc");
  EXPECT_THAT(texts(), ElementsAre("", "said meanwhile", ""));
  const auto& files = host.events()[0].files;
  ASSERT_THAT(files, SizeIs(1));
  const std::string* staged = host.staged(files[0].staging);
  ASSERT_NE(staged, nullptr);
  EXPECT_EQ(*staged, bytes);
}

TEST_F(ConsoleTest, AChunkThatWasNotAskedForIsNotTaken) {
  const std::uint64_t terminal = attach("ada");
  say_chunk(terminal, "m0", 0, "stray");
  say_file(terminal, "m1", 3);
  say_chunk(terminal, "m0", 0, "old");
  say_chunk(terminal, "m1", 1, "off");
  say_chunk(terminal, "m1", 0, "abc");
  say_chunk(terminal, "m1", 0, "abc");
  ASSERT_THAT(host.events(), SizeIs(1));
  EXPECT_EQ(*host.staged(host.events()[0].files[0].staging), "abc");
}

TEST_F(ConsoleTest, AFileThatTheSenderCannotReadAnyMoreIsNoMessage) {
  const std::uint64_t terminal = attach("ada");
  say_file(terminal, "m1", 5);
  heard(terminal);
  say(terminal, {{"type", "gone"}, {"id", "m1"}, {"file", 0}, {"reason", "it was removed"}});
  EXPECT_THAT(host.events(), SizeIs(0));
  EXPECT_EQ(host.open_staging(), 0U);
  const auto frames = heard(terminal);
  ASSERT_THAT(frames, SizeIs(1));
  EXPECT_EQ(json::parse(frames[0].json),
            json({{"type", "refused"}, {"id", "m1"}, {"reason", "a.bin: it was removed"}}));
}

TEST_F(ConsoleTest, WhatTheHostWillNeverTakeIsRefusedAndWhatItCannotTakeNowIsNot) {
  const struct {
    std::int32_t code;
    std::uint64_t value;
    const char* answer;
  } cases[] = {{PBAY_OK, PBAY_STORED, "stored"},  {PBAY_OK, PBAY_DUPLICATE, "stored"},
               {PBAY_OK, PBAY_INTAKE, "stored"},  {PBAY_OK, PBAY_REFUSED, "refused"},
               {PBAY_E_BUSY, 0, "busy"},          {PBAY_E_RETRY, 0, "busy"},
               {PBAY_E_TOO_LARGE, 0, "refused"},  {PBAY_E_INVALID, 0, "refused"},
               {PBAY_E_CONTRACT, 0, "refused"},   {PBAY_E_ACCOUNT, 0, "busy"},
               {PBAY_OK, PBAY_NOT_STORED, "busy"}};
  const std::uint64_t terminal = attach("ada");
  heard(terminal);
  for (const auto& one : cases) {
    host.on_submit([&](const sdk::Event&) { return testkit::SubmitAnswer{one.code, one.value}; });
    say_text(terminal, "m1", "hello");
    EXPECT_THAT(types(terminal), ElementsAre(one.answer)) << one.code << " " << one.value;
  }
}

TEST_F(ConsoleTest, AMessageThatIsSentAgainWithItsFileIsPulledAgain) {
  const std::uint64_t first = attach("ada");
  say_file(first, "m1", 3);
  host.hang_up(first);
  const std::uint64_t second = attach("ada");
  say_file(second, "m1", 3);
  EXPECT_THAT(types(second), ElementsAre("welcome", "get"));
  say_chunk(second, "m1", 0, "abc");
  EXPECT_THAT(types(second), ElementsAre("stored"));
  EXPECT_EQ(host.open_staging(), 0U);
}

TEST_F(ConsoleTest, MoreThanATerminalMaySendAtOnceEndsItsConnection) {
  host.hold_submits();
  const std::uint64_t terminal = attach("ada");
  for (std::size_t i = 0; i < ConsoleAdapter::kWaitingMessages + 2; ++i) {
    say_text(terminal, "m" + std::to_string(i), "x");
  }
  EXPECT_FALSE(host.open(terminal));
  host.release_submits();
}

TEST_F(ConsoleTest, ATerminalThatGoesAwayInAFileLeavesNothingBehind) {
  const std::uint64_t terminal = attach("ada");
  say_file(terminal, "m1", 5);
  host.hang_up(terminal);
  EXPECT_THAT(host.events(), SizeIs(0));
  EXPECT_EQ(host.open_staging(), 0U);
}

TEST_F(ConsoleTest, AMessageHasAsManyFilesAsTheHostStagesAndNotOneMore) {
  const std::uint64_t terminal = attach("ada");
  heard(terminal);
  const auto announce = [&](const std::string& id, std::size_t count) {
    json files = json::array();
    for (std::size_t i = 0; i < count; ++i) {
      files.push_back({{"name", std::to_string(i)}, {"size", 1}});
    }
    say(terminal, {{"type", "message"}, {"id", id}, {"files", files}});
  };
  announce("m1", ConsoleAdapter::kFilesPerMessage + 1);
  const auto frames = heard(terminal);
  ASSERT_THAT(frames, SizeIs(1));
  EXPECT_EQ(json::parse(frames[0].json)["type"], "refused");
  EXPECT_THAT(json::parse(frames[0].json)["reason"].get<std::string>(),
              HasSubstr("it has 65 files, a message at most 64"));
  announce("m2", ConsoleAdapter::kFilesPerMessage);
  for (std::size_t i = 0; i < ConsoleAdapter::kFilesPerMessage; ++i) {
    say(terminal, {{"type", "data"}, {"id", "m2"}, {"file", i}, {"offset", 0}, {"size", 1}}, "x");
  }
  ASSERT_THAT(host.events(), SizeIs(1));
  EXPECT_THAT(host.events()[0].files, SizeIs(ConsoleAdapter::kFilesPerMessage));
}

TEST_F(ConsoleTest, ATerminalThatStopsInAFileIsHungUpAndLeavesRoomForOthers) {
  const std::uint64_t terminal = attach("ada");
  say_file(terminal, "m1", kChunkBytes + 1);
  heard(terminal);
  host.advance(milliseconds(ConsoleAdapter::kChunkMs - 1));
  say_chunk(terminal, "m1", 0, std::string(kChunkBytes, 'x'));
  host.advance(milliseconds(ConsoleAdapter::kChunkMs - 1));
  EXPECT_TRUE(host.open(terminal));
  EXPECT_EQ(host.open_staging(), 1U);
  host.advance(milliseconds(1));
  ASSERT_FALSE(host.open(terminal));
  EXPECT_EQ(host.open_staging(), 0U);
  EXPECT_THAT(host.log().back().text, HasSubstr("did not send what was asked for within 60 s"));
  EXPECT_THAT(types(terminal), ElementsAre("get")) << "no error: it may come back";
}

TEST_F(ConsoleTest, ADeliveryIsDoneWhenItWasShown) {
  const std::uint64_t terminal = attach("ada");
  heard(terminal);
  sdk::Delivery delivery = message("ada", "answer", "k1");
  delivery.files.push_back(host.file("content", "b.txt", "text/plain"));
  const pbay_op op = host.deliver(delivery);
  const auto frames = heard(terminal);
  ASSERT_THAT(frames, SizeIs(1));
  EXPECT_EQ(json::parse(frames[0].json)["files"][0]["name"], "b.txt");
  say(terminal, {{"type", "get"}, {"id", "k1"}, {"file", 0}, {"offset", 3}});
  const auto chunk = heard(terminal);
  ASSERT_THAT(chunk, SizeIs(1));
  EXPECT_EQ(chunk[0].body, "tent");
  EXPECT_EQ(host.result(op), nullptr);
  say(terminal, {{"type", "ack"}, {"id", "k1"}});
  ASSERT_NE(host.result(op), nullptr);
  EXPECT_EQ(host.result(op)->code, PBAY_OK);
  EXPECT_THAT(host.result(op)->remote_ids, ElementsAre("k1"));
}

TEST_F(ConsoleTest, ADeliveryNamesTheMessageItAnswersWhereTheHostDoes) {
  const std::uint64_t terminal = attach("ada");
  heard(terminal);
  sdk::Delivery delivery = message("ada", "answer", "k1");
  host.deliver(delivery);
  delivery.reply_to_id = "m1";
  delivery.idempotency_key = "k2";
  host.deliver(delivery);
  const auto frames = heard(terminal);
  ASSERT_THAT(frames, SizeIs(2));
  EXPECT_FALSE(json::parse(frames[0].json).contains("replyTo"));
  EXPECT_EQ(json::parse(frames[1].json)["replyTo"], "m1");
}

TEST_F(ConsoleTest, WhileNobodyIsThereDeliveriesWaitAndSomebodyIsTold) {
  const pbay_op nobody = host.deliver(message("ada", "answer", "k1"));
  ASSERT_NE(host.result(nobody), nullptr);
  EXPECT_EQ(host.result(nobody)->code, PBAY_E_OFFLINE);
  EXPECT_EQ(host.result(nobody)->sent_state, sdk::SentState::kNotSent);
  attach("ada");
  ASSERT_THAT(host.reachable(), SizeIs(1));
  EXPECT_EQ(host.reachable()[0].id, "ada");
}

TEST_F(ConsoleTest, ATerminalThatGoesBeforeItAcknowledgesMayHaveShownIt) {
  const std::uint64_t terminal = attach("ada");
  const pbay_op op = host.deliver(message("ada", "answer", "k1"));
  host.hang_up(terminal);
  ASSERT_NE(host.result(op), nullptr);
  EXPECT_EQ(host.result(op)->code, PBAY_E_OFFLINE);
  EXPECT_EQ(host.result(op)->sent_state, sdk::SentState::kUnknown);
  EXPECT_NE(host.capabilities(sdk::Chat()).bits & PBAY_CAN_IDEMPOTENT_SEND, 0U);
}

TEST_F(ConsoleTest, FilesThatCannotBeSavedLeaveTheMessageWithTheHostUntilTheTerminalIsReady) {
  const std::uint64_t terminal = attach("ada");
  const std::size_t before = host.reachable().size();
  sdk::Delivery delivery = message("ada", "answer", "k1");
  delivery.files.push_back(host.file("content", "b.txt", "text/plain"));
  const pbay_op op = host.deliver(delivery);
  say(terminal, {{"type", "unsaved"}, {"id", "k1"}, {"reason", "No space left on device"}});
  ASSERT_NE(host.result(op), nullptr);
  EXPECT_EQ(host.result(op)->code, PBAY_E_OFFLINE);
  EXPECT_EQ(host.result(op)->sent_state, sdk::SentState::kNotSent) << "it was not shown";
  EXPECT_THAT(host.result(op)->text, HasSubstr("No space left on device"));
  EXPECT_THAT(host.result(op)->text, HasSubstr("--save DIR"));
  EXPECT_THAT(host.reachable(), SizeIs(before));
  say(terminal, {{"type", "ready"}});
  EXPECT_THAT(host.reachable(), SizeIs(before + 1));
}

TEST_F(ConsoleTest, OneTerminalOfAChatThatSavesItIsEnoughAndAllMayTry) {
  const std::uint64_t one = attach("ada");
  const std::uint64_t other = attach("ada");
  const std::uint64_t third = attach("ada");
  const pbay_op op = host.deliver(message("ada", "answer", "k1"));
  say(one, {{"type", "unsaved"}, {"id", "k1"}, {"reason", "full"}});
  say(other, {{"type", "ack"}, {"id", "k1"}});
  say(other, {{"type", "ack"}, {"id", "k1"}});
  EXPECT_EQ(host.result(op), nullptr);
  host.hang_up(third);
  ASSERT_NE(host.result(op), nullptr);
  EXPECT_EQ(host.result(op)->code, PBAY_OK);
}

TEST_F(ConsoleTest, WhatOneCouldNotSaveAndAnotherLeftMayHaveBeenShown) {
  const std::uint64_t one = attach("ada");
  const std::uint64_t other = attach("ada");
  const pbay_op op = host.deliver(message("ada", "answer", "k1"));
  say(one, {{"type", "unsaved"}, {"id", "k1"}, {"reason", "full"}});
  host.hang_up(other);
  ASSERT_NE(host.result(op), nullptr);
  EXPECT_EQ(host.result(op)->sent_state, sdk::SentState::kUnknown);
  EXPECT_THAT(host.result(op)->text, HasSubstr("full"));
}

TEST_F(ConsoleTest, ATerminalThatIsStoppedHoldsUpTheOthersForSecondsAndOnce) {
  const std::uint64_t stopped = attach("ada");
  const std::uint64_t reader = attach("ada");
  heard(stopped);
  const pbay_op first = host.deliver(message("ada", "one", "k1"));
  say(reader, {{"type", "ack"}, {"id", "k1"}});
  host.advance(milliseconds(ConsoleAdapter::kOthersMs - 1));
  EXPECT_EQ(host.result(first), nullptr);
  host.advance(milliseconds(1));
  ASSERT_NE(host.result(first), nullptr);
  EXPECT_EQ(host.result(first)->code, PBAY_OK);
  const pbay_op second = host.deliver(message("ada", "two", "k2"));
  EXPECT_EQ(host.result(second), nullptr);
  say(reader, {{"type", "ack"}, {"id", "k2"}});
  ASSERT_NE(host.result(second), nullptr) << "it is not waited for again";
  EXPECT_EQ(host.result(second)->code, PBAY_OK);
  EXPECT_THAT(types(stopped), ElementsAre("message", "message"));
  // It goes on.
  say(stopped, {{"type", "ack"}, {"id", "k1"}});
  const pbay_op third = host.deliver(message("ada", "three", "k3"));
  say(reader, {{"type", "ack"}, {"id", "k3"}});
  EXPECT_EQ(host.result(third), nullptr);
  say(stopped, {{"type", "ack"}, {"id", "k3"}});
  EXPECT_NE(host.result(third), nullptr);
}

TEST_F(ConsoleTest, WhoStillFetchesFilesIsWaitedForWhenAnotherHasThem) {
  const std::uint64_t fast = attach("ada");
  const std::uint64_t slow = attach("ada");
  sdk::Delivery delivery = message("ada", "answer", "k1");
  delivery.files.push_back(host.file("content", "b.txt", "text/plain"));
  const pbay_op op = host.deliver(delivery);
  say(fast, {{"type", "ack"}, {"id", "k1"}});
  for (int offset = 0; offset < 5; ++offset) {
    host.advance(milliseconds(ConsoleAdapter::kOthersMs - 1));
    heard(slow);
    say(slow, {{"type", "get"}, {"id", "k1"}, {"file", 0}, {"offset", offset}});
    EXPECT_THAT(types(slow), ElementsAre("data")) << offset;
  }
  EXPECT_EQ(host.result(op), nullptr);
  host.advance(milliseconds(ConsoleAdapter::kOthersMs));
  ASSERT_NE(host.result(op), nullptr);
  EXPECT_EQ(host.result(op)->code, PBAY_OK);
}

TEST_F(ConsoleTest, WhereNobodyAnswersTheChatIsOfflineBeforeTheHostsDeadline) {
  const std::uint64_t stopped = attach("ada");
  sdk::Delivery delivery = message("ada", "answer", "k1");
  delivery.deadline_ms = host.monotonic_ms() + 300'000;
  const pbay_op op = host.deliver(delivery);
  host.advance(milliseconds(300'000 - ConsoleAdapter::kBeforeDeadlineMs - 1));
  EXPECT_EQ(host.result(op), nullptr);
  host.advance(milliseconds(1));
  ASSERT_NE(host.result(op), nullptr);
  EXPECT_EQ(host.result(op)->code, PBAY_E_OFFLINE);
  EXPECT_EQ(host.result(op)->sent_state, sdk::SentState::kUnknown);
  EXPECT_THAT(host.result(op)->text, HasSubstr("run: patchbay chat ada"));
  const std::size_t before = host.reachable().size();
  say(stopped, {{"type", "ack"}, {"id", "k1"}});
  EXPECT_THAT(host.reachable(), SizeIs(before + 1)) << "it goes on";
}

TEST_F(ConsoleTest, ATerminalThatComesWhileNobodyHasAnsweredIsShownItToo) {
  const std::uint64_t stopped = attach("ada");
  const std::string text = "answer\nof two lines";
  const pbay_op op = host.deliver(message("ada", text, "k1"));
  const std::uint64_t other_chat = attach("bob");
  EXPECT_THAT(types(other_chat), ElementsAre("welcome"));
  const std::uint64_t later = attach("ada");
  const auto frames = heard(later);
  ASSERT_THAT(frames, SizeIs(2));
  EXPECT_EQ(json::parse(frames[1].json)["id"], "k1");
  EXPECT_EQ(frames[1].body, text);
  say(later, {{"type", "ack"}, {"id", "k1"}});
  const std::uint64_t last = attach("ada");
  EXPECT_THAT(types(last), ElementsAre("welcome")) << "it has been shown";
  host.hang_up(stopped);
  ASSERT_NE(host.result(op), nullptr);
  EXPECT_EQ(host.result(op)->code, PBAY_OK);
}

TEST_F(ConsoleTest, ALateAcknowledgementTellsThatTheChatIsThereAgain) {
  const std::uint64_t terminal = attach("ada");
  const pbay_op op = host.deliver(message("ada", "answer", "k1"));
  host.cancel(op);
  ASSERT_NE(host.result(op), nullptr);
  EXPECT_EQ(host.result(op)->code, PBAY_E_OFFLINE);
  const std::size_t before = host.reachable().size();
  say(terminal, {{"type", "ack"}, {"id", "k1"}});
  EXPECT_THAT(host.reachable(), SizeIs(before + 1));
}

TEST_F(ConsoleTest, ALongAnswerGoesToATerminalThatReadsSlowly) {
  const std::uint64_t terminal = attach("ada");
  heard(terminal);
  host.stop_reading(terminal);
  const std::string text(3 * 1024 * 1024, 'x');
  host.deliver(message("ada", text, "k1"));
  EXPECT_THAT(types(terminal), SizeIs(0));
  host.resume_reading(terminal);
  const auto frames = heard(terminal);
  ASSERT_THAT(frames, SizeIs(1));
  EXPECT_EQ(frames[0].body, text);
}

TEST_F(ConsoleTest, AQuestionIsReadWhole) {
  const std::uint64_t terminal = attach("ada");
  heard(terminal);
  sdk::Delivery question = message("ada", "Shall I?", "k1");
  question.title = "Deploy";
  question.options.resize(2);
  question.options[0].label = "Yes";
  question.options[1].label = "No";
  host.deliver(question);
  EXPECT_EQ(heard(terminal).at(0).body, "Deploy\nShall I?\n  1. Yes\n  2. No");
}

TEST_F(ConsoleTest, ATerminalThatNeverReadsIsHungUpAtLast) {
  const std::uint64_t terminal = attach("ada");
  host.stop_reading(terminal);
  const std::string text(6 * 1024 * 1024, 'x');
  for (const char* key : {"k1", "k2", "k3"}) {
    host.deliver(message("ada", text, key));
  }
  EXPECT_FALSE(host.open(terminal));
}

TEST_F(ConsoleTest, ChatsAreKeptApart) {
  const std::uint64_t ada = attach("ada");
  const std::uint64_t bob = attach("bob");
  heard(ada);
  heard(bob);
  host.deliver(message("bob", "for bob", "k1"));
  EXPECT_THAT(types(ada), SizeIs(0));
  EXPECT_THAT(types(bob), ElementsAre("message"));
}

TEST_F(ConsoleTest, WhatIsNotTheProtocolEndsTheConnectionWithAReason) {
  for (const std::string& bytes :
       {std::string("nonsense\n"), std::string(R"({"type":"message","id":"x"})") + "\n",
        std::string(R"({"type":"hello","chat":"a:b"})") + "\n",
        std::string(R"({"type":"data","size":99999999})") + "\n",
        std::string(R"({"type":"data","size":-1})") + "\n", std::string(kLineBytes + 1, 'x')}) {
    const std::uint64_t terminal = host.connect("console");
    host.send(terminal, bytes);
    EXPECT_FALSE(host.open(terminal)) << bytes.substr(0, 60);
    EXPECT_THAT(types(terminal), ElementsAre("error"));
  }
}

TEST_F(ConsoleTest, StopsWithDeliveriesAndFilesUnderWay) {
  const std::uint64_t terminal = attach("ada");
  say_file(terminal, "m1", 5);
  const pbay_op op = host.deliver(message("ada", "answer", "k1"));
  host.stop();
  EXPECT_TRUE(host.stopped());
  EXPECT_NE(host.result(op), nullptr);
}

}  // namespace
}  // namespace patchbay::console
