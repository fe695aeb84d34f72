#include "agent_kit/inbound_watch.hpp"

#include <gtest/gtest.h>
#include <sys/eventfd.h>
#include <thread>

#include "session_folder.hpp"

namespace patchbay::agent_kit {
namespace {

constexpr base::Milliseconds kNow{0};
constexpr base::Milliseconds kLong{20'000};

struct Watching : ::testing::Test {
  SessionFolder folder;
  InboundWatch watch = InboundWatch::open(folder.path()).value();
};

TEST_F(Watching, ACommitOfTheHostWakes) {
  EXPECT_EQ(watch.wait(-1, kNow), Wake::kTimeout);
  folder.put("a", "{}");
  EXPECT_EQ(watch.wait(-1, kLong), Wake::kChanged);
  EXPECT_EQ(watch.wait(-1, kNow), Wake::kTimeout);
}

TEST_F(Watching, ACommitWhileWaitingWakes) {
  std::thread host([this] { folder.put("a", "{}"); });
  EXPECT_EQ(watch.wait(-1, kLong), Wake::kChanged);
  host.join();
}

TEST_F(Watching, TheAgentsOwnWritingDoesNot) {
  folder.execute_outbound("INSERT INTO processing_ack VALUES ('a', 'completed', 'x')");
  EXPECT_EQ(watch.wait(-1, kNow), Wake::kTimeout);
}

TEST_F(Watching, BeingAskedToStopComesFirst) {
  folder.put("a", "{}");
  const base::UniqueFd stop(::eventfd(1, EFD_CLOEXEC));
  EXPECT_EQ(watch.wait(stop.get(), kLong), Wake::kStopped);
}

TEST(InboundWatch, AMissingFolderIsAnError) {
  EXPECT_EQ(InboundWatch::open("/no/such/folder").status().code(), base::Code::kNotFound);
}

}  // namespace
}  // namespace patchbay::agent_kit
