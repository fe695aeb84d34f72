// What it costs to run an adapter in a process of its own, and what the neighbours of one notice
// that does harm there.
#include <algorithm>
#include <array>
#include <filesystem>
#include <string_view>

#include "daemon.hpp"
#include "session_folders.hpp"
#include "statistics.hpp"
#include "store/repositories.hpp"
#include "terminal.hpp"

namespace patchbay::bench {
namespace {

constexpr int kMessages = 300;
constexpr int kMessagesBesideHarm = 1'000;  // as long as some of the restarts take

// Switches of the misbehaving sample: one that is started again and again, one that is given up
// after five seconds each time, one that asks the host for something without rest.
constexpr std::array<std::string_view, 3> kHarms{"crash", "hang", "never_rest"};

std::string name_of(std::string_view harm) {
  std::string name = "bad-" + std::string(harm);
  std::replace(name.begin(), name.end(), '_', '-');
  return name;
}

std::string config_of(const Place& place, const std::string& instances) {
  return R"({"instances":{)" + instances + R"(},"agents":{"main":{"command":[")" + place.build +
         R"(/bin/patchbay-agent","--echo"]}},)" +
         R"("wirings":[{"chats":"console:*","agent":"main","engage":"always"}]})";
}

std::string console_in(const std::string& isolation) {
  return R"("console":{"channel":"console","isolation":")" + isolation + R"("})";
}

std::string harmful_instances() {
  std::string instances;
  for (const std::string_view harm : kHarms) {
    instances += ",\"" + name_of(harm) + R"(":{"channel":"misbehaving","isolation":"process",)" +
                 R"("settings":{"misbehave":")" + std::string(harm) + R"("}})";
  }
  return instances;
}

// What each harmful instance finds to deliver, so that it is called.
void plant_deliveries(const std::string& data) {
  std::filesystem::create_directories(data);
  Storage storage(data);
  must(storage.database->run([&](store::Repositories& stored) -> base::Status {
    for (const std::string_view harm : kHarms) {
      store::DeliveryRecord text;
      text.message_out_id = name_of(harm);
      text.lane = {base::InstanceName(name_of(harm)), base::ChatKey(chat_of("misbehaving", 0)),
                   base::ThreadId()};
      text.kind = "chat";
      text.content = R"({"text":"hello"})";
      text.accepted_at = storage.loop.wall_now();
      PATCHBAY_TRY(stored.ledger.accept(text).status());
    }
    return {};
  }));
}

struct Conversation {
  std::vector<double> in;   // ms: sent by the person → durable
  std::vector<double> out;  // ms: durable → the agent's answer is at the person's
  Memory host;
  Memory runner;
};

// One message at a time, each answered before the next.
Conversation talk(Daemon& daemon, int messages) {
  Terminal terminal(daemon.data() + "/run/console.sock");
  Conversation result;
  for (int number = 0; number < messages; ++number) {
    const auto begin = Clock::now();
    terminal.send_text("hello");
    result.in.push_back(milliseconds_since(begin));
    const auto stored = Clock::now();
    const auto answer = terminal.wait_for_answer();
    result.out.push_back(milliseconds_since(stored));
    terminal.acknowledge(answer);
  }
  return result;
}

Conversation talk_in(const Place& place, const std::string& isolation) {
  Daemon daemon(place, place.folder + "/" + isolation, config_of(place, console_in(isolation)));
  daemon.start();
  daemon.wait_quiet();  // the console listens
  Conversation result = talk(daemon, kMessages);
  daemon.wait_quiet();
  result.host = daemon.memory();
  result.runner = daemon.memory_of_child("patchbay-adapte");
  daemon.stop();
  return result;
}

nlohmann::json facts_of(const std::string& instance, const nlohmann::json& status) {
  for (const nlohmann::json& facts : status["instances"]) {
    if (facts["name"] == instance) {
      return facts;
    }
  }
  throw std::runtime_error("the host has no instance " + instance);
}

// The console in the daemon, alone or beside the harmful ones.
Conversation talk_beside(const Place& place, bool harm) {
  const std::string data = place.folder + (harm ? "/beside-harm" : "/alone");
  plant_deliveries(data);
  Daemon daemon(place, data,
                config_of(place, console_in("daemon") + (harm ? harmful_instances() : "")),
                place.build + "/test-plugins");
  daemon.start();
  daemon.wait_until(
      [](const nlohmann::json& status) { return facts_of("console", status)["state"] == "online"; },
      "the console to listen");
  Conversation result = talk(daemon, kMessagesBesideHarm);
  if (harm) {
    // Otherwise nothing was measured.
    daemon.wait_until(
        [](const nlohmann::json& status) {
          return facts_of(name_of("crash"), status)["restarts"] > 1 &&
                 facts_of(name_of("hang"), status)["restarts"] > 0 &&
                 facts_of(name_of("never_rest"), status)["state"] == "online";
        },
        "the harmful ones to do harm");
  }
  daemon.stop();
  return result;
}

}  // namespace

std::vector<Figure> isolation(const Place& place) {
  const Conversation daemon = talk_in(place, "daemon");
  const Conversation process = talk_in(place, "process");
  const Conversation alone = talk_beside(place, false);
  const Conversation beside = talk_beside(place, true);
  return {{"isolated adapter: message in, sent → durable, p50",
           "ms",
           percentile(process.in, 0.5),
           "in the daemon",
           percentile(daemon.in, 0.5),
           {}},
          {"isolated adapter: answer out, durable → at the person's, p50",
           "ms",
           percentile(process.out, 0.5),
           "in the daemon",
           percentile(daemon.out, 0.5),
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
           {}},
          {"beside three harmful adapters: message in, p50",
           "ms",
           percentile(beside.in, 0.5),
           "without them",
           percentile(alone.in, 0.5),
           {}},
          {"beside three harmful adapters: message in, p99",
           "ms",
           percentile(beside.in, 0.99),
           "without them",
           percentile(alone.in, 0.99),
           {}},
          {"beside three harmful adapters: answer out, p50",
           "ms",
           percentile(beside.out, 0.5),
           "without them",
           percentile(alone.out, 0.5),
           {}},
          {"beside three harmful adapters: answer out, p99",
           "ms",
           percentile(beside.out, 0.99),
           "without them",
           percentile(alone.out, 0.99),
           {}}};
}

}  // namespace patchbay::bench
