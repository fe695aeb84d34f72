#include "attachments/transfer.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <unistd.h>

#include "attachments/confined_folder.hpp"
#include "attachments/inbox.hpp"
#include "attachments/staging.hpp"
#include "base/unique_fd.hpp"
#include "test_common/temp_folder.hpp"

namespace patchbay::attachments {
namespace {

using base::UniqueFd;

// The most memory this process ever had resident, in bytes.
std::uint64_t peak_resident() {
  rusage usage{};
  ::getrusage(RUSAGE_SELF, &usage);
  return static_cast<std::uint64_t>(usage.ru_maxrss) * 1024;
}

struct Transfer : ::testing::Test {
  [[nodiscard]] UniqueFd new_file(const std::string& name) const {
    return UniqueFd(::open((temp / name).c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
  }
  test::TempFolder temp;
};

TEST_F(Transfer, CopiesExactlyWhatWasDeclared) {
  test::write_file(temp / "source", "0123456789");
  const UniqueFd source(::open((temp / "source").c_str(), O_RDONLY | O_CLOEXEC));
  const UniqueFd target = new_file("target");
  ASSERT_TRUE(clone_or_copy(source.get(), target.get(), 6).ok());
  EXPECT_EQ(test::read_file(temp / "target"), "012345");
}

TEST_F(Transfer, AShortSourceIsCorrupt) {
  test::write_file(temp / "source", "0123");
  const UniqueFd source(::open((temp / "source").c_str(), O_RDONLY | O_CLOEXEC));
  const UniqueFd target = new_file("target");
  const base::Status status = clone_or_copy(source.get(), target.get(), 6);
  EXPECT_EQ(status.code(), base::Code::kCorrupt);
  EXPECT_EQ(status.message(), "the file ended after 4 of 6 bytes");
}

TEST_F(Transfer, WhereTheKernelCannotCopyMemoryDoes) {
  // A file in /proc has no size and no extents, so both quick ways decline.
  const UniqueFd source(::open("/proc/version", O_RDONLY | O_CLOEXEC));
  const UniqueFd target = new_file("target");
  ASSERT_TRUE(clone_or_copy(source.get(), target.get(), 13).ok());
  EXPECT_EQ(test::read_file(temp / "target"), "Linux version");
}

TEST_F(Transfer, AHundredMegabytesUseNoMemory) {
  constexpr std::uint64_t kBytes = 100'000'000;
  auto staging = StagingArea::open(temp / "staging", {}).value();
  std::filesystem::create_directory(temp / "one");
  std::filesystem::create_directory(temp / "other");
  const auto one = ConfinedFolder::open(temp / "one").value();
  const auto other = ConfinedFolder::open(temp / "other").value();
  const std::string chunk(100'000, 'x');
  const std::uint64_t before = peak_resident();

  const StagingHandle handle = staging->begin("telegram", kBytes).value();
  for (std::uint64_t written = 0; written < kBytes; written += chunk.size()) {
    ASSERT_TRUE(staging->write(handle, chunk).ok());
  }
  ASSERT_EQ(staging->commit(handle).value(), kBytes);
  std::vector<InboxFile> files;
  files.push_back({staging->adopt("telegram", handle).value(), "film.mp4"});
  const InboxTarget targets[] = {{&one, "7"}, {&other, "7"}};
  for (const base::Status& placed : place_into_inboxes(targets, std::move(files))) {
    ASSERT_TRUE(placed.ok()) << placed.message();
  }

  EXPECT_EQ(std::filesystem::file_size(temp / "one/inbox/7/film.mp4"), kBytes);
  EXPECT_EQ(std::filesystem::file_size(temp / "other/inbox/7/film.mp4"), kBytes);
  EXPECT_LE(peak_resident() - before, 4'000'000U);
}

}  // namespace
}  // namespace patchbay::attachments
