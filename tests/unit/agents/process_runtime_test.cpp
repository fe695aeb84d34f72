#include "agents/process_runtime.hpp"

#include <fcntl.h>
#include <filesystem>
#include <fstream>
#include <gtest/gtest.h>
#include <iterator>
#include <nlohmann/json.hpp>
#include <poll.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "agents/agent_group.hpp"
#include "agents/process_table.hpp"
#include "agents/run_record.hpp"
#include "base/unique_fd.hpp"
#include "test_common/temp_folder.hpp"

namespace patchbay::agents {
namespace {

using std::chrono::milliseconds;

using test::read_file;

class ProcessRuntimeTest : public ::testing::Test {
 protected:
  StartSpec shell(const std::string& script) {
    StartSpec spec;
    spec.session = {base::AgentGroupId("main"), base::SessionId("s1")};
    spec.command = {"/bin/sh", "-c", script};
    spec.working_directory = folder.path().string();
    spec.env = {{"GREETING", "hello"}};
    spec.log_file = folder / "logs/s1.log";
    return spec;
  }

  // Runs the loop until the agent has exited.
  AgentExit run(const StartSpec& spec, const std::function<void(RunId)>& meanwhile = nullptr) {
    AgentExit result{-1, -1};
    loop.post([&] {
      const auto started = runtime.start(spec, [&](AgentExit exit) {
        result = exit;
        loop.stop();
      });
      ASSERT_TRUE(started.ok()) << started.status().message();
      if (meanwhile) {
        meanwhile(*started);
      }
    });
    loop.run_after(std::chrono::seconds(20), [&] { loop.stop(); });
    loop.run();
    return result;
  }

  // Calls `then` on the loop as soon as the file exists.
  void when_there(const std::string& path, std::function<void()> then) {
    if (std::filesystem::exists(path)) {
      then();
      return;
    }
    loop.run_after(milliseconds(5),
                   [this, path, then = std::move(then)] { when_there(path, then); });
  }

  explicit ProcessRuntimeTest(std::optional<rlim_t> open_files = {})
      : runtime(loop, folder / "records", open_files) {}

  test::TempFolder folder;
  base::EventLoop loop;
  ProcessRuntime runtime;
};

TEST_F(ProcessRuntimeTest, RunsWithItsEnvironmentInItsFolderAndLogsItsOutput) {
  const AgentExit exit = run(shell("echo \"$GREETING from $(pwd)\"; echo oops >&2; exit 7"));
  EXPECT_EQ(exit.exit_code, 7);
  EXPECT_EQ(exit.signal, 0);
  EXPECT_EQ(read_file(folder / "logs/s1.log"),
            "hello from " + std::filesystem::canonical(folder.path()).string() + "\noops\n");
}

TEST_F(ProcessRuntimeTest, InheritsNoDescriptors) {
  const base::UniqueFd careless(::open("/dev/null", O_RDONLY));  // as a library may open one
  ASSERT_TRUE(careless.valid());
  run(shell("exec ls /proc/self/fd"));
  EXPECT_EQ(read_file(folder / "logs/s1.log"), "0\n1\n2\n3\n") << "3 is the folder that ls reads";
}

class WithFewOpenFiles : public ProcessRuntimeTest {
 protected:
  WithFewOpenFiles() : ProcessRuntimeTest(rlim_t{123}) {}
};

TEST_F(WithFewOpenFiles, AnAgentHasAsManyOpenFilesAsWasSaid) {
  rlimit ours{};
  ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &ours), 0);
  EXPECT_EQ(run(shell("ulimit -Sn; ulimit -Hn")).exit_code, 0);
  const std::string hard =
      ours.rlim_max == RLIM_INFINITY ? "unlimited" : std::to_string(ours.rlim_max);
  EXPECT_EQ(read_file(folder / "logs/s1.log"), "123\n" + hard + "\n");
}

TEST_F(ProcessRuntimeTest, InheritsNoSecretsOfTheHost) {
  ::setenv("PATCHBAY_TEST_SECRET", "do-not-pass-on", 1);
  run(shell("env"));
  EXPECT_EQ(read_file(folder / "logs/s1.log").find("do-not-pass-on"), std::string::npos);
  ::unsetenv("PATCHBAY_TEST_SECRET");
}

TEST_F(ProcessRuntimeTest, HasTheHostsTimeZone) {
  ::setenv("TZ", "Asia/Tokyo", 1);
  run(shell("echo \"$TZ\""));
  ::unsetenv("TZ");
  EXPECT_EQ(read_file(folder / "logs/s1.log"), "Asia/Tokyo\n");
}

TEST_F(ProcessRuntimeTest, HasATimeZoneOfItsOwnBeforeTheHosts) {
  ::setenv("TZ", "Asia/Tokyo", 1);
  StartSpec spec = shell("echo \"$TZ\"");
  spec.env["TZ"] = "Europe/Berlin";
  run(spec);
  ::unsetenv("TZ");
  EXPECT_EQ(read_file(folder / "logs/s1.log"), "Europe/Berlin\n");
}

