// What the daemon uses while 500 agents run and nobody says anything.
#include <filesystem>
#include <nlohmann/json.hpp>
#include <unistd.h>

#include "daemon.hpp"
#include "session_folders.hpp"
#include "statistics.hpp"

namespace patchbay::bench {
namespace {

constexpr int kSessions = 500;
constexpr unsigned kSeconds = 20;
constexpr unsigned kSecondsWithout = 10;

std::string config_of(const Place& place) {
  return R"({"instances":{"console":{"channel":"console"}},"agents":{"main":{"command":[")" +
         place.build + R"(/bin/patchbay-bench","idle-agent"],"idle_timeout":"1h"}},)" +
         R"("wirings":[{"chats":"console:*","agent":"main","engage":"always"}],)" +
         R"("limits":{"running_agents":)" + std::to_string(kSessions) + "}}";
}

// One message a session, so that the daemon wakes its agent.
void give_everybody_something(Storage& storage) {
  int written = 0;
  for (int number = 0; number < kSessions; ++number) {
    session::InboundMessage message;
    message.id = "first";
    message.timestamp = storage.loop.wall_now();
    message.address = {"console", chat_of("console", number), ""};
    message.content = R"({"text":"hello"})";
    storage.sessions->write(session_of(number), std::move(message),
                            [&written](const base::Result<session::CommandOutcome>& outcome) {
                              must(outcome.status());
                              ++written;
                            });
  }
  run_until(storage.loop, [&] { return written == kSessions; }, "the messages to be written");
}

void wait_all_run(const Daemon& daemon) {
  daemon.wait_until(
      [](const nlohmann::json& status) { return status["agents"]["running"] == kSessions; },
      "all agents to run");
  daemon.wait_quiet();
}

// Percent of a core.
double used(const Daemon& daemon, unsigned seconds) {
  const auto begin = Clock::now();
  const double before = daemon.cpu_seconds();
  ::sleep(seconds);
  return 100 * (daemon.cpu_seconds() - before) / seconds_since(begin);
}

}  // namespace

std::vector<Figure> idle_sessions(const Place& place) {
  Daemon nobody(place, place.folder + "/nobody", config_of(place));
  nobody.start();
  nobody.wait_quiet();
  const double without = used(nobody, kSecondsWithout);
  const Memory alone = nobody.memory();
  nobody.stop();

  const std::string data = place.folder + "/idle";
  std::filesystem::create_directories(data);
  {
    Storage storage(data);
    storage.sessions->on_work([](const session::SessionAddress&, const session::SessionWork&) {});
    storage.make_sessions("console", kSessions);
    give_everybody_something(storage);
  }
  Daemon daemon(place, data, config_of(place));
  daemon.start();
  wait_all_run(daemon);
  const double with = used(daemon, kSeconds);
  const Memory memory = daemon.memory();
  daemon.stop();
  return {{"500 idle agents: processor of the host, 20 s",
           "% of a core",
           with,
           "no agents",
           without,
           {at_most(1)}},
          {"500 idle agents: VmRSS of the host",
           "MB",
           memory.resident_mb,
           "no agents",
           alone.resident_mb,
           {}}};
}

}  // namespace patchbay::bench
