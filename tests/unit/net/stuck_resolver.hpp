// A name whose resolution takes as long as a test wants: in this executable getaddrinfo() is ours.
#pragma once

#include <string_view>

namespace patchbay::net {

inline constexpr std::string_view kStuckName = "stuck.invalid";

// While it lives, resolving kStuckName does not return. The destructor lets it fail, and waits for
// the thread that asked to have gone on.
class StuckResolver {
 public:
  StuckResolver();
  ~StuckResolver();
  StuckResolver(const StuckResolver&) = delete;
  StuckResolver& operator=(const StuckResolver&) = delete;

  [[nodiscard]] bool is_asked() const;
};

}  // namespace patchbay::net
