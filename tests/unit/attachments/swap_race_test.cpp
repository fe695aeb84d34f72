// An agent that swaps what a name stands for while the host opens it.
#include <atomic>
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <thread>
#include <unistd.h>

#include "attachments/confined_folder.hpp"
#include "attachments/inbox.hpp"
#include "attachments/spool.hpp"
#include "attachments/staging.hpp"
#include "test_common/temp_folder.hpp"

namespace patchbay::attachments {
namespace {

constexpr int kRounds = 10'000;

// Exchanges two names without pause, from before its constructor returns until it is destroyed.
class Swapper {
 public:
  Swapper(std::string one, std::string other)
      : thread_([this, one = std::move(one), other = std::move(other)] {
          while (!stop_) {
            ::renameat2(AT_FDCWD, one.c_str(), AT_FDCWD, other.c_str(), RENAME_EXCHANGE);
            swapping_ = true;
            swapping_.notify_one();
          }
        }) {
    swapping_.wait(false);
  }
  Swapper(const Swapper&) = delete;
  Swapper& operator=(const Swapper&) = delete;
  ~Swapper() {
    stop_ = true;
    thread_.join();
  }

 private:
  std::atomic<bool> stop_{false};
  std::atomic<bool> swapping_{false};
  std::thread thread_;  // last: it uses the others
};

struct SwapRace : ::testing::Test {
  SwapRace() {
    std::filesystem::create_directories(temp / "agent/inbox");
    std::filesystem::create_directories(temp / "host");
    test::write_file(temp / "host/secret", "secret!");
    test::write_file(temp / "agent/file", "content");
    folder.emplace(ConfinedFolder::open(temp / "agent").value());
  }
  test::TempFolder temp;
  std::optional<ConfinedFolder> folder;
};

void expect_only_the_file_is_read(const ConfinedFolder& folder) {
  int opened = 0;
  for (int round = 0; round < kRounds; ++round) {
    const auto file = folder.open_read("file");
    if (!file.ok()) {
      ASSERT_EQ(file.status().code(), base::Code::kRefused) << file.status().message();
      continue;
    }
    ++opened;
    char bytes[8] = {};
    ASSERT_EQ(::pread(file->fd.get(), bytes, 7, 0), 7);
    ASSERT_STREQ(bytes, "content");
  }
  EXPECT_GT(opened, 0);
  EXPECT_LT(opened, kRounds);
}

TEST_F(SwapRace, FileAgainstSymbolicLink) {
  ASSERT_EQ(::symlink("../host/secret", (temp / "agent/other").c_str()), 0);
  const Swapper swapper(temp / "agent/file", temp / "agent/other");
  expect_only_the_file_is_read(*folder);
}

TEST_F(SwapRace, FileAgainstHardLink) {
  ASSERT_EQ(::link((temp / "host/secret").c_str(), (temp / "agent/other").c_str()), 0);
  const Swapper swapper(temp / "agent/file", temp / "agent/other");
  expect_only_the_file_is_read(*folder);
}

TEST_F(SwapRace, FileAgainstFifo) {
  ASSERT_EQ(::mkfifo((temp / "agent/other").c_str(), 0600), 0);
  const Swapper swapper(temp / "agent/file", temp / "agent/other");
  expect_only_the_file_is_read(*folder);
}

TEST_F(SwapRace, InboxAgainstALinkToAFolderOfTheHost) {
  auto staging = StagingArea::open(temp / "staging", {}).value();
  ASSERT_EQ(::symlink("../host", (temp / "agent/away").c_str()), 0);
  {
    const Swapper swapper(temp / "agent/inbox", temp / "agent/away");
    for (int round = 0; round < 150; ++round) {
      std::vector<InboxFile> files;
      files.push_back({staging->from_bytes("hello").value(), "hello.txt"});
      const InboxTarget target{&*folder, "row-" + std::to_string(round)};
      static_cast<void>(place_into_inboxes({&target, 1}, std::move(files)));
    }
  }
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(temp / "host"), {}), 1);
}

TEST_F(SwapRace, OutboxFolderAgainstALinkToAFolderOfTheHost) {
  const auto spool = Spool::open(temp / "spool", {}).value();
  std::filesystem::create_directory(temp / "agent/outbox");
  ASSERT_EQ(::symlink("../../host", (temp / "agent/outbox/link").c_str()), 0);
  const std::vector<std::string> declared = {"secret"};
  int taken = 0;
  for (int round = 0; round < 150; ++round) {
    std::filesystem::create_directory(temp / "agent/outbox/row");
    test::write_file(temp / "agent/outbox/row/secret", "mine");
    {
      const Swapper swapper(temp / "agent/outbox/row", temp / "agent/outbox/link");
      const std::string id = "spool-" + std::to_string(round);
      const auto files = spool.take_outbox(*folder, "row", id, declared);
      ASSERT_TRUE(files.ok()) << files.status().message();
      ASSERT_EQ(files->files.size() + files->refused.size(), 1U);
      if (files->files.size() == 1) {
        ++taken;
        ASSERT_EQ(files->files[0].size, 4U) << "the host's file has 7 bytes";
      }
    }
    spool.remove("spool-" + std::to_string(round));
    std::filesystem::remove_all(temp / "agent/outbox");
    std::filesystem::create_directory(temp / "agent/outbox");
    ASSERT_EQ(::symlink("../../host", (temp / "agent/outbox/link").c_str()), 0);
  }
  EXPECT_GT(taken, 0);
  EXPECT_EQ(test::read_file(temp / "host/secret"), "secret!");
}

}  // namespace
}  // namespace patchbay::attachments
