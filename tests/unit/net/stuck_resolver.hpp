// A name whose resolution takes as long as a test wants: in this executable getaddrinfo() is ours.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace patchbay::net {

inline constexpr std::string_view kStuckName = "stuck.invalid";
inline constexpr std::string_view kScriptedName = "scripted.invalid";

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

// While it lives, kScriptedName resolves to the IPv4 addresses of `answers`, the next list at each
// question and the last one from then on.
class ScriptedName {
 public:
  explicit ScriptedName(std::vector<std::vector<std::string>> answers);
  ~ScriptedName();
  ScriptedName(const ScriptedName&) = delete;
  ScriptedName& operator=(const ScriptedName&) = delete;

  [[nodiscard]] int questions() const;
};

}  // namespace patchbay::net
