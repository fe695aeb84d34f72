// What one terminal has still to read: a bounded queue before the host's own.
#pragma once

#include <cstdint>
#include <deque>
#include <string>
#include <string_view>

#include <patchbay/sdk/listener.hpp>

namespace patchbay::console {

inline constexpr std::size_t kOutboxBytes = 16 * 1024 * 1024;

class Outbox {
 public:
  Outbox(const sdk::Listener& listener, std::uint64_t connection)
      : listener_(listener), connection_(connection) {}

  // False: the terminal has gone, or reads so slowly that nothing more is kept for it.
  [[nodiscard]] bool send(std::string_view line, std::string_view body);
  // There is room again.
  void flush();

 private:
  const sdk::Listener& listener_;
  std::uint64_t connection_;
  std::deque<std::string> pieces_;  // each one fits into the host's queue
  std::size_t bytes_ = 0;
};

}  // namespace patchbay::console
