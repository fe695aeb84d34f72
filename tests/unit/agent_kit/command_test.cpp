#include "agent_kit/command.hpp"

#include <chrono>
#include <csignal>
#include <fstream>
#include <gtest/gtest.h>
#include <sys/eventfd.h>
#include <thread>
#include <unistd.h>

#include "base/unique_fd.hpp"
#include "test_common/temp_folder.hpp"

namespace patchbay::agent_kit {
namespace {

CommandRequest request(const std::string& command) {
  CommandRequest result;
  result.command = command;
  result.output_limit = 1'000'000;
  return result;
}

CommandResult run(const CommandRequest& request) {
  std::signal(SIGPIPE, SIG_IGN);
  auto result = run_command(request);
  EXPECT_TRUE(result.ok()) << result.status().message();
  return result.ok() ? std::move(*result) : CommandResult{};
}

TEST(Command, TextInTextOut) {
  CommandRequest shout = request("tr a-z A-Z");
  shout.input = "hello";
  const CommandResult result = run(shout);
  EXPECT_EQ(result.exit_code, 0);
  EXPECT_EQ(result.output, "HELLO");
}

TEST(Command, LargeTextsBothWaysDoNotBlock) {
  CommandRequest copy = request("cat");
  copy.input.assign(900'000, 'x');
  EXPECT_EQ(run(copy).output.size(), 900'000U);
}

TEST(Command, OutputOverTheLimitIsDropped) {
  CommandRequest copy = request("head -c 3000000 /dev/zero");
  const CommandResult result = run(copy);
  EXPECT_EQ(result.exit_code, 0);
  EXPECT_TRUE(result.output_cut);
  EXPECT_EQ(result.output.size(), 1'000'000U);
}

TEST(Command, OneThatDoesNotReadItsInput) {
  CommandRequest deaf = request("exec 0<&-; echo done");
  deaf.input.assign(900'000, 'x');
  EXPECT_EQ(run(deaf).output, "done\n");
}

TEST(Command, ExitCodeAndLastErrorLine) {
  const CommandResult result =
      run(request("echo first >&2; echo ' the reason ' >&2; echo >&2; exit 7"));
  EXPECT_EQ(result.exit_code, 7);
  EXPECT_EQ(result.last_error_line, "the reason");
  EXPECT_EQ(run(request("kill -9 $$")).exit_code, 137);
  EXPECT_EQ(run(request("no-such-command-here")).exit_code, 127);
}

TEST(Command, EnvironmentIsAddedAndReplaced) {
  CommandRequest show = request("printf '%s|%s' \"$PATCHBAY_CHAT\" \"$HOME\"");
  show.environment = {{"PATCHBAY_CHAT", "telegram:dm:5"}, {"HOME", std::string("/x\0y", 4)}};
  EXPECT_EQ(run(show).output, "telegram:dm:5|/x");
}

TEST(Command, ShowsSignsOfLifeWhileItRuns) {
  test::TempFolder temp;
  // It ends when it has seen three signs.
  CommandRequest waits = request("until [ -e '" + (temp / "3") + "' ]; do sleep 0.01; done");
  int signs = 0;
  waits.sign_of_life = [&] { test::write_file(temp / std::to_string(++signs), ""); };
  waits.sign_of_life_every = base::Milliseconds{5};
  EXPECT_EQ(run(waits).exit_code, 0);
  EXPECT_GE(signs, 3);
}

// A command that is asked to stop once it has made the file `ready`.
struct Stopped : ::testing::Test {
  CommandRequest stopped_when_ready(const std::string& command) {
    CommandRequest result = request(command);
    result.environment = {{"READY", temp / "ready"}};
    result.stop_fd = stop.get();
    result.sign_of_life_every = base::Milliseconds{1};
    result.sign_of_life = [this] {
      if (std::filesystem::exists(temp / "ready")) {
        EXPECT_EQ(::eventfd_write(stop.get(), 1), 0);
      }
    };
    return result;
  }
  test::TempFolder temp;
  base::UniqueFd stop{::eventfd(0, EFD_CLOEXEC)};
};

TEST_F(Stopped, ByATermSignalToItsGroup) {
  const CommandResult result = run(stopped_when_ready("sleep 1000 & touch $READY; wait"));
  EXPECT_TRUE(result.stopped);
  EXPECT_EQ(result.exit_code, 143);
}

TEST_F(Stopped, ByAKillWhenItDoesNotListen) {
  CommandRequest deaf = stopped_when_ready("trap '' TERM; touch $READY; sleep 1000");
  deaf.stop_grace = base::Milliseconds{1};
  const CommandResult result = run(deaf);
  EXPECT_TRUE(result.stopped);
  EXPECT_EQ(result.exit_code, 137);
}

TEST_F(Stopped, ButItsLastWordCounts) {
  const CommandResult result = run(stopped_when_ready(
      "trap 'echo bye; exit 0' TERM; touch $READY; while :; do sleep 0.01; done"));
  EXPECT_TRUE(result.stopped);
  EXPECT_EQ(result.exit_code, 0);
  EXPECT_EQ(result.output, "bye\n");
}

TEST(Command, WhatItLeavesBehindIsEnded) {
  test::TempFolder temp;
  const CommandResult result = run(request("sleep 1000 & echo $!"));
  EXPECT_EQ(result.exit_code, 0);
  const pid_t left = std::stoi(result.output);
  // Its new parent reaps it some time after the signal.
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(20);
  bool running = true;
  while (running && std::chrono::steady_clock::now() < deadline) {
    std::ifstream stat("/proc/" + std::to_string(left) + "/stat");
    std::string text;
    running = static_cast<bool>(std::getline(stat, text)) && text.find(") Z") == std::string::npos;
    std::this_thread::yield();
  }
  EXPECT_FALSE(running);
}

}  // namespace
}  // namespace patchbay::agent_kit
