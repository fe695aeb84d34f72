// How long the daemon takes to serve, and what it holds, with 10,000 sessions on disk.
#include <algorithm>
#include <filesystem>

#include "daemon.hpp"
#include "session_folders.hpp"
#include "statistics.hpp"

namespace patchbay::bench {
namespace {

constexpr int kSessions = 10'000;
constexpr int kStarts = 7;

// An account on each adapter, since a library is opened when one needs it; Telegram's finds nobody
// at its address and tries again now and then.
std::string config_of(const Place& place) {
  return R"({"instances":{"console":{"channel":"console"},"telegram":{"channel":"telegram",)"
         R"("settings":{"bot_token":"123456:nobody-takes-this","api_base":"http://127.0.0.1:1"}}},)"
         R"("agents":{"main":{"command":[")" +
         place.build + R"(/bin/patchbay-agent","--echo"]}},)" +
         R"("wirings":[{"chats":"console:*","agent":"main","engage":"always"}]})";
}

struct Started {
  double best_ms = 0;
  double median_ms = 0;
  Memory memory;  // of the last one, when it was quiet
};

// The first start, which looks at each adapter in a process of its own, does not count.
Started started(const Place& place, const std::string& data) {
  Daemon daemon(place, data, config_of(place));
  daemon.start();
  daemon.wait_quiet();
  daemon.stop();
  std::vector<double> took;
  Started result;
  for (int number = 0; number < kStarts; ++number) {
    took.push_back(daemon.start());
    if (number == kStarts - 1) {
      daemon.wait_quiet();
      result.memory = daemon.memory();
    }
    daemon.stop();
  }
  result.best_ms = *std::min_element(took.begin(), took.end());
  result.median_ms = percentile(took, 0.5);
  return result;
}

}  // namespace

std::vector<Figure> start_up(const Place& place) {
  const Started empty = started(place, place.folder + "/empty");
  const std::string data = place.folder + "/full";
  std::filesystem::create_directories(data);
  {
    Storage storage(data);
    storage.make_sessions("console", kSessions);
  }
  const Started full = started(place, data);
  std::vector<double> plain;
  for (int number = 0; number < kStarts; ++number) {
    plain.push_back(run_to_end({place.build + "/bin/patchbay", "--version"}));
  }
  const std::string nothing = "no sessions";
  return {
      {"start with 10,000 sessions, best of 7",
       "ms",
       full.best_ms,
       "patchbay --version",
       *std::min_element(plain.begin(), plain.end()),
       {at_most(150)}},
      {"start with 10,000 sessions, median of 7",
       "ms",
       full.median_ms,
       nothing,
       empty.median_ms,
       {}},
      {"VmRSS with 10,000 sessions, at rest",
       "MB",
       full.memory.resident_mb,
       nothing,
       empty.memory.resident_mb,
       {at_most(24)}},
      {"RssAnon with 10,000 sessions, at rest",
       "MB",
       full.memory.anonymous_mb,
       nothing,
       empty.memory.anonymous_mb,
       {at_most(12)}},
      {"VmHWM with 10,000 sessions", "MB", full.memory.peak_mb, nothing, empty.memory.peak_mb, {}}};
}

}  // namespace patchbay::bench
