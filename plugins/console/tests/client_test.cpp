// The parts of `patchbay chat` that need no host. The rest is in tests/e2e/console.test.mjs.
#include <filesystem>
#include <fstream>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include "console/client/answers.hpp"
#include "console/client/composer.hpp"
#include "console/client/growing_pause.hpp"
#include "console/client/opened_file.hpp"
#include "console/client/received_file.hpp"
#include "console/client/shown_text.hpp"

namespace patchbay::console {
namespace {

class ClientFilesTest : public ::testing::Test {
 protected:
  ClientFilesTest() : folder(::testing::TempDir() + "chat-" + std::to_string(::getpid())) {
    std::filesystem::create_directories(folder);
  }
  ~ClientFilesTest() override { std::filesystem::remove_all(folder); }

  std::string folder;
};

TEST(FileArgumentTest, IsWhatThePersonMeant) {
  const struct {
    const char* typed;
    std::optional<std::string> path;
  } cases[] = {{"", std::nullopt},      {"   ", std::nullopt},       {" a.txt ", "a.txt"},
               {" a b.txt", "a b.txt"}, {" \"a b.txt\"", "a b.txt"}, {" 'a b.txt' ", "a b.txt"},
               {" \"\"", std::nullopt}, {" \"half", "\"half"},       {" ~/x", "/home/ada/x"},
               {" \"~/x\"", "~/x"},     {" ~ada/x", "~ada/x"}};
  for (const auto& one : cases) {
    EXPECT_EQ(file_argument(one.typed, "/home/ada"), one.path) << one.typed;
  }
  EXPECT_EQ(file_argument(" ~/x", ""), "~/x");
}

TEST(ShownTextTest, MovesNoCursor) {
  EXPECT_EQ(printable("a\x1b[2Jb\tc\nd\x7f"), "a?[2Jb\tc\nd?");
  EXPECT_EQ(printable("\xC2\x9B"
                      "2J ä \xC2\xA0"),
            "?2J ä \xC2\xA0");
}

TEST(ShownTextTest, AnExcerptIsTheBeginningOfTheFirstLine) {
  EXPECT_EQ(excerpt("short"), "\"short\"");
  EXPECT_EQ(excerpt("one\ntwo"), "\"one…\"");
  EXPECT_EQ(excerpt("123456789 123456789 123456789 123456789äöü"),
            "\"123456789 123456789 123456789 123456789…\"");
}

TEST_F(ClientFilesTest, AFileIsSavedBesideOneOfItsName) {
  std::ofstream(folder + "/a.txt") << "mine";
  auto file = ReceivedFile::create(folder, "../a.txt");
  ASSERT_TRUE(file);
  EXPECT_TRUE(file->write("theirs"));
  EXPECT_TRUE(file->finish());
  EXPECT_EQ(file->path(), folder + "/a-2.txt");
  file->undo();
  EXPECT_FALSE(std::filesystem::exists(folder + "/a-2.txt"));
}

TEST_F(ClientFilesTest, WhatIsNotFinishedLeavesNothing) {
  {
    auto file = ReceivedFile::create(folder, "a.txt");
    ASSERT_TRUE(file);
    EXPECT_TRUE(file->write("half"));
  }
  EXPECT_TRUE(std::filesystem::is_empty(folder));
  EXPECT_FALSE(ReceivedFile::create(folder + "/missing", "a.txt"));
  EXPECT_EQ(errno, ENOENT);
}

TEST_F(ClientFilesTest, AnOpenedFileIsAsLongAsItWasThen) {
  const std::string path = folder + "/a.txt";
  std::ofstream(path) << "0123456789";
  OpenedFile file;
  EXPECT_EQ(file.open(path), "");
  std::ofstream(path, std::ios::app) << "more";
  EXPECT_EQ(file.read(7, 100), "789");
  EXPECT_EQ(file.read(10, 100), "");
  EXPECT_EQ(::truncate(path.c_str(), 2), 0);
  EXPECT_EQ(file.read(7, 100), "");
}

TEST_F(ClientFilesTest, OnlyFilesAreSent) {
  OpenedFile file;
  EXPECT_EQ(file.open(folder), "it is a folder");
  EXPECT_EQ(file.open(folder + "/none"), "No such file or directory");
  ASSERT_EQ(::mkfifo((folder + "/fifo").c_str(), 0600), 0);
  EXPECT_EQ(file.open(folder + "/fifo"), "it is no file");
}

TEST(AnswersTest, WhatCameBeforeTheHostHasAMessageAnswersNone) {
  Answers answers;
  const std::string first = answers.next_id();
  answers.shown("");
  EXPECT_EQ(answers.count(), 0);
  EXPECT_FALSE(answers.newest_is_answered());
  answers.host_has(first);
  EXPECT_FALSE(answers.newest_is_answered());
  answers.shown("");
  EXPECT_EQ(answers.count(), 1);
  EXPECT_TRUE(answers.newest_is_answered());
}

TEST(AnswersTest, WhatAnswersAnotherMessageThanOursIsNotCounted) {
  Answers earlier;
  const std::string old = earlier.next_id();
  Answers answers;
  const std::string ours = answers.next_id();
  EXPECT_NE(old, ours);
  answers.host_has(ours);
  const std::string begin = ours.substr(0, ours.size() - 1);
  for (const std::string& other : {old, begin, begin + "0", begin + "2", ours + "x",
                                   std::string("m1"), begin + "99999999999999999999999"}) {
    answers.shown(other);
    EXPECT_EQ(answers.count(), 0) << other;
  }
  answers.shown(ours);
  EXPECT_EQ(answers.count(), 1);
  EXPECT_TRUE(answers.newest_is_answered());
}

TEST(AnswersTest, AnAnswerToAnEarlierMessageOfOursCountsAndTheNewestStaysOpen) {
  Answers answers;
  const std::string first = answers.next_id();
  const std::string second = answers.next_id();
  answers.host_has(first);
  answers.host_has(second);
  answers.shown(first);
  EXPECT_EQ(answers.count(), 1);
  EXPECT_FALSE(answers.newest_is_answered());
  answers.shown("");
  EXPECT_EQ(answers.count(), 2);
  EXPECT_TRUE(answers.newest_is_answered());
  answers.host_has(answers.next_id());
  EXPECT_FALSE(answers.newest_is_answered());
}

TEST(GrowingPauseTest, IsNeverLongerThanAsked) {
  GrowingPause pause(milliseconds{1'000'000}, milliseconds{2'000'000});
  EXPECT_EQ(pause.left(milliseconds{50}), milliseconds{50});
  EXPECT_FALSE(pause.is_due());
  pause.begin();
  EXPECT_TRUE(pause.under_way());
  EXPECT_EQ(pause.left(milliseconds{50}), milliseconds{50});
  pause.begin();
  pause.begin();
  const auto left = pause.left(milliseconds{9'000'000});
  EXPECT_GT(left, milliseconds{1'000'000});
  EXPECT_LE(left, milliseconds{2'000'000});
  pause.reset();
  EXPECT_FALSE(pause.under_way());
}

}  // namespace
}  // namespace patchbay::console
