#include <fcntl.h>
#include <gmock/gmock.h>
#include <sys/stat.h>
#include <unistd.h>

#include "agent_kit/agent_session.hpp"
#include "session_folder.hpp"

namespace patchbay::agent_kit {
namespace {

using base::Code;
using test::read_file;
using test::write_file;
using ::testing::ElementsAre;

struct AgentFiles : ::testing::Test {
  OutboundRow row(std::vector<OutgoingFile> files) {
    return {.id = "a:re:1",
            .in_reply_to = {},
            .address = {},
            .content = R"({"text":"here"})",
            .files = std::move(files)};
  }
  SessionFolder folder;
  base::SystemClock clock;
  std::unique_ptr<AgentSession> session = AgentSession::open(folder.path(), clock).value();
};

TEST_F(AgentFiles, LieInTheOutboxBeforeTheRowDoes) {
  write_file(folder / "one", "first");
  write_file(folder / "two", "second");
  const auto sent = session->send(row({{.path = folder / "one", .name = "../report.txt"},
                                       {.path = folder / "two",
                                        .name = "report.txt",
                                        .source = OutgoingFile::Source::kMayBeMoved}}));
  ASSERT_TRUE(sent.ok()) << sent.message();
  EXPECT_EQ(read_file(folder / "outbox/a:re:1/report.txt"), "first");
  EXPECT_EQ(read_file(folder / "outbox/a:re:1/report-2.txt"), "second");
  EXPECT_TRUE(std::filesystem::exists(folder / "one")) << "it was copied";
  EXPECT_FALSE(std::filesystem::exists(folder / "two")) << "it was moved";
  EXPECT_THAT(folder.query_outbound("SELECT content FROM messages_out"),
              ElementsAre(R"({"files":["report.txt","report-2.txt"],"text":"here"})"));
}

TEST_F(AgentFiles, OfATurnThatACrashEndedAreReplaced) {
  std::filesystem::create_directories(folder / "outbox/a:re:1");
  write_file(folder / "outbox/a:re:1/old", "of a crash");
  write_file(folder / "one", "first");
  ASSERT_TRUE(session->send(row({{.path = folder / "one", .name = "new"}})).ok());
  EXPECT_FALSE(std::filesystem::exists(folder / "outbox/a:re:1/old"));
  // Once the row is there, the host may have its files: they are left alone.
  write_file(folder / "outbox/a:re:1/new", "the host's");
  ASSERT_TRUE(session->send(row({{.path = folder / "one", .name = "new"}})).ok());
  EXPECT_EQ(read_file(folder / "outbox/a:re:1/new"), "the host's");
}

TEST_F(AgentFiles, WhatIsNoFileStopsTheMessage) {
  ASSERT_EQ(::mkfifo((folder / "pipe").c_str(), 0600), 0);
  EXPECT_EQ(session->send(row({{.path = folder / "pipe", .name = "x"}})).code(), Code::kRefused);
  EXPECT_EQ(session->send(row({{.path = folder / "none", .name = "x"}})).code(), Code::kNotFound);
  EXPECT_THAT(folder.query_outbound("SELECT id FROM messages_out"), ::testing::IsEmpty());
}

TEST_F(AgentFiles, AFileWithASecondNameIsCopiedSinceTheHostRefusesIt) {
  write_file(folder / "one", "first");
  ASSERT_EQ(::link((folder / "one").c_str(), (folder / "other").c_str()), 0);
  ASSERT_TRUE(
      session
          ->send(row(
              {{.path = folder / "one", .name = "x", .source = OutgoingFile::Source::kMayBeMoved}}))
          .ok());
  struct stat facts{};
  ASSERT_EQ(::stat((folder / "outbox/a:re:1/x").c_str(), &facts), 0);
  EXPECT_EQ(facts.st_nlink, 1U);
}

TEST_F(AgentFiles, PathsOfAttachments) {
  folder.put_file("7", "a.txt", "hello");
  EXPECT_EQ(session->attachment_path("inbox/7/a.txt").value(), folder / "inbox/7/a.txt");
  for (const char* path : {"inbox/7/none", "inbox/../outbound.db", "outbox/7/a.txt", "/etc/passwd",
                           "inbox/7/../7/a.txt", "inbox", ""}) {
    EXPECT_FALSE(session->attachment_path(path).ok()) << path;
  }
}

TEST_F(AgentFiles, TheCollectingFolderIsEmptyAndGoesAway) {
  const auto first = session->make_collecting_folder();
  ASSERT_TRUE(first.ok());
  write_file(*first + "/left", "x");
  EXPECT_TRUE(std::filesystem::is_empty(session->make_collecting_folder().value()));
  session->remove_collecting_folder();
  EXPECT_TRUE(std::filesystem::is_empty(folder / "outbox"));
  session->remove_collecting_folder();
}

TEST_F(AgentFiles, TheHeartbeatIsTouched) {
  ASSERT_TRUE(session->touch_heartbeat().ok());
  const timespec old[2] = {{1000, 0}, {1000, 0}};
  ASSERT_EQ(::utimensat(AT_FDCWD, (folder / ".heartbeat").c_str(), old, 0), 0);
  ASSERT_TRUE(session->touch_heartbeat().ok());
  struct stat facts{};
  ASSERT_EQ(::stat((folder / ".heartbeat").c_str(), &facts), 0);
  EXPECT_GT(facts.st_mtim.tv_sec, 1000);
}

}  // namespace
}  // namespace patchbay::agent_kit
