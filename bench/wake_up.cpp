// From the end of an agent's commit to the call of the adapter.
#include <array>
#include <fcntl.h>
#include <filesystem>
#include <poll.h>
#include <sys/inotify.h>
#include <unistd.h>

#include "agent_process.hpp"
#include "delivery_rig.hpp"
#include "measure.hpp"
#include "plain_sqlite.hpp"

namespace patchbay::bench {
namespace {

constexpr int kMessages = 1000;
constexpr int kPlainMessages = 300;
// Between two messages, so that each finds the host idle.
constexpr base::Milliseconds kPause{4};

// The least that it could be: inotify, then a plain SQLite look, and nothing is made of the row.
double plain_wake_up(const std::string& folder) {
  std::filesystem::create_directories(folder + "/outbox");
  AgentProcess agent({folder}, kRigInstance);
  make_inbound_tables(folder + "/inbound.db");
  make_outbound_tables(folder + "/outbound.db");
  const base::UniqueFd watch(::inotify_init1(IN_CLOEXEC));
  if (::inotify_add_watch(watch.get(), folder.c_str(), IN_CLOSE_WRITE | IN_DELETE) < 0) {
    throw std::runtime_error("cannot watch " + folder);
  }
  std::vector<double> took;
  for (int number = 1; number <= kPlainMessages; ++number) {
    agent.write(0);
    std::array<char, 4096> events{};
    Clock::time_point seen;
    do {
      pollfd readable{watch.get(), POLLIN, 0};
      if (::poll(&readable, 1, 10'000) != 1 ||
          ::read(watch.get(), events.data(), events.size()) <= 0) {
        throw std::runtime_error("inotify says nothing");
      }
      PlainDatabase database(folder + "/outbound.db");
      const bool there = database.number("SELECT count(*) FROM messages_out") >= number;
      seen = there ? Clock::now() : Clock::time_point();
    } while (seen == Clock::time_point());
    took.push_back(std::chrono::duration<double, std::milli>(seen - agent.committed()).count());
    ::usleep(std::chrono::microseconds(kPause).count());
  }
  return percentile(took, 0.5);
}

// What the disk itself takes to make a page durable: a message waits for that once before its
// adapter is called, so that its slowest cannot be faster than the disk's slowest.
double plain_page(const std::string& folder) {
  const base::UniqueFd file(
      ::open((folder + "/page").c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600));
  const std::string page(4096, 'x');
  std::vector<double> took;
  for (int number = 0; number < kMessages; ++number) {
    const auto begin = Clock::now();
    if (::write(file.get(), page.data(), page.size()) != static_cast<ssize_t>(page.size()) ||
        ::fdatasync(file.get()) != 0) {
      throw std::runtime_error("cannot write to " + folder);
    }
    took.push_back(milliseconds_since(begin));
    ::usleep(std::chrono::microseconds(kPause).count());
  }
  return percentile(took, 0.99);
}

}  // namespace

std::vector<Figure> wake_up(const Place& place) {
  const std::string data = place.folder + "/data";
  const double plain = plain_wake_up(place.folder + "/s0");
  std::filesystem::create_directories(data);
  AgentProcess agent({data + "/sessions/main/s0"}, kRigInstance);
  Storage storage(data);
  storage.make_sessions(kRigInstance, 1);
  DeliveryRig rig(storage);
  rig.agent_started(session_of(0));
  std::vector<double> took;
  for (std::size_t number = 1; number <= kMessages; ++number) {
    rig.pass(kPause);
    agent.write(0);
    rig.wait_delivered(number);
    took.push_back(
        std::chrono::duration<double, std::milli>(rig.last_called() - agent.committed()).count());
  }
  return {{"agent's commit → adapter called, p50",
           "ms",
           percentile(took, 0.5),
           "inotify, one plain SELECT, p50",
           plain,
           {at_most(1.5)}},
          {"agent's commit → adapter called, p99",
           "ms",
           percentile(took, 0.99),
           "one page and fdatasync, p99",
           plain_page(place.folder),
           {at_most(8)}}};
}

}  // namespace patchbay::bench
