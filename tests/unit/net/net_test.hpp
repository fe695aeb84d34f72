// What the tests of core/net share: the core loop, and waiting for a condition with a deadline.
#pragma once

#include <boost/asio/io_context.hpp>
#include <chrono>
#include <filesystem>
#include <gtest/gtest.h>
#include <signal.h>
#include <utility>

#include "base/event_loop.hpp"

namespace patchbay::net {

inline constexpr std::chrono::seconds kTestPatience{20};

class NetTest : public ::testing::Test {
 protected:
  NetTest() { ::signal(SIGPIPE, SIG_IGN); }

  // Runs the loop on this thread until `condition` holds; false if it does not come to hold.
  template <class Condition>
  [[nodiscard]] bool run_until(Condition condition) {
    const auto deadline = std::chrono::steady_clock::now() + kTestPatience;
    while (!condition()) {
      if (std::chrono::steady_clock::now() > deadline) {
        return false;
      }
      loop_.context().restart();
      loop_.context().run_one_for(std::chrono::milliseconds(20));
    }
    return true;
  }

  // Everything that is ready, and what that makes ready.
  void run_ready() {
    loop_.context().restart();
    loop_.context().poll();
  }

  base::EventLoop loop_;
};

inline std::size_t open_descriptors() {
  return static_cast<std::size_t>(
      std::distance(std::filesystem::directory_iterator("/proc/self/fd"), {}));
}

}  // namespace patchbay::net
