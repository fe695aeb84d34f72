// How little the log says of what strangers can cause any number of times: neither it nor memory
// grows with them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>

#include "base/clock.hpp"

namespace patchbay::routing {

// All functions: [core thread].
class SeldomTold {
 public:
  enum class Say : std::uint8_t { kNothing, kThis, kThatThereAreMore };

  static constexpr base::Milliseconds kQuiet = std::chrono::minutes(10);
  static constexpr std::size_t kNamed = 100;  // lines within kQuiet that say what they are about

  // What to log now about `what`: the first time of each, then once within kQuiet; of what is over
  // kNamed only that there is more.
  [[nodiscard]] Say about(const std::string& what, base::MonotonicTime now);

 private:
  [[nodiscard]] bool has_room(base::MonotonicTime now);

  std::map<std::string, base::MonotonicTime> told_;
  std::optional<base::MonotonicTime> told_of_more_;
};

}  // namespace patchbay::routing
