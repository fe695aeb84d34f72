// What the process of one check tells the process that started it: lines of JSON through a pipe,
// and where it is, in memory that both see, so that a crash can be placed.
#pragma once

#include <atomic>
#include <cstdint>
#include <string>
#include <string_view>

#include "patchbay/testkit/rules.hpp"

namespace patchbay::validate {

struct Progress {
  std::atomic<std::int64_t> call_began_ms;  // 0: no call of the adapter is under way
  char entry[64];                           // of the call
  char step[256];                           // of the check
};

class Reporter {
 public:
  // Both outlive it.
  Reporter(int pipe, Progress& progress) : pipe_(pipe), progress_(progress) {}

  void breach(const testkit::Breach& breach);
  void breach(testkit::Rule rule, std::string what) { breach({rule, std::move(what)}); }
  // The check cannot be done: not the adapter's fault.
  void skip(std::string_view why);
  // What the check could not see, which is no finding.
  void note(std::string_view what);
  void done();

  // What the check is doing; a part of each breach that follows.
  void step(std::string_view what);
  // A call of the adapter begins, or ended ("").
  void call(std::string_view entry);

  // From a handler: the last thing that this process says.
  void last_words(testkit::Rule rule, std::string_view what) noexcept;

 private:
  void write(const std::string& line);

  int pipe_;
  Progress& progress_;
};

}  // namespace patchbay::validate
