#include "attachments/inbox.hpp"

#include <algorithm>
#include <chrono>
#include <gmock/gmock.h>
#include <sys/stat.h>
#include <unistd.h>

#include "attachments/names.hpp"
#include "test_common/temp_folder.hpp"

namespace patchbay::attachments {
namespace {

using base::Code;
using test::read_file;
using ::testing::HasSubstr;

struct Inbox : ::testing::Test {
  Inbox() {
    std::filesystem::create_directories(temp / "one");
    std::filesystem::create_directories(temp / "other");
    std::filesystem::create_directories(temp / "host");
    one.emplace(ConfinedFolder::open(temp / "one").value());
    other.emplace(ConfinedFolder::open(temp / "other").value());
  }
  [[nodiscard]] std::vector<InboxFile> two_files() const {
    std::vector<InboxFile> files;
    files.push_back({staging->from_bytes("first").value(), "a.txt"});
    files.push_back({staging->from_bytes("second").value(), "a-2.txt"});
    return files;
  }
  [[nodiscard]] std::vector<base::Status> place(const std::vector<InboxTarget>& targets) const {
    return place_into_inboxes(targets, two_files());
  }
  [[nodiscard]] std::ptrdiff_t entries(const std::string& folder) const {
    return std::distance(std::filesystem::directory_iterator(temp / folder), {});
  }
  test::TempFolder temp;
  std::unique_ptr<StagingArea> staging = StagingArea::open(temp / "staging", {}).value();
  std::optional<ConfinedFolder> one;
  std::optional<ConfinedFolder> other;
};

TEST_F(Inbox, EveryAgentGetsItsOwnFiles) {
  for (const base::Status& placed :
       place({{&*one, "telegram:5:7:main"}, {&*other, "work/C1:7:help"}})) {
    EXPECT_TRUE(placed.ok()) << placed.message();
  }
  EXPECT_EQ(inbox_path("telegram:5:7:main", "a.txt"), "inbox/telegram:5:7:main/a.txt");
  const std::string second = inbox_path("work/C1:7:help", "a-2.txt");
  EXPECT_EQ(read_file(temp / "one/inbox/telegram:5:7:main/a.txt"), "first");
  EXPECT_EQ(read_file(temp / ("other/" + second)), "second");
  test::write_file(temp / "one/inbox/telegram:5:7:main/a.txt", "changed by its agent");
  EXPECT_EQ(read_file(temp / ("other/" + inbox_path("work/C1:7:help", "a.txt"))), "first");
  struct stat facts{};
  ASSERT_EQ(::stat((temp / ("other/" + second)).c_str(), &facts), 0);
  EXPECT_EQ(facts.st_mode & 0777, 0644U);
  EXPECT_EQ(entries("staging"), 0);
  EXPECT_EQ(entries("one/inbox"), 1) << "no temporary folder is left";
}

TEST_F(Inbox, AFolderWithoutARowIsReplaced) {
  std::filesystem::create_directories(temp / "one/inbox/7");
  test::write_file(temp / "one/inbox/7/old.txt", "of a crash");
  std::filesystem::create_directories(temp / "one/inbox/.incoming-7");
  test::write_file(temp / "one/inbox/.incoming-7/half", "of another");
  EXPECT_TRUE(place({{&*one, "7"}})[0].ok());
  EXPECT_FALSE(std::filesystem::exists(temp / "one/inbox/7/old.txt"));
  EXPECT_EQ(entries("one/inbox/7"), 2);
  EXPECT_EQ(entries("one/inbox"), 1);
}

TEST_F(Inbox, AnInboxThatIsALinkIsRefusedAndOtherAgentsAreServed) {
  ASSERT_EQ(::symlink("../host", (temp / "one/inbox").c_str()), 0);
  const auto placed = place({{&*one, "7"}, {&*other, "7"}});
  EXPECT_EQ(placed[0].code(), Code::kRefused);
  EXPECT_THAT(placed[0].message(), HasSubstr("inbox is a symbolic link, not a folder"));
  EXPECT_TRUE(placed[1].ok());
  EXPECT_EQ(entries("host"), 0);
}

TEST_F(Inbox, PlantedEntriesUnderItsNamesGiveWay) {
  std::filesystem::create_directories(temp / "one/inbox");
  ASSERT_EQ(::symlink("../../host", (temp / "one/inbox/.incoming-7").c_str()), 0);
  ASSERT_EQ(::symlink("../../host", (temp / "one/inbox/7").c_str()), 0);
  EXPECT_TRUE(place({{&*one, "7"}})[0].ok());
  EXPECT_EQ(one->open_subfolder("inbox")->kind_of("7").value(), EntryKind::kFolder);
  EXPECT_EQ(entries("host"), 0);
}

TEST_F(Inbox, AFailureLeavesNothingUnderTheName) {
  std::vector<InboxFile> files = two_files();
  files[1].name = files[0].name;  // breaks the rule, as a full disk would
  EXPECT_FALSE(copy_into_inbox({&*one, "7"}, files).ok());
  EXPECT_EQ(entries("one/inbox"), 0);
}

TEST_F(Inbox, StagingOnAnotherFilesystemIsCopiedFrom) {
  const test::TempFolder elsewhere("/dev/shm");
  struct stat here{};
  struct stat there{};
  ASSERT_EQ(::stat(temp.path().c_str(), &here), 0);
  ASSERT_EQ(::stat(elsewhere.path().c_str(), &there), 0);
  ASSERT_NE(here.st_dev, there.st_dev) << "TMPDIR must not lie in /dev/shm";
  staging = StagingArea::open(elsewhere / "staging", {}).value();
  EXPECT_TRUE(place({{&*one, "7"}})[0].ok());
  EXPECT_EQ(read_file(temp / "one/inbox/7/a-2.txt"), "second");
  EXPECT_TRUE(std::filesystem::is_empty(elsewhere / "staging"));
}

TEST_F(Inbox, WhatIsOldIsListedAndRemoved) {
  ASSERT_TRUE(place({{&*one, "7"}})[0].ok());
  ASSERT_TRUE(place({{&*one, "work/8"}})[0].ok());
  std::filesystem::create_directories(temp / "one/inbox/.incoming-x");
  ASSERT_EQ(::symlink("../../host", (temp / "one/inbox/link").c_str()), 0);
  const base::WallTime now =
      std::chrono::floor<base::Milliseconds>(std::chrono::system_clock::now());
  EXPECT_TRUE(list_inbox(*one, now - std::chrono::hours(1)).value().empty());
  std::vector<std::string> names = list_inbox(*one, now + std::chrono::hours(1)).value();
  std::sort(names.begin(), names.end());
  EXPECT_EQ(names,
            (std::vector<std::string>{".incoming-x", "7", "link", folder_name_of_id("work/8")}));
  EXPECT_EQ(remove_from_inbox(*one, {".incoming-x", "7", "link"}).value(), 3U);
  EXPECT_EQ(entries("one/inbox"), 1);
  EXPECT_TRUE(std::filesystem::exists(temp / "host"));
  EXPECT_TRUE(list_inbox(*other, now).value().empty()) << "no inbox yet";
}

}  // namespace
}  // namespace patchbay::attachments
