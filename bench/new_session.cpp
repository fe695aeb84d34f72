// How long until a new session can take its first message.
#include <filesystem>

#include "measure.hpp"
#include "plain_sqlite.hpp"
#include "session_folders.hpp"
#include "statistics.hpp"

namespace patchbay::bench {
namespace {

constexpr int kSessions = 200;
constexpr int kPlainSessions = 20;

double plain_session(const std::string& folder, int number) {
  const auto begin = Clock::now();
  const std::string path = folder + "/plain-" + std::to_string(number);
  std::filesystem::create_directory(path);
  make_inbound_tables(path + "/inbound.db");
  make_outbound_tables(path + "/outbound.db");
  return milliseconds_since(begin);
}

}  // namespace

std::vector<Figure> new_session(const Place& place) {
  std::vector<double> plain;
  for (int number = 0; number < kPlainSessions; ++number) {
    plain.push_back(plain_session(place.folder, number));
  }
  Storage storage(place.folder);
  std::vector<double> ours;
  for (int number = 0; number < kSessions; ++number) {
    const auto begin = Clock::now();
    bool made = false;
    storage.sessions->create(session_of(number), [&](const base::Result<bool>& created) {
      made = must(created);
      ours.push_back(milliseconds_since(begin));
    });
    run_until(storage.loop, [&] { return made; }, "a session");
  }
  return {{"new session, p50",
           "ms",
           percentile(ours, 0.5),
           "folder and two databases by DDL",
           percentile(plain, 0.5),
           {at_most(3)}}};
}

}  // namespace patchbay::bench
