// The real executable in a session folder.
#include <csignal>
#include <fcntl.h>
#include <gmock/gmock.h>
#include <poll.h>
#include <spawn.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>

#include "base/unique_fd.hpp"
#include "session_folder.hpp"

namespace patchbay::agent_kit {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

class Agent {
 public:
  Agent(std::vector<std::string> arguments, const std::string& errors) {
    arguments.insert(arguments.begin(), PATCHBAY_AGENT);
    std::vector<char*> pointers;
    for (std::string& argument : arguments) {
      pointers.push_back(argument.data());
    }
    pointers.push_back(nullptr);
    posix_spawn_file_actions_t actions;
    ::posix_spawn_file_actions_init(&actions);
    ::posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, errors.c_str(),
                                       O_WRONLY | O_CREAT | O_TRUNC, 0600);
    EXPECT_EQ(::posix_spawn(&pid_, PATCHBAY_AGENT, &actions, nullptr, pointers.data(), environ), 0);
    ::posix_spawn_file_actions_destroy(&actions);
  }
  Agent(const Agent&) = delete;
  Agent& operator=(const Agent&) = delete;
  ~Agent() {
    if (pid_ > 0) {
      ::kill(pid_, SIGKILL);
      static_cast<void>(wait());
    }
  }
  void signal(int number) const { ::kill(pid_, number); }
  // Its exit code, or 128 + signal; -1 when it does not end.
  int wait() {
    const base::UniqueFd fd(static_cast<int>(::syscall(SYS_pidfd_open, pid_, 0)));
    pollfd polled{fd.get(), POLLIN, 0};
    if (::poll(&polled, 1, 20'000) != 1) {
      return -1;
    }
    int status = 0;
    ::waitpid(pid_, &status, 0);
    pid_ = -1;
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  }

 private:
  pid_t pid_ = -1;
};

struct Executable : ::testing::Test {
  // Looks until the answer is there.
  std::vector<std::string> answers(std::size_t count) {
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(20);
    std::vector<std::string> result;
    while (result.size() < count && std::chrono::steady_clock::now() < deadline) {
      result = folder.query_outbound("SELECT content FROM messages_out ORDER BY rowid");
      std::this_thread::yield();
    }
    return result;
  }
  [[nodiscard]] std::vector<std::string> acknowledgements() const {
    return folder.query_outbound(
        "SELECT message_id || ' ' || status FROM processing_ack ORDER BY rowid");
  }
  SessionFolder folder;
  std::string errors = folder / "errors.txt";
};

TEST_F(Executable, EchoesWhatWaitsAndWhatComes) {
  folder.put("a", R"({"text":"first"})");
  Agent agent({"--echo", "--session", folder.path()}, errors);
  EXPECT_THAT(answers(1), ElementsAre(R"({"text":"first"})"));
  folder.put_file("b", "p.jpg", "picture");
  folder.put("b",
             R"({"text":"second","attachments":[{"name":"p.jpg","localPath":"inbox/b/p.jpg"}]})");
  EXPECT_THAT(answers(2),
              ElementsAre(R"({"text":"first"})", R"({"files":["p.jpg"],"text":"second"})"));
  EXPECT_EQ(test::read_file(folder / "outbox/b:re:1/p.jpg"), "picture");
  EXPECT_THAT(acknowledgements(), ElementsAre("a completed", "b completed"));
  agent.signal(SIGTERM);
  EXPECT_EQ(agent.wait(), 0);
  EXPECT_EQ(test::read_file(errors), "");
}

TEST_F(Executable, RunsACommandATurn) {
  folder.put("a", R"({"text":"hello"})");
  const Agent agent({"--session=" + folder.path(), "--exec", "tr a-z A-Z"}, errors);
  EXPECT_THAT(answers(1), ElementsAre(R"({"text":"HELLO"})"));
}

TEST_F(Executable, ASecondProcessTakesOverAfterAKill) {
  folder.put("a", R"({"text":"hello"})");
  {
    const Agent agent(
        {"--session", folder.path(), "--exec",
         "echo $$ > \"$PATCHBAY_SESSION_DIR/pid\"; touch \"$PATCHBAY_SESSION_DIR/begun\"; exec "
         "sleep 1000"},
        errors);
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(20);
    while (!std::filesystem::exists(folder / "begun") &&
           std::chrono::steady_clock::now() < deadline) {
      std::this_thread::yield();
    }
    ASSERT_THAT(acknowledgements(), ElementsAre("a processing"));
  }
  // Nobody is left to end the command; a host would.
  EXPECT_EQ(::kill(std::stoi(test::read_file(folder / "pid")), SIGKILL), 0);
  const Agent agent({"--session", folder.path(), "--echo"}, errors);
  EXPECT_THAT(answers(1), ElementsAre(R"({"text":"hello"})"));
}

TEST_F(Executable, SigtermDuringACommandGivesTheMessageBack) {
  folder.put("a", R"({"text":"hello"})");
  Agent agent(
      {"--session", folder.path(), "--exec", "touch \"$PATCHBAY_SESSION_DIR/begun\"; sleep 1000"},
      errors);
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(20);
  while (!std::filesystem::exists(folder / "begun") &&
         std::chrono::steady_clock::now() < deadline) {
    std::this_thread::yield();
  }
  agent.signal(SIGTERM);
  EXPECT_EQ(agent.wait(), 0);
  EXPECT_THAT(acknowledgements(), ElementsAre());
}

TEST_F(Executable, ABurstIsAnsweredOnceEachAndInOrder) {
  const Agent agent({"--echo", "--session", folder.path()}, errors);
  std::vector<std::string> expected;
  for (int i = 0; i < 25; ++i) {
    const std::string content = R"({"text":")" + std::to_string(i) + R"("})";
    folder.put("m" + std::to_string(i), content);
    expected.push_back(content);
    // As the host does: no more is exposed than the agent reads at once.
    ASSERT_GE(answers(expected.size()).size(), expected.size());
  }
  EXPECT_THAT(answers(25), ::testing::ElementsAreArray(expected));
}

TEST_F(Executable, ReadsTheNumberOfMessagesFromContainerJson) {
  std::filesystem::create_directory(folder / "agent");
  test::write_file(folder / "agent/container.json", R"({"maxMessagesPerPrompt":2})");
  for (const char* id : {"a", "b", "c"}) {
    folder.put(id, std::string(R"({"text":")") + id + R"("})");
  }
  const Agent agent({"--session", folder.path(), "--exec", "tr '\\n' ' '"}, errors);
  EXPECT_THAT(answers(2), ElementsAre(R"({"text":"chat: b chat: c"})", R"({"text":"a"})"));
}

struct KilledAt : Executable, ::testing::WithParamInterface<const char*> {};

TEST_P(KilledAt, AnswersOnceAllTheSame) {
  folder.put_file("a", "p.jpg", "picture");
  folder.put("a",
             R"({"text":"hello","attachments":[{"name":"p.jpg","localPath":"inbox/a/p.jpg"}]})");
  {
    ::setenv("PATCHBAY_FAILPOINTS_SET", (std::string(GetParam()) + "=kill").c_str(), 1);
    Agent agent({"--echo", "--session", folder.path()}, errors);
    ::unsetenv("PATCHBAY_FAILPOINTS_SET");
    EXPECT_EQ(agent.wait(), 128 + SIGKILL);
  }
  const Agent agent({"--echo", "--session", folder.path()}, errors);
  folder.put("b", R"({"text":"and this"})");
  EXPECT_THAT(answers(2),
              ElementsAre(R"({"files":["p.jpg"],"text":"hello"})", R"({"text":"and this"})"));
  EXPECT_EQ(test::read_file(folder / "outbox/a:re:1/p.jpg"), "picture");
  EXPECT_THAT(acknowledgements(), ElementsAre("a completed", "b completed"));
}

INSTANTIATE_TEST_SUITE_P(Failpoints, KilledAt,
                         ::testing::Values("agent.after_claim", "agent.after_files",
                                           "agent.before_answer", "agent.after_answer"));

TEST_F(Executable, WrongUsageAndMissingFolders) {
  const std::vector<std::vector<std::string>> wrong = {
      {}, {"--echo", "--exec", "x"}, {"--nonsense"}, {"--echo", "left over"}};
  for (const auto& arguments : wrong) {
    Agent agent(arguments, errors);
    EXPECT_EQ(agent.wait(), 2);
    EXPECT_THAT(test::read_file(errors), HasSubstr("--help"));
  }
  Agent agent({"--echo", "--session", folder / "none"}, errors);
  EXPECT_EQ(agent.wait(), 1);
  EXPECT_THAT(test::read_file(errors), HasSubstr("/none: No such file or directory"));
}

}  // namespace
}  // namespace patchbay::agent_kit
