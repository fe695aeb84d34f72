// The adapter that is checked, loaded into this process, and what a check does with it.
#pragma once

#include <chrono>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "options.hpp"
#include "patchbay/testkit/fake_host.hpp"
#include "patchbay/testkit/fixtures.hpp"
#include "platform.hpp"
#include "reporter.hpp"
#include "sidecar.hpp"

namespace patchbay::validate {

class Subject {
 public:
  // Reports what keeps the library from being used; nothing is loaded then.
  static std::optional<Subject> load(const Options& options, Reporter& reporter);

  [[nodiscard]] const Options& options() const { return options_; }
  [[nodiscard]] const Sidecar& sidecar() const { return sidecar_; }
  [[nodiscard]] const nlohmann::json& settings() const { return settings_; }
  [[nodiscard]] Reporter& reporter() const { return *reporter_; }
  [[nodiscard]] pbay_entry_v1 entry() const { return entry_; }
  // Empty without --fixtures.
  [[nodiscard]] const std::vector<testkit::Fixture>& fixtures() const { return fixtures_; }

  [[nodiscard]] testkit::FakeHostOptions host_options() const;
  // A host with an instance, served by the platform; NULL, reported, when create() refuses the
  // settings. allowed_hosts: where it may connect; not given: anywhere.
  [[nodiscard]] std::unique_ptr<testkit::FakeHost> host(
      Platform& platform,
      std::optional<std::vector<std::string>> allowed_hosts = std::nullopt) const;

  // Chats to deliver to, one of each kind: those of the fixtures, else made up.
  [[nodiscard]] const std::vector<sdk::Chat>& chats() const { return seen().chats; }
  // References of files in the fixtures, some of them.
  [[nodiscard]] const std::vector<std::string>& references() const { return seen().references; }

 private:
  struct Seen {
    std::vector<sdk::Chat> chats;
    std::vector<std::string> references;
  };

  [[nodiscard]] const Seen& seen() const;
  Subject(const Options& options, Reporter& reporter, pbay_entry_v1 entry);

  Options options_;
  Reporter* reporter_;
  pbay_entry_v1 entry_;
  Sidecar sidecar_;
  nlohmann::json settings_;
  std::vector<testkit::Fixture> fixtures_;
  mutable std::optional<Seen> seen_;  // in the fixtures, once somebody has asked
};

// ---- what the checks do ----

[[nodiscard]] sdk::Delivery delivery_of(sdk::DeliveryKind kind, const sdk::Chat& chat);

// Lets virtual time pass until the operation is completed, or is late: then the host has said so.
void settle(testkit::FakeHost& host, pbay_op op,
            std::chrono::milliseconds longest = std::chrono::minutes(6));

}  // namespace patchbay::validate
