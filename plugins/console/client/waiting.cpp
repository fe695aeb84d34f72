#include "console/client/waiting.hpp"

#include <array>
#include <cstdio>
#include <poll.h>

namespace patchbay::console {
namespace {

constexpr std::array<int, 3> kLeaveSignals{SIGINT, SIGTERM, SIGHUP};
constexpr std::chrono::seconds kWithoutProgress{2};

volatile sig_atomic_t leaves_now = 0;

void note_signal(int /*signal*/) { leaves_now = 1; }

timespec timespec_of(milliseconds time) {
  timespec result{};
  result.tv_sec = time.count() / 1000;
  result.tv_nsec = (time.count() % 1000) * 1'000'000;
  return result;
}

}  // namespace

Waiting::Waiting() {
  sigset_t signals;
  ::sigemptyset(&signals);
  for (const int signal : kLeaveSignals) {
    struct sigaction action{};
    action.sa_handler = note_signal;
    ::sigaction(signal, &action, nullptr);
    ::sigaddset(&signals, signal);
  }
  ::sigprocmask(SIG_BLOCK, &signals, &before_);
}

Waiting::~Waiting() {
  for (const int signal : kLeaveSignals) {
    ::signal(signal, SIG_DFL);
  }
  ::sigprocmask(SIG_SETMASK, &before_, nullptr);
}

bool Waiting::leaves() { return leaves_now != 0; }

bool Waiting::wait(ChatSession& session, int input, milliseconds longest) const {
  const short events = session.has_unwritten() ? POLLIN | POLLOUT : POLLIN;
  std::array<pollfd, 2> descriptors{{{input, POLLIN, 0}, {session.fd(), events, 0}}};
  const timespec timeout = timespec_of(session.pause_left(longest));
  const int ready = ::ppoll(descriptors.data(), descriptors.size(), &timeout, &before_);
  session.serve();
  return ready > 0 && input >= 0 && descriptors[0].revents != 0;
}

int leave(const Waiting& waiting, ChatSession& session) {
  auto deadline = Clock::now() + kWithoutProgress;
  auto progress = session.progress();
  // Also while the host has not greeted yet: it takes what was said right after that.
  while (session.unsent() != 0 && session.fd() >= 0 && !Waiting::leaves()) {
    const auto left = std::chrono::ceil<milliseconds>(deadline - Clock::now());
    if (left.count() <= 0) {
      break;
    }
    static_cast<void>(waiting.wait(session, -1, left));
    if (session.progress() != progress) {
      progress = session.progress();
      deadline = Clock::now() + kWithoutProgress;
    }
  }
  if (!session.ended().empty()) {
    std::fprintf(stderr, "patchbay: %s\n", session.ended().c_str());
  }
  if (session.unsent() != 0) {
    std::fprintf(stderr,
                 "patchbay: %zu of your messages were not acknowledged by the host and are lost "
                 "unless it has them; say them again when it runs\n",
                 session.unsent());
  }
  return session.ended().empty() && session.unsent() == 0 ? kChatDone : kChatFailed;
}

}  // namespace patchbay::console
