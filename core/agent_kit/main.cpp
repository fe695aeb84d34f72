// patchbay-agent: makes an agent of a shell command, or of nothing at all (--echo).
#include <csignal>
#include <cstdlib>
#include <cxxopts.hpp>
#include <iostream>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "agent_kit/agent_loop.hpp"
#include "base/clock.hpp"
#include "base/json.hpp"
#include "base/text_file.hpp"
#include "base/unique_fd.hpp"

namespace {

using namespace patchbay;  // NOLINT(google-build-using-namespace): this file is the program

constexpr int kFailed = 1;
constexpr int kWrongUsage = 2;

std::string variable_or(const char* name, const std::string& otherwise) {
  const char* value = std::getenv(name);
  return value == nullptr || *value == '\0' ? otherwise : std::string(value);
}

// maxMessagesPerPrompt of the container.json that the host writes; the usual number without one.
int messages_per_prompt(const std::string& session_folder) {
  const std::string path =
      variable_or("PATCHBAY_AGENT_DIR", session_folder + "/agent") + "/container.json";
  const auto text = base::read_text_file(path);
  const auto parsed = base::parse_json(text.ok() ? *text : std::string());
  if (!parsed.ok() || !parsed->is_object()) {
    return limits::kMessagesPerPrompt;
  }
  const auto number = parsed->find("maxMessagesPerPrompt");
  if (number == parsed->end() || !number->is_number_integer()) {
    return limits::kMessagesPerPrompt;
  }
  return static_cast<int>(std::clamp<std::int64_t>(number->get<std::int64_t>(), 1, 1000));
}

// Readable once SIGTERM or SIGINT has come, and for ever after.
base::UniqueFd stop_signals() {
  sigset_t signals;
  ::sigemptyset(&signals);
  ::sigaddset(&signals, SIGTERM);
  ::sigaddset(&signals, SIGINT);
  ::sigprocmask(SIG_BLOCK, &signals, nullptr);
  return base::UniqueFd(::signalfd(-1, &signals, SFD_NONBLOCK | SFD_CLOEXEC));
}

// The host makes its agents subreapers: what a command leaves running loses its parent to us.
class ReapingCommandTaker final : public agent_kit::TurnTaker {
 public:
  ReapingCommandTaker(const std::string& command, int stop_fd) : taker_(command, stop_fd) {}
  agent_kit::TurnResult take(agent_kit::AgentSession& session,
                             const agent_kit::Turn& turn) override {
    agent_kit::TurnResult result = taker_.take(session, turn);
    while (::waitpid(-1, nullptr, WNOHANG) > 0) {
    }
    return result;
  }

 private:
  agent_kit::CommandTaker taker_;
};

int fail(const base::Status& status) {
  std::cerr << "patchbay-agent: " << status.message() << "\n";
  return kFailed;
}

int run(const std::string& folder, bool echo, const std::string& command) {
  // A command that does not read its input must not end the agent.
  std::signal(SIGPIPE, SIG_IGN);
  const base::UniqueFd stop = stop_signals();
  const base::SystemClock clock;
  auto watch = agent_kit::InboundWatch::open(folder);
  if (!watch.ok()) {
    return fail(watch.status().with_context("no session folder (see --session)"));
  }
  auto session = agent_kit::AgentSession::open(
      folder, clock, {.max_messages_per_prompt = messages_per_prompt(folder)});
  if (!session.ok()) {
    return fail(session.status());
  }
  std::unique_ptr<agent_kit::TurnTaker> taker;
  if (echo) {
    taker = std::make_unique<agent_kit::EchoTaker>();
  } else {
    taker = std::make_unique<ReapingCommandTaker>(command, stop.get());
  }
  const base::Status ended = agent_kit::run_agent(**session, *watch, *taker, clock, stop.get());
  return ended.ok() ? 0 : fail(ended);
}

}  // namespace

int main(int argc, char** argv) {
  cxxopts::Options options("patchbay-agent", "An agent for a Patchbay session folder.");
  options.add_options()("echo", "answer text with that text and each file with that file")(
      "exec", "run this shell command a turn: messages in, answer out",
      cxxopts::value<std::string>(),
      "CMD")("session", "the session folder; default $PATCHBAY_SESSION_DIR, else /workspace",
             cxxopts::value<std::string>(), "DIR")("h,help", "say this");
  try {
    const cxxopts::ParseResult given = options.parse(argc, argv);
    if (given.count("help") != 0) {
      std::cout << options.help();
      return 0;
    }
    const bool echo = given.count("echo") != 0;
    if (echo == (given.count("exec") != 0) || !given.unmatched().empty()) {
      std::cerr << "patchbay-agent: give either --echo or --exec CMD (see --help)\n";
      return kWrongUsage;
    }
    const std::string folder = given.count("session") != 0
                                   ? given["session"].as<std::string>()
                                   : variable_or("PATCHBAY_SESSION_DIR", "/workspace");
    return run(folder, echo, echo ? std::string() : given["exec"].as<std::string>());
  } catch (const cxxopts::exceptions::exception& error) {
    std::cerr << "patchbay-agent: " << error.what() << " (see --help)\n";
    return kWrongUsage;
  }
}
