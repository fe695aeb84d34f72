// The console adapter against the fake host: the test is the terminal.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "console/frames.hpp"
#include "patchbay/testkit/fake_host.hpp"

namespace patchbay::console {
namespace {

using nlohmann::json;
using ::testing::ElementsAre;
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
  void say(std::uint64_t terminal, const json& frame, const std::string& data = "") {
    host.send(terminal, frame.dump() + "\n" + data);
  }
  // What the terminal has got since the last call.
  std::vector<Frame> heard(std::uint64_t terminal) {
    const std::string all = host.received(terminal);
    FrameReader reader;
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
  say(terminal, {{"type", "message"}, {"id", "m1"}, {"text", "hello"}});
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

TEST_F(ConsoleTest, AFileIsPulledInChunksBeforeItsMessageIsSubmitted) {
  const std::uint64_t terminal = attach("ada");
  const std::string bytes(kChunkBytes + 10, 'x');
  say(terminal, {{"type", "message"},
                 {"id", "m1"},
                 {"files", {{{"name", "a.bin"}, {"size", bytes.size()}}}}});
  // A message that comes meanwhile stays behind it.
  EXPECT_THAT(types(terminal), ElementsAre("welcome", "get"));
  say(terminal, {{"type", "data"}, {"id", "m1"}, {"file", 0}, {"size", kChunkBytes}},
      bytes.substr(0, kChunkBytes));
  EXPECT_THAT(host.events(), SizeIs(0));
  EXPECT_THAT(types(terminal), ElementsAre("get"));
  say(terminal, {{"type", "data"}, {"id", "m1"}, {"file", 0}, {"size", 10}},
      bytes.substr(kChunkBytes));
  ASSERT_THAT(host.events(), SizeIs(1));
  ASSERT_THAT(host.events()[0].files, SizeIs(1));
  const std::string* staged = host.staged(host.events()[0].files[0].staging);
  ASSERT_NE(staged, nullptr);
  EXPECT_EQ(*staged, bytes);
}

TEST_F(ConsoleTest, AFileThatTheSenderCannotReadAnyMoreIsTold) {
  const std::uint64_t terminal = attach("ada");
  say(terminal, {{"type", "message"}, {"id", "m1"}, {"files", {{{"name", "a.bin"}, {"size", 5}}}}});
  say(terminal, {{"type", "gone"}, {"id", "m1"}, {"file", 0}, {"reason", "it was removed"}});
  ASSERT_THAT(host.events(), SizeIs(1));
  EXPECT_EQ(host.events()[0].files.at(0).error, "it was removed");
  EXPECT_EQ(host.open_staging(), 0U);
}

TEST_F(ConsoleTest, ATerminalThatGoesAwayInAFileLeavesNothingBehind) {
  const std::uint64_t terminal = attach("ada");
  say(terminal, {{"type", "message"}, {"id", "m1"}, {"files", {{{"name", "a.bin"}, {"size", 5}}}}});
  host.hang_up(terminal);
  EXPECT_THAT(host.events(), SizeIs(0));
  EXPECT_EQ(host.open_staging(), 0U);
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
  EXPECT_EQ(chunk[0].data, "tent");
  EXPECT_EQ(host.result(op), nullptr);
  say(terminal, {{"type", "ack"}, {"id", "k1"}});
  ASSERT_NE(host.result(op), nullptr);
  EXPECT_EQ(host.result(op)->code, PBAY_OK);
  EXPECT_THAT(host.result(op)->remote_ids, ElementsAre("k1"));
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
        std::string(kLineBytes + 1, 'x')}) {
    const std::uint64_t terminal = host.connect("console");
    host.send(terminal, bytes);
    EXPECT_FALSE(host.open(terminal)) << bytes.substr(0, 60);
    EXPECT_THAT(types(terminal), ElementsAre("error"));
  }
}

TEST_F(ConsoleTest, StopsWithDeliveriesAndFilesUnderWay) {
  const std::uint64_t terminal = attach("ada");
  say(terminal, {{"type", "message"}, {"id", "m1"}, {"files", {{{"name", "a.bin"}, {"size", 5}}}}});
  const pbay_op op = host.deliver(message("ada", "answer", "k1"));
  host.stop();
  EXPECT_TRUE(host.stopped());
  EXPECT_NE(host.result(op), nullptr);
}

TEST(FrameReaderTest, FindsFramesHoweverTheBytesAreCut) {
  const std::string data = "line\nbreaks\nand more";
  const std::string all = R"({"type":"message"})"
                          "\n"
                          R"({"type":"data","size":20})"
                          "\n" +
                          data +
                          R"({"type":"ack"})"
                          "\n";
  for (std::size_t step = 1; step < all.size(); ++step) {
    FrameReader reader;
    std::vector<std::string> payloads;
    for (std::size_t at = 0; at < all.size(); at += step) {
      reader.append(std::string_view(all).substr(at, step));
      while (auto frame = reader.next()) {
        payloads.push_back(frame->data);
      }
    }
    EXPECT_THAT(payloads, ElementsAre("", data, "")) << step;
    EXPECT_EQ(reader.broken(), "");
  }
}

}  // namespace
}  // namespace patchbay::console
