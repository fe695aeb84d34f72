#include "agent_process.hpp"

#include <array>
#include <cstdlib>
#include <fcntl.h>
#include <map>
#include <memory>
#include <stdexcept>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "agent_kit/agent_session.hpp"
#include "base/random.hpp"
#include "measure.hpp"

namespace patchbay::bench {
namespace {

std::unique_ptr<agent_kit::AgentSession> open_session(const std::string& folder,
                                                      const base::Clock& clock) {
  return must(agent_kit::AgentSession::open(folder, clock));
}

// The folder's name is s<number>, and so is its chat's.
agent_kit::Address address_of(const std::string& folder, const std::string& instance) {
  const std::string number = folder.substr(folder.rfind("/s") + 2);
  return {instance, instance + ":group:" + number, ""};
}

void serve(int orders, int answers, const std::vector<std::string>& folders,
           const std::string& instance) {
  const base::SystemClock clock;
  base::Random random(base::system_seed());
  std::map<std::uint8_t, std::unique_ptr<agent_kit::AgentSession>> sessions;
  for (std::uint8_t index = 0; ::read(orders, &index, 1) == 1;) {
    auto& session = sessions[index];
    if (!session) {
      session = open_session(folders[index], clock);
    }
    agent_kit::OutboundRow row;
    row.id = random.token(20);
    row.address = address_of(folders[index], instance);
    row.content = R"({"text":"an answer of the usual length, which is a line or two of text"})";
    must(session->send(row));
    const auto now = Clock::now().time_since_epoch().count();
    if (::write(answers, &now, sizeof now) != sizeof now) {
      return;
    }
  }
}

}  // namespace

AgentProcess::AgentProcess(std::vector<std::string> folders, std::string instance) {
  std::array<int, 2> orders{};
  std::array<int, 2> answers{};
  if (::pipe2(orders.data(), O_CLOEXEC) != 0 || ::pipe2(answers.data(), O_CLOEXEC) != 0) {
    throw std::runtime_error("no pipe for the agent");
  }
  pid_ = ::fork();
  if (pid_ == 0) {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    ::close(orders[1]);
    ::close(answers[0]);
    try {
      serve(orders[0], answers[1], folders, instance);
    } catch (const std::exception& error) {
      std::fprintf(stderr, "patchbay-bench agent: %s\n", error.what());
    }
    ::_exit(0);
  }
  ::close(orders[0]);
  ::close(answers[1]);
  orders_ = base::UniqueFd(orders[1]);
  answers_ = base::UniqueFd(answers[0]);
}

AgentProcess::~AgentProcess() {
  orders_.reset();
  ::waitpid(pid_, nullptr, 0);
}

void AgentProcess::write(std::uint8_t index) {
  if (::write(orders_.get(), &index, 1) != 1) {
    throw std::runtime_error("the agent is gone");
  }
}

Clock::time_point AgentProcess::committed() {
  Clock::rep ticks = 0;
  if (::read(answers_.get(), &ticks, sizeof ticks) != sizeof ticks) {
    throw std::runtime_error("the agent is gone");
  }
  return Clock::time_point(Clock::duration(ticks));
}

int run_idle_agent() {
  const char* folder = std::getenv("PATCHBAY_SESSION_DIR");
  if (folder == nullptr) {
    return 1;
  }
  {
    const base::SystemClock clock;
    const auto session = open_session(folder, clock);
    const agent_kit::DueRows due = must(session->due());
    must(session->finish(due.rows, agent_kit::Acknowledgement::kCompleted, {}));
  }
  ::execl("/bin/sleep", "sleep", "600", nullptr);
  return 1;
}

}  // namespace patchbay::bench
