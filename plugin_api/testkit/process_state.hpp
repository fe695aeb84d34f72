// What belongs to the whole process, and so to no adapter: compared before and after each call.
#pragma once

#include <array>
#include <set>
#include <string>
#include <string_view>
#include <sys/types.h>
#include <vector>

namespace patchbay::testkit {

class ProcessState {
 public:
  [[nodiscard]] static ProcessState now();

  // What is different in `later`, in words: "the umask is 0777, it was 0022".
  [[nodiscard]] std::vector<std::string> changes(const ProcessState& later) const;

 private:
  static constexpr int kSignals = 65;

  std::array<const void*, kSignals> handlers_{};
  std::string locale_;
  std::string folder_;
  std::string environment_;
  mode_t umask_ = 0;
};

// The descriptors that are open now.
[[nodiscard]] std::set<int> open_descriptors();
// What a descriptor is, for a message: "/etc/passwd", "socket:[123]".
[[nodiscard]] std::string describe_descriptor(int descriptor);

}  // namespace patchbay::testkit
