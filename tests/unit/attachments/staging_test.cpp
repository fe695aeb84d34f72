#include "attachments/staging.hpp"

#include <gmock/gmock.h>
#include <thread>
#include <unistd.h>
#include <vector>

#include "attachments/base64.hpp"
#include "base/failpoint.hpp"
#include "test_common/temp_folder.hpp"

namespace patchbay::attachments {
namespace {

using base::Code;
using ::testing::HasSubstr;

struct Staging : ::testing::Test {
  void open(StagingOptions options = {}) {
    area = StagingArea::open(temp / "staging", options).value();
  }
  [[nodiscard]] std::size_t files_on_disk() const {
    return static_cast<std::size_t>(
        std::distance(std::filesystem::directory_iterator(temp / "staging"), {}));
  }
  test::TempFolder temp;
  std::unique_ptr<StagingArea> area;
};

std::string content(const StagedFile& file) {
  std::string text(static_cast<std::size_t>(file.size()), '\0');
  text.resize(static_cast<std::size_t>(::pread(file.fd(), text.data(), text.size(), 0)));
  return text;
}

TEST_F(Staging, OpenWriteCommitAdopt) {
  open();
  const StagingHandle handle = area->begin("telegram", -1).value();
  ASSERT_TRUE(area->write(handle, "hello ").ok());
  ASSERT_TRUE(area->write(handle, "world").ok());
  EXPECT_EQ(area->adopt("telegram", handle).status().code(), Code::kInvalidArgument);
  EXPECT_EQ(area->commit(handle).value(), 11U);
  EXPECT_EQ(area->write(handle, "!").code(), Code::kInvalidArgument);
  EXPECT_EQ(area->commit(handle).status().code(), Code::kInvalidArgument);
  EXPECT_EQ(area->adopt("slack", handle).status().code(), Code::kNotFound) << "not its owner";
  {
    const auto file = area->adopt("telegram", handle);
    ASSERT_TRUE(file.ok());
    EXPECT_EQ(content(*file), "hello world");
    EXPECT_EQ(area->adopt("telegram", handle).status().code(), Code::kNotFound) << "only once";
    EXPECT_EQ(files_on_disk(), 1U);
  }
  EXPECT_EQ(files_on_disk(), 0U) << "its owner gave it up";
}

TEST_F(Staging, TheCapHoldsWhileStreaming) {
  open({.file_bytes = 10, .open_per_owner = 4});
  EXPECT_EQ(area->begin("telegram", 11).status().code(), Code::kTooLarge);
  const StagingHandle handle = area->begin("telegram", 5).value();  // a lie
  ASSERT_TRUE(area->write(handle, "0123456789").ok());
  EXPECT_EQ(area->write(handle, "x").code(), Code::kTooLarge);
  EXPECT_EQ(area->commit(handle).status().code(), Code::kInvalidArgument);
  area->abort(handle);
  EXPECT_EQ(files_on_disk(), 0U);
}

TEST_F(Staging, AnOwnerHasSoManyHandlesAndNoMore) {
  open({.file_bytes = 100, .open_per_owner = 2});
  const StagingHandle first = area->begin("telegram", -1).value();
  ASSERT_TRUE(area->begin("telegram", -1).ok());
  EXPECT_EQ(area->begin("telegram", -1).status().code(), Code::kBusy);
  EXPECT_TRUE(area->begin("slack", -1).ok());
  area->abort(first);
  EXPECT_TRUE(area->begin("telegram", -1).ok());
  area->abort_all("telegram");
  EXPECT_EQ(files_on_disk(), 1U);
}

TEST_F(Staging, UnknownHandles) {
  open();
  EXPECT_EQ(area->write(77, "x").code(), Code::kNotFound);
  EXPECT_EQ(area->commit(77).status().code(), Code::kNotFound);
  area->abort(77);
}

TEST_F(Staging, ARestartSweepsAllButWhatWasKept) {
  open();
  const std::string kept = std::move(*area->from_bytes("kept")).keep().value();
  const std::string forgotten = std::move(*area->from_bytes("forgotten")).keep().value();
  area.reset();
  EXPECT_EQ(files_on_disk(), 2U);
  open();
  ASSERT_TRUE(area->sweep({kept}).ok());
  EXPECT_EQ(files_on_disk(), 1U);
  EXPECT_EQ(area->reopen(forgotten).status().code(), Code::kNotFound);
  const auto file = area->reopen(kept);
  ASSERT_TRUE(file.ok());
  EXPECT_EQ(content(*file), "kept");
}

TEST_F(Staging, HandlesLeftOpenAreGoneWithTheArea) {
  open();
  ASSERT_TRUE(area->begin("telegram", -1).ok());
  area.reset();
  EXPECT_EQ(files_on_disk(), 0U);
}

TEST_F(Staging, FromBase64) {
  open({.file_bytes = 1'000'000, .open_per_owner = 4});
  std::string bytes;
  for (int i = 0; i < 300'001; ++i) {
    bytes += static_cast<char>(i * 31);
  }
  const auto file = area->from_base64(base64_encode(bytes));
  ASSERT_TRUE(file.ok());
  EXPECT_EQ(file->size(), bytes.size());
  EXPECT_EQ(content(*file), bytes);
  EXPECT_EQ(area->from_base64("Zm9v!").status().code(), Code::kInvalidArgument);
  EXPECT_EQ(area->from_base64(std::string(2'000'000, 'A')).status().code(), Code::kTooLarge);
  EXPECT_EQ(files_on_disk(), 1U);
}

TEST_F(Staging, FromAnotherFile) {
  open();
  const auto first = area->from_bytes("some bytes");
  const auto second = area->from_file(first->fd(), first->size());
  ASSERT_TRUE(second.ok());
  EXPECT_EQ(content(*second), "some bytes");
}

TEST_F(Staging, MovesIntoAFolderButReplacesNothing) {
  open();
  const auto target = ConfinedFolder::open(temp.path().string()).value();
  test::write_file(temp / "taken", "mine");
  auto file = area->from_bytes("new").value();
  EXPECT_EQ(file.move_into(target, "taken").code(), Code::kAlreadyExists);
  EXPECT_TRUE(file.move_into(target, "free").ok());
  EXPECT_EQ(test::read_file(temp / "taken"), "mine");
  EXPECT_EQ(test::read_file(temp / "free"), "new");
}

TEST_F(Staging, ManyThreads) {
  open({.file_bytes = limits::kMiB, .open_per_owner = 1000});
  std::vector<std::thread> threads;
  for (int number = 0; number < 4; ++number) {
    threads.emplace_back([this, number] {
      const std::string owner = "instance-" + std::to_string(number);
      for (int round = 0; round < 50; ++round) {
        const StagingHandle handle = area->begin(owner, -1).value();
        EXPECT_TRUE(area->write(handle, owner).ok());
        if (round % 3 == 0) {
          area->abort(handle);
          continue;
        }
        EXPECT_TRUE(area->commit(handle).ok());
        EXPECT_EQ(content(area->adopt(owner, handle).value()), owner);
      }
    });
  }
  for (std::thread& thread : threads) {
    thread.join();
  }
  EXPECT_EQ(files_on_disk(), 0U);
}

TEST_F(Staging, AbortMeetsWrite) {
  open();
  for (int round = 0; round < 200; ++round) {
    const StagingHandle handle = area->begin("telegram", -1).value();
    std::thread writer([&] {
      while (area->write(handle, "0123456789").ok()) {
      }
    });
    area->abort(handle);
    writer.join();
  }
  EXPECT_EQ(files_on_disk(), 0U);
}

}  // namespace
}  // namespace patchbay::attachments