TEST_F(ProcessRuntimeTest, TellsTheSignalThatEndedIt) {
  const std::string ready = folder / "ready";
  const AgentExit exit = run(shell("touch ready; sleep 30"), [&](RunId id) {
    when_there(ready, [this, id] { runtime.terminate(id); });
  });
  EXPECT_EQ(exit.signal, SIGTERM);
}

TEST_F(ProcessRuntimeTest, WhatAnAgentLeavesBehindIsEndedBeforeItsExitIsTold) {
  run(shell("sleep 30 & echo $! > child"));
  pid_t child = 0;
  std::ifstream(folder / "child") >> child;
  ASSERT_GT(child, 1);
  const auto left = read_process(child);
  EXPECT_TRUE(!left || left->state == 'Z');
  EXPECT_TRUE(read_run_records(folder / "records").empty());
}

TEST_F(ProcessRuntimeTest, AProgramThatCannotRunIsAnErrorThatNamesIt) {
  StartSpec spec = shell("");
  spec.command = {"no-such-program-anywhere"};
  const auto missing = runtime.start(spec, [](AgentExit) {});
  ASSERT_FALSE(missing.ok());
  EXPECT_NE(missing.status().message().find("no-such-program-anywhere"), std::string::npos);

  spec.command = {"/bin/sh"};
  spec.working_directory = folder / "nowhere";
  const auto nowhere = runtime.start(spec, [](AgentExit) {});
  ASSERT_FALSE(nowhere.ok());
  EXPECT_NE(nowhere.status().message().find("/nowhere"), std::string::npos);
  EXPECT_TRUE(read_run_records(folder / "records").empty());
}

TEST_F(ProcessRuntimeTest, EndsWhatAnEarlierHostLeftAndNothingElse) {
  // An orphan: a session leader of its own, as an agent is, that nobody waits for.
  const pid_t orphan = ::fork();
  if (orphan == 0) {
    ::setsid();
    ::execl("/bin/sleep", "sleep", "30", nullptr);
    ::_exit(127);
  }
  auto info = read_process(orphan);
  while (info && info->session != orphan) {
    info = read_process(orphan);
  }
  ASSERT_TRUE(info);
  const std::string records = folder / "records";
  ASSERT_TRUE(write_run_record(records, "main.s1", {orphan, info->start_time, boot_id()}).ok());
  // Used again by something else, from another boot, torn: none of these may be harmed.
  const auto self = read_process(::getpid());
  ASSERT_TRUE(
      write_run_record(records, "main.s2", {::getpid(), self->start_time + 1, boot_id()}).ok());
  ASSERT_TRUE(
      write_run_record(records, "main.s3", {::getpid(), self->start_time, "other-boot"}).ok());
  std::ofstream(records + "/main.s4") << "12";

  const auto found = runtime.kill_leftovers();
  ASSERT_TRUE(found.ok()) << found.status().message();
  EXPECT_EQ(*found, 1);
  int how = 0;
  EXPECT_EQ(::waitpid(orphan, &how, 0), orphan);
  EXPECT_TRUE(WIFSIGNALED(how));
  EXPECT_TRUE(read_run_records(records).empty());
}

// A process that an agent starts in some way, and that says its number in the file `child`.
constexpr const char* kChild = "/bin/sh -c 'echo $$ > new; mv new child; exec sleep 1000'";

struct Way {
  const char* name;
  std::string start;
};

class AwayFromItsAgent : public ProcessRuntimeTest, public ::testing::WithParamInterface<Way> {
 protected:
  [[nodiscard]] pid_t child() const {
    pid_t pid = 0;
    std::ifstream(folder / "child") >> pid;
    EXPECT_GT(pid, 1);
    return pid;
  }
};

TEST_P(AwayFromItsAgent, IsEndedAndReapedWhenTheAgentIsStopped) {
  const AgentExit exit = run(shell(GetParam().start + "; exec sleep 1000"), [&](RunId id) {
    when_there(folder / "child", [this, id] { runtime.terminate(id); });
  });
  EXPECT_EQ(exit.signal, SIGTERM);
  EXPECT_FALSE(read_process(child()));
}

TEST_P(AwayFromItsAgent, IsEndedAndReapedWhenTheAgentIsKilled) {
  const AgentExit exit = run(shell(GetParam().start + "; exec sleep 1000"), [&](RunId id) {
    when_there(folder / "child", [this, id] { runtime.kill(id); });
  });
  EXPECT_EQ(exit.signal, SIGKILL);
  EXPECT_FALSE(read_process(child()));
}

INSTANTIATE_TEST_SUITE_P(
    Ways, AwayFromItsAgent,
    ::testing::Values(Way{"Setsid", std::string("setsid ") + kChild + " & true"},
                      Way{"DoubleFork", std::string("(") + kChild + " &)"},
                      Way{"DoubleForkAndSetsid", std::string("(setsid ") + kChild + " &)"},
                      Way{"WithoutItsEnvironment",
                          std::string("(env -i setsid ") + kChild + " &)"}),
    [](const auto& way) { return std::string(way.param.name); });

