#include "attachments/spool.hpp"

#include <gmock/gmock.h>
#include <sys/stat.h>
#include <unistd.h>

#include "attachments/names.hpp"
#include "test_common/temp_folder.hpp"

namespace patchbay::attachments {
namespace {

using base::Code;
using test::read_file;
using test::write_file;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

struct Spooling : ::testing::Test {
  Spooling() {
    std::filesystem::create_directories(temp / "agent/outbox/7");
    std::filesystem::create_directories(temp / "host");
    write_file(temp / "host/secret", "secret");
    session.emplace(ConfinedFolder::open(temp / "agent").value());
  }
  [[nodiscard]] std::string outbox(const std::string& name) const {
    return temp / ("agent/outbox/" + name);
  }
  [[nodiscard]] SpooledFiles take(std::vector<std::string> declared,
                                  std::string_view row_id = "7") {
    auto files = spool.take_outbox(*session, row_id, "session:" + std::string(row_id), declared);
    EXPECT_TRUE(files.ok()) << files.status().message();
    return files.ok() ? std::move(*files) : SpooledFiles{};
  }
  static std::vector<std::string> reasons(const SpooledFiles& files) {
    std::vector<std::string> result;
    for (const RefusedFile& file : files.refused) {
      result.push_back(file.reason);
    }
    return result;
  }
  static std::vector<std::string> names(const SpooledFiles& files) {
    std::vector<std::string> result;
    for (const SpooledFile& file : files.files) {
      result.push_back(file.name);
    }
    return result;
  }
  test::TempFolder temp;
  std::optional<ConfinedFolder> session;
  Spool spool = Spool::open(temp / "spool", {}).value();
};

TEST_F(Spooling, TakesTheFolderOutOfTheAgentsReach) {
  write_file(outbox("7/a.txt"), "first");
  write_file(outbox("7/b.txt"), "second");
  const SpooledFiles taken = take({"b.txt", "a.txt"});
  EXPECT_THAT(names(taken), ElementsAre("b.txt", "a.txt"));
  EXPECT_THAT(taken.refused, IsEmpty());
  EXPECT_FALSE(std::filesystem::exists(outbox("7")));
  const auto opened = spool.open_file("session:7", taken.files[0]);
  ASSERT_TRUE(opened.ok());
  EXPECT_EQ(opened->size, 6U);
  spool.remove("session:7");
  EXPECT_TRUE(std::filesystem::is_empty(temp / "spool"));
  EXPECT_EQ(spool.open_file("session:7", taken.files[0]).status().code(), Code::kNotFound);
}

TEST_F(Spooling, TakingAgainAfterACrashGivesTheSame) {
  write_file(outbox("7/a.txt"), "first");
  ASSERT_THAT(names(take({"a.txt"})), ElementsAre("a.txt"));
  std::filesystem::create_directory(outbox("7"));
  write_file(outbox("7/a.txt"), "something else");
  const SpooledFiles again = take({"a.txt"});
  ASSERT_THAT(names(again), ElementsAre("a.txt"));
  EXPECT_EQ(again.files[0].size, 5U);
}

TEST_F(Spooling, EachRefusalNamesFileAndReasonAndTheRestGoes) {
  write_file(outbox("7/good.txt"), "good");
  ASSERT_EQ(::symlink("../../../host/secret", outbox("7/link").c_str()), 0);
  ASSERT_EQ(::link((temp / "host/secret").c_str(), outbox("7/hard").c_str()), 0);
  ASSERT_EQ(::mkfifo(outbox("7/pipe").c_str(), 0600), 0);
  std::filesystem::create_directory(outbox("7/folder"));
  const SpooledFiles taken = take({"link", "hard", "pipe", "folder", "../../host/secret",
                                   "/etc/passwd", "..", "", "missing", "good.txt"});
  EXPECT_THAT(names(taken), ElementsAre("good.txt"));
  EXPECT_THAT(reasons(taken),
              ElementsAre("outbox/7/link is a symbolic link", "outbox/7/hard has 2 hard links",
                          "outbox/7/pipe is a FIFO", "outbox/7/folder is a folder",
                          "outbox/7/../../host/secret is not the name of a file in this folder",
                          "outbox/7//etc/passwd is not the name of a file in this folder",
                          "outbox/7/.. is not the name of a file in this folder",
                          "outbox/7/ is not the name of a file in this folder",
                          "outbox/7/missing: No such file or directory"));
  EXPECT_EQ(read_file(temp / "host/secret"), "secret");
}

TEST_F(Spooling, AnOutboxThatIsALink) {
  std::filesystem::remove_all(temp / "agent/outbox");
  std::filesystem::create_directory(temp / "host/7");
  write_file(temp / "host/7/a.txt", "host's");
  ASSERT_EQ(::symlink("../host", (temp / "agent/outbox").c_str()), 0);
  EXPECT_THAT(reasons(take({"a.txt"})), ElementsAre("outbox is a symbolic link, not a folder"));
  EXPECT_TRUE(std::filesystem::exists(temp / "host/7/a.txt"));
}

TEST_F(Spooling, ARowFolderThatIsALink) {
  ASSERT_EQ(::symlink("../../host", outbox("8").c_str()), 0);
  EXPECT_THAT(reasons(take({"secret"}, "8")),
              ElementsAre("outbox/8 is a symbolic link, not a folder"));
  ASSERT_EQ(::mkfifo(outbox("9").c_str(), 0600), 0);
  EXPECT_THAT(reasons(take({"x"}, "9")), ElementsAre("outbox/9 is a FIFO, not a folder"));
  spool.remove("session:8");
  spool.remove("session:9");
  EXPECT_TRUE(std::filesystem::is_empty(temp / "spool"));
  EXPECT_EQ(read_file(temp / "host/secret"), "secret");
}

TEST_F(Spooling, RowIdsThatAreNoFolderNames) {
  for (const std::string& id :
       std::vector<std::string>{"..", ".", "../../host", "a/b", std::string("a\0b", 3)}) {
    const SpooledFiles taken = take({"secret"}, id);
    ASSERT_EQ(taken.refused.size(), 1U) << id;
    EXPECT_THAT(taken.refused[0].reason, ::testing::EndsWith("cannot be the name of a folder"));
  }
  EXPECT_THAT(reasons(take({"a"}, "none")), ElementsAre("outbox/none: there is no such folder"));
  EXPECT_EQ(read_file(temp / "host/secret"), "secret");
  EXPECT_TRUE(std::filesystem::is_empty(temp / "spool"));
}

TEST_F(Spooling, LimitsOfSizeAndNumber) {
  spool = Spool::open(temp / "spool", {.file_bytes = 10, .message_bytes = 15}).value();
  write_file(outbox("7/large"), std::string(11, 'x'));
  write_file(outbox("7/one"), std::string(10, 'x'));
  write_file(outbox("7/two"), std::string(10, 'x'));
  const SpooledFiles taken = take({"large", "one", "two"});
  EXPECT_THAT(names(taken), ElementsAre("one"));
  EXPECT_EQ(taken.refused.size(), 2U);

  std::filesystem::create_directory(outbox("8"));
  write_file(outbox("8/empty"), "");
  const SpooledFiles many = take(std::vector<std::string>(101, "empty"), "8");
  EXPECT_EQ(many.files.size(), 100U);
  EXPECT_THAT(reasons(many), ElementsAre("the message has over 100 files"));
}

TEST_F(Spooling, AFileThatChangedItsSizeIsNotSent) {
  write_file(outbox("7/a.txt"), "first");
  std::ofstream kept_open(outbox("7/a.txt"), std::ios::app);
  const SpooledFiles taken = take({"a.txt"});
  kept_open << "more" << std::flush;
  const auto opened = spool.open_file("session:7", taken.files[0]);
  EXPECT_EQ(opened.status().code(), Code::kCorrupt);
  EXPECT_EQ(opened.status().message(), "a.txt has 9 bytes; 5 were declared");
}

TEST_F(Spooling, FilesOfTheHostsOwn) {
  auto staging = StagingArea::open(temp / "staging", {}).value();
  const auto put = spool.put("gateway/1", "a.txt", staging->from_bytes("hello").value());
  ASSERT_TRUE(put.ok());
  EXPECT_EQ(spool.open_file("gateway/1", *put)->size, 5U);
  EXPECT_EQ(spool.put("gateway/1", "a.txt", staging->from_bytes("x").value()).status().code(),
            Code::kAlreadyExists);
  EXPECT_EQ(spool.put("gateway/1", "../a", staging->from_bytes("x").value()).status().code(),
            Code::kInvalidArgument);
}

TEST_F(Spooling, OrphansAreRemoved) {
  std::filesystem::create_directories(temp / "spool/known");
  std::filesystem::create_directories(temp / "spool/orphan/inner");
  EXPECT_EQ(spool.remove_orphans([](const std::string& name) { return name == "known"; }).value(),
            1U);
  EXPECT_TRUE(std::filesystem::exists(temp / "spool/known"));
  EXPECT_FALSE(std::filesystem::exists(temp / "spool/orphan"));
}

}  // namespace
}  // namespace patchbay::attachments
