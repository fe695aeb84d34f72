// What it costs to run an adapter in a process of its own.
#include "daemon.hpp"
#include "statistics.hpp"
#include "terminal.hpp"

namespace patchbay::bench {
namespace {

constexpr int kMessages = 300;

std::string config_of(const Place& place, const std::string& isolation) {
  return R"({"instances":{"console":{"channel":"console","isolation":")" + isolation +
         R"("}},"agents":{"main":{"command":[")" + place.build +
         R"(/bin/patchbay-agent","--echo"]}},)" +
         R"("wirings":[{"chats":"console:*","agent":"main","engage":"always"}]})";
}

struct Conversation {
  double in = 0;   // ms, p50: sent by the person → durable
  double out = 0;  // ms, p50: durable → the agent's answer is at the person's
  Memory host;
  Memory runner;
};

// One message at a time, each answered before the next.
Conversation talk(const Place& place, const std::string& isolation) {
  Daemon daemon(place, place.folder + "/" + isolation, config_of(place, isolation));
  daemon.start();
  daemon.wait_quiet();  // the console listens
  Terminal terminal(daemon.data() + "/run/console.sock");
  std::vector<double> in;
  std::vector<double> out;
  for (int number = 0; number < kMessages; ++number) {
    const auto begin = Clock::now();
    terminal.send_text("hello");
    in.push_back(milliseconds_since(begin));
    const auto stored = Clock::now();
    const auto answer = terminal.wait_for_answer();
    out.push_back(milliseconds_since(stored));
    terminal.acknowledge(answer);
  }
  daemon.wait_quiet();
  Conversation result{percentile(in, 0.5), percentile(out, 0.5), daemon.memory(),
                      daemon.memory_of_child("patchbay-adapte")};
  daemon.stop();
  return result;
}

}  // namespace

std::vector<Figure> isolation(const Place& place) {
  const Conversation daemon = talk(place, "daemon");
  const Conversation process = talk(place, "process");
  return {{"isolated adapter: message in, sent → durable, p50",
           "ms",
           process.in,
           "in the daemon",
           daemon.in,
           {}},
          {"isolated adapter: answer out, durable → at the person's, p50",
           "ms",
           process.out,
           "in the daemon",
           daemon.out,
           {}},
          {"isolated adapter: VmRSS of its process",
           "MB",
           process.runner.resident_mb,
           "VmRSS of the host",
           process.host.resident_mb,
           {}},
          {"isolated adapter: RssAnon of its process",
           "MB",
           process.runner.anonymous_mb,
           "RssAnon of the host",
           process.host.anonymous_mb,
           {}}};
}

}  // namespace patchbay::bench