TEST_F(ProcessRuntimeTest, AnAgentThatEndsByItselfTakesWithItWhatLeftItsSession) {
  run(shell(std::string("(setsid ") + kChild +
            " &); while [ ! -e child ]; do sleep 0.01; done; exit 0"));
  pid_t child = 0;
  std::ifstream(folder / "child") >> child;
  ASSERT_GT(child, 1);
  EXPECT_FALSE(read_process(child));
}

TEST_F(ProcessRuntimeTest, WhatAnAgentDidNotReapIsReaped) {
  // `cat` waits for nobody: what lost its parent stays its zombie, and is the host's when it ends.
  // A shell would wait for it, so that it ends when the agent is no shell any more.
  const std::string gate = folder / "gate";
  ASSERT_EQ(::mkfifo(gate.c_str(), 0600), 0);
  std::function<void()> end_when_zombie = [&] {
    pid_t child = 0;
    std::ifstream(folder / "child") >> child;
    const auto info = child > 1 ? read_process(child) : std::nullopt;
    const base::UniqueFd opened(
        info && info->has_ended() ? ::open(gate.c_str(), O_WRONLY | O_NONBLOCK | O_CLOEXEC) : -1);
    if (!opened.valid()) {
      loop.run_after(milliseconds(5), end_when_zombie);
    }
  };
  const AgentExit exit =
      run(shell("agent=$$; (setsid sh -c 'until grep -q ^cat /proc/'$agent'/comm; do :; done;"
                " echo $$ > new; mv new child' &); exec cat gate"),
          [&](RunId) { end_when_zombie(); });
  EXPECT_TRUE(exit.clean());
  pid_t child = 0;
  std::ifstream(folder / "child") >> child;
  EXPECT_FALSE(read_process(child));
}

TEST_F(ProcessRuntimeTest, ChildrenOfTheHostItselfAreLeftAlone) {
  pid_t own = 0;
  run(shell("touch ready; exec sleep 1000"), [&](RunId id) {
    own = ::fork();  // as an adapter may start one
    if (own == 0) {
      ::setsid();
      ::execl("/bin/sleep", "sleep", "1000", nullptr);
      ::_exit(127);
    }
    when_there(folder / "ready", [this, id] { runtime.kill(id); });
  });
  const auto info = read_process(own);
  ASSERT_TRUE(info);
  EXPECT_FALSE(info->has_ended());
  ::kill(own, SIGKILL);
  EXPECT_EQ(::waitpid(own, nullptr, 0), own);
}

TEST_F(ProcessRuntimeTest, EndsWhatLeftTheSessionOfAnAgentWhoseHostWasKilled) {
  const std::string records = folder / "records";
  const pid_t host = ::fork();
  if (host == 0) {
    base::EventLoop its_loop;
    ProcessRuntime its_runtime(its_loop, records);
    const auto started = its_runtime.start(
        shell(std::string("(setsid ") + kChild + " &); exec sleep 1000"), [](AgentExit) {});
    ::poll(nullptr, 0, started.ok() ? -1 : 0);
    ::_exit(1);
  }
  loop.post([&] { when_there(folder / "child", [this] { loop.stop(); }); });
  loop.run_after(std::chrono::seconds(20), [&] { loop.stop(); });
  loop.run();
  ::kill(host, SIGKILL);
  ASSERT_EQ(::waitpid(host, nullptr, 0), host);
  pid_t child = 0;
  std::ifstream(folder / "child") >> child;
  ASSERT_GT(child, 1);
  ASSERT_EQ(read_run_records(records).size(), 1U);

  const auto found = runtime.kill_leftovers();
  ASSERT_TRUE(found.ok()) << found.status().message();
  EXPECT_EQ(*found, 1);
  const auto left = read_process(child);
  EXPECT_TRUE(!left || left->has_ended());
  EXPECT_TRUE(read_run_records(records).empty());
  while (::waitpid(-1, nullptr, WNOHANG) > 0) {  // its orphans came to this process
  }
}

TEST_F(ProcessRuntimeTest, AWorkspaceGetsItsContainerFile) {
  AgentGroup group;
  group.id = base::AgentGroupId("main");
  group.name = "Andy";
  group.workspace = folder / "agents/main";
  group.messages_per_prompt = 3;
  ASSERT_TRUE(prepare_workspace(group).ok());
  const auto container = nlohmann::json::parse(read_file(group.workspace + "/container.json"));
  EXPECT_EQ(container["assistantName"], "Andy");
  EXPECT_EQ(container["agentGroupId"], "main");
  EXPECT_EQ(container["maxMessagesPerPrompt"], 3);
  EXPECT_FALSE(container.contains("model"));
  EXPECT_FALSE(container.contains("effort"));
}

TEST_F(ProcessRuntimeTest, TheContainerFileSaysTheModelAndItsEffort) {
  AgentGroup group;
  group.id = base::AgentGroupId("main");
  group.workspace = folder / "agents/main";
  group.model = "large";
  group.effort = "high";
  ASSERT_TRUE(prepare_workspace(group).ok());
  const auto container = nlohmann::json::parse(read_file(group.workspace + "/container.json"));
  EXPECT_EQ(container["model"], "large");
  EXPECT_EQ(container["effort"], "high");
}

}  // namespace
}  // namespace patchbay::agents
