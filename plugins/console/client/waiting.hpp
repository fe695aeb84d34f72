// Waiting for the user, the host and the next thing that is due, and for the wish to leave.
#pragma once

#include <signal.h>

#include "console/client/chat_session.hpp"

namespace patchbay::console {

// While it lives, SIGINT, SIGTERM and SIGHUP come only in wait(), and mean: leave, but say what was
// not sent. One at a time.
class Waiting {
 public:
  Waiting();
  ~Waiting();
  Waiting(const Waiting&) = delete;
  Waiting& operator=(const Waiting&) = delete;

  // Until there is input (true; `input` -1: none is waited for), or the session had something to do
  // and did it, or `longest` has passed.
  [[nodiscard]] bool wait(ChatSession& session, int input, milliseconds longest) const;
  // A signal came: nobody waits for anything any more.
  [[nodiscard]] static bool leaves();

 private:
  sigset_t before_{};
};

// The last chance of what was said: waits while the host takes it. Returns the exit code, after
// having told on standard error what the host did not acknowledge and why the session ended.
[[nodiscard]] int leave(const Waiting& waiting, ChatSession& session);

}  // namespace patchbay::console
