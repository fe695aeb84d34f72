// A platform that is made up: it answers every request of every adapter. What it says is plausible
// for many platforms and right for none, which an adapter has to bear.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "patchbay/testkit/fake_host.hpp"
#include "random.hpp"

namespace patchbay::validate {

enum class Mood : std::uint8_t {
  kWilling,    // answers 200
  kHanging,    // never answers
  kCapricious  // anything: refusals, cuts, rate limits, nonsense
};

class Platform {
 public:
  Platform(Random& random, Mood mood) : random_(random), mood_(mood) {}

  // Serves the host's requests from now on; it outlives the host, as `random` does.
  void serve(testkit::FakeHost& host);
  void set_mood(Mood mood) { mood_ = mood; }
  // Hosts that it names in its answers: who goes there does as he was told.
  [[nodiscard]] static std::vector<std::string> hosts() { return {"gateway.example.org"}; }
  // Every answer is this one from now on.
  void answer_all(testkit::HttpReply reply);

 private:
  [[nodiscard]] testkit::HttpReply reply(const testkit::RecordedRequest& request);
  [[nodiscard]] testkit::HttpReply capricious_reply();

  Random& random_;
  Mood mood_;
  testkit::HttpReply fixed_;
  bool is_fixed_ = false;
  std::uint64_t answered_ = 0;
};

// Bodies that no platform should send, and some do.
[[nodiscard]] const std::vector<std::string>& bad_bodies();

}  // namespace patchbay::validate
