// Which of what comes answers what was said here, as far as that can be told.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace patchbay::console {

class Answers {
 public:
  Answers();

  // For the next message that is said; unique among all terminals and restarts.
  [[nodiscard]] std::string next_id();
  // The host has this message, or may have it.
  void host_has(std::string_view id);
  // Something was shown. The host says which message it answers (`reply_to`) only where the chat
  // has gone on since: without that it answers the newest, or what was said before all of ours.
  void shown(std::string_view reply_to);

  [[nodiscard]] int count() const { return count_; }
  // The newest message that the host has.
  [[nodiscard]] bool newest_is_answered() const { return newest_ != 0 && answered_ >= newest_; }

 private:
  // From 1, in the order in which they were said; nothing: somebody else said it.
  [[nodiscard]] std::optional<std::uint64_t> number_of(std::string_view id) const;

  std::string prefix_;
  std::uint64_t said_ = 0;
  std::uint64_t newest_ = 0;
  std::uint64_t answered_ = 0;  // the newest of those that were
  int count_ = 0;
};

}  // namespace patchbay::console
