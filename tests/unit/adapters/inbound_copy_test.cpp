#include "adapters/inbound_copy.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "adapters/abi_text.hpp"
#include "base/limits.hpp"

namespace patchbay::adapters {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

class InboundCopyTest : public ::testing::Test {
 protected:
  InboundCopyTest() {
    chat_ = {sizeof(pbay_chat), PBAY_CHAT_GROUP, abi("-100"), abi("7")};
    sender_.struct_size = sizeof(pbay_sender);
    sender_.id = abi("42");
    file_.struct_size = sizeof(pbay_inbound_file);
    file_.reference = abi("ref");
    file_.size = -1;
    event_.struct_size = sizeof(pbay_event);
    event_.message_id = abi("m1");
    event_.chat = &chat_;
    event_.sender = &sender_;
    event_.timestamp_ms = 1700000000000;
    event_.text = abi("hello");
    event_.files = &file_;
    event_.file_stride = sizeof(pbay_inbound_file);
  }

  InboundCopy copy() {
    return copy_event(&event_, base::InstanceName("work"), base::ChannelName("telegram"), now_);
  }
  std::string problem() { return copy().problem.message(); }

  base::WallTime now_{base::Milliseconds(1234567890123)};
  pbay_chat chat_{};
  pbay_sender sender_{};
  pbay_inbound_file file_{};
  pbay_event event_{};
};

TEST_F(InboundCopyTest, StampsTheInstanceAndBuildsTheKey) {
  const InboundCopy out = copy();
  ASSERT_TRUE(out.problem.ok()) << out.problem.message();
  EXPECT_EQ(out.event.instance.str(), "work");
  EXPECT_EQ(out.event.chat.str(), "work:group:-100");
  EXPECT_EQ(out.event.thread.str(), "7");
  EXPECT_EQ(out.event.event_id, "message:m1") << "made from kind and message id";
  EXPECT_EQ(out.event.timestamp.time_since_epoch().count(), 1700000000000);
}

TEST_F(InboundCopyTest, RepairsTextsNamesAndTimes) {
  event_.text = abi("a\xff");
  sender_.name = abi("b\xc3");
  const std::string long_name(limits::kPersonNameBytes + 100, 'n');
  event_.chat_name = abi(long_name);
  event_.timestamp_ms = -5;
  const InboundCopy out = copy();
  ASSERT_TRUE(out.problem.ok()) << out.problem.message();
  EXPECT_EQ(out.event.text, "a\xEF\xBF\xBD");
  EXPECT_EQ(out.event.sender.name, "b\xEF\xBF\xBD");
  EXPECT_EQ(out.event.chat_name.size(), limits::kPersonNameBytes);
  EXPECT_EQ(out.event.timestamp, now_);
}

TEST_F(InboundCopyTest, RefusesWhatIsIncomplete) {
  EXPECT_FALSE(
      copy_event(nullptr, base::InstanceName("w"), base::ChannelName("t"), now_).problem.ok());
  event_.chat = nullptr;
  EXPECT_THAT(problem(), HasSubstr("no chat"));
  event_.chat = &chat_;
  chat_.id = {};
  EXPECT_THAT(problem(), HasSubstr("chat has no id"));
  const std::string long_id(201, 'x');
  chat_.id = abi(long_id);
  EXPECT_EQ(copy().problem.code(), base::Code::kTooLarge);
  chat_.id = abi("\xff");
  EXPECT_THAT(problem(), HasSubstr("not UTF-8"));
  chat_.id = abi("-100");
  chat_.kind = 3;
  EXPECT_THAT(problem(), HasSubstr("no known kind"));
  chat_.kind = PBAY_CHAT_DIRECT;
  event_.message_id = {};
  EXPECT_THAT(problem(), HasSubstr("message_id"));
  event_.message_id = abi("m1");
  event_.kind = 99;
  EXPECT_THAT(problem(), HasSubstr("no known kind"));
  event_.kind = PBAY_EVENT_MESSAGE;
  event_.extra_json = abi("[1]");
  EXPECT_THAT(problem(), HasSubstr("extra_json"));
  event_.extra_json = {};
  const std::string huge(limits::kEventTextBytes + 1, 'x');
  event_.text = abi(huge);
  EXPECT_EQ(copy().problem.code(), base::Code::kTooLarge);
  event_.text = {"x", UINT64_MAX};
  EXPECT_TRUE(copy().problem.ok()) << "a size that cannot be is no text";
  event_.struct_size = 8;
  EXPECT_THAT(problem(), HasSubstr("struct_size"));
}

TEST_F(InboundCopyTest, TellsTheHandlesEvenOfARefusedEvent) {
  pbay_inbound_file files[2] = {file_, file_};
  files[0].reference = {};
  files[0].staging = 11;
  files[1].staging = 12;  // and a reference: one too many
  event_.files = files;
  event_.file_count = 2;
  const InboundCopy out = copy();
  EXPECT_THAT(out.problem.message(), HasSubstr("exactly one of staging, reference and error"));
  EXPECT_THAT(out.staging, ElementsAre(11, 12));
  event_.file_count = limits::kFilesPerMessage + 1;
  EXPECT_EQ(copy().problem.code(), base::Code::kTooLarge);
}

TEST_F(InboundCopyTest, StepsByTheSendersStride) {
  struct Larger {
    pbay_inbound_file file;
    std::uint64_t of_the_future = ~0ULL;
  };
  Larger files[2] = {{file_}, {file_}};
  files[1].file.reference = abi("second");
  files[1].file.kind = PBAY_FILE_VOICE;
  event_.files = &files[0].file;
  event_.file_stride = sizeof(Larger);
  event_.file_count = 2;
  const InboundCopy out = copy();
  ASSERT_TRUE(out.problem.ok()) << out.problem.message();
  EXPECT_EQ(out.event.files[1].reference, "second");
  EXPECT_EQ(out.event.files[1].kind, "voice");
  event_.file_stride = 8;
  EXPECT_THAT(problem(), HasSubstr("not a list"));
}

TEST_F(InboundCopyTest, ReactionsNeedATargetAndAnEmoji) {
  event_.kind = PBAY_EVENT_REACTION;
  EXPECT_THAT(problem(), HasSubstr("emoji"));
  event_.emoji = abi("👍");
  const InboundCopy out = copy();
  ASSERT_TRUE(out.problem.ok()) << out.problem.message();
  EXPECT_EQ(out.event.target_id, "m1") << "the message it was given with";
  event_.message_id = {};
  EXPECT_THAT(problem(), HasSubstr("target_id"));
}

}  // namespace
}  // namespace patchbay::adapters
