#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "adapter_host_test.hpp"

namespace patchbay::adapters {
namespace {

using ::testing::HasSubstr;
using KvExtensionTest = EitherWayTest;

TEST_P(KvExtensionTest, EachInstanceHasItsOwnDurableMap) {
  start_online({"one", "two"});
  EXPECT_EQ(say("one", "kv-put offset 17"), "0 0 ");
  EXPECT_EQ(say("one", "kv-get offset"), "0 0 17");
  EXPECT_THAT(say("two", "kv-get offset"), HasSubstr("-209 "));
  EXPECT_EQ(say("one", "kv-remove offset"), "0 0 ");
  EXPECT_THAT(say("one", "kv-get offset"), HasSubstr("-209 "));
}

TEST_P(KvExtensionTest, ComparesAndSets) {
  start_online({"one"});
  EXPECT_EQ(say("one", "kv-swap lease - a"), "0 0 ") << "there was none";
  EXPECT_THAT(say("one", "kv-swap lease - b"), HasSubstr("-210 "));
  EXPECT_THAT(say("one", "kv-swap lease b c"), HasSubstr("-210 "));
  EXPECT_EQ(say("one", "kv-swap lease a b"), "0 0 ");
  EXPECT_EQ(say("one", "kv-get lease"), "0 0 b");
}

TEST_P(KvExtensionTest, RefusesKeysOverTheLimit) {
  start_online({"one"});
  EXPECT_THAT(say("one", "kv-long"), HasSubstr("-204 "));
}

TEST_P(KvExtensionTest, CompletionsComeInTheOrderOfTheCalls) {
  start_online({"one"});
  std::vector<std::string> order;
  std::size_t ended = 0;
  for (const char* text : {"kv-put a 1", "kv-long", "kv-get a", "kv-put a 2", "kv-get a"}) {
    host_->deliver(command("one", text), [&](delivery::AttemptOutcome outcome) {
      order.push_back(outcome.text.substr(0, 6));
      ++ended;
    });
  }
  ASSERT_TRUE(loop_.run_until([&] { return ended == 5; }));
  EXPECT_THAT(order, ::testing::ElementsAre("0 0 ", "-204 0", "0 0 1", "0 0 ", "0 0 2"));
}

TEST_P(KvExtensionTest, OutlivesTheHost) {
  start_online({"one"});
  EXPECT_EQ(say("one", "kv-put offset 17"), "0 0 ");
  ASSERT_TRUE(stop_all());
  host_.reset();
  start_online({"one"});
  EXPECT_EQ(say("one", "kv-get offset"), "0 0 17");
}

INSTANTIATE_TEST_SUITE_P(Both, KvExtensionTest,
                         ::testing::Values(Isolation::kNone, Isolation::kProcess), isolation_name);

}  // namespace
}  // namespace patchbay::adapters
