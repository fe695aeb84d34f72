// Files whose message never came to be, and those that must stay.
#include <filesystem>
#include <gmock/gmock.h>

#include "attachments/names.hpp"
#include "storage_fixture.hpp"

namespace patchbay::session {
namespace {

namespace fs = std::filesystem;

class InboxSweep : public StorageTest {
 protected:
  void SetUp() override {
    StorageTest::SetUp();
    ASSERT_TRUE(create(session_).ok());
    for (const std::string& id : {plain_, unsafe_}) {
      ASSERT_TRUE(write(message(id)).ok());
      add(attachments::folder_name_of_id(id));
    }
    add("in-intake");
    add("orphan");
    add(".incoming-7");
  }
  void add(const std::string& name) {
    fs::create_directories(file("inbox/" + name));
    test::write_file(file("inbox/" + name + "/a.txt"), "content");
  }
  base::Result<std::size_t> sweep(base::Milliseconds age) {
    // Of files the test has just made, whose time is that of the system.
    const auto now = std::chrono::floor<base::Milliseconds>(std::chrono::system_clock::now());
    return wait<std::size_t>([&](auto done) {
      storage_->sweep_inbox(session_, now - age, {"in-intake"}, std::move(done));
    });
  }
  [[nodiscard]] std::size_t folders() const {
    const fs::directory_iterator entries(file("inbox"));
    return static_cast<std::size_t>(std::distance(begin(entries), end(entries)));
  }

  const std::string plain_ = "42:1:main";
  const std::string unsafe_ = "a/b";
};

constexpr base::Milliseconds kAll = std::chrono::hours(-1);  // also what was made just now

TEST_F(InboxSweep, OnlyWhatNoRowOwnsGoes) {
  const auto removed = sweep(kAll);
  ASSERT_TRUE(removed.ok()) << removed.status().message();
  EXPECT_EQ(*removed, 2U);
  EXPECT_TRUE(fs::exists(file("inbox/" + plain_ + "/a.txt")));
  EXPECT_TRUE(fs::exists(file("inbox/" + attachments::folder_name_of_id(unsafe_) + "/a.txt")));
  EXPECT_TRUE(fs::exists(file("inbox/in-intake/a.txt")));
  EXPECT_EQ(sweep(kAll).value(), 0U);
}

TEST_F(InboxSweep, WhatMayBeOnItsWayStays) {
  EXPECT_EQ(sweep(std::chrono::hours(1)).value(), 0U);
  EXPECT_EQ(folders(), 5U);
}

TEST_F(InboxSweep, WhenRowsWereLostTheirFilesStay) {
  test::write_file(file("inbound.db.corrupt-20260101T000000Z"), "what is left of it");
  EXPECT_EQ(sweep(kAll).value(), 0U);
  EXPECT_EQ(folders(), 5U);
}

TEST_F(InboxSweep, ADatabaseThatCannotBeReadCostsNoFile) {
  test::write_file(file("inbound.db"), std::string(8192, 'x'));
  EXPECT_FALSE(sweep(kAll).ok());
  EXPECT_EQ(folders(), 5U);
}

TEST_F(InboxSweep, ALinkInPlaceOfTheInboxIsNotFollowed) {
  fs::rename(file("inbox"), temp_ / "elsewhere");
  fs::create_directory_symlink(temp_ / "elsewhere", file("inbox"));
  EXPECT_FALSE(sweep(kAll).ok());
  EXPECT_TRUE(fs::exists(temp_ / "elsewhere/orphan/a.txt"));
}

}  // namespace
}  // namespace patchbay::session
