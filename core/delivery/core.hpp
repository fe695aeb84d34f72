// What the parts of the delivery service share. Internal to this folder.
#pragma once

#include <cstddef>
#include <functional>

#include "delivery/delivery.hpp"

namespace patchbay::delivery {

struct Core {
  Core(Dependencies dependencies, DeliveryOptions delivery_options)
      : deps(std::move(dependencies)), options(std::move(delivery_options)) {}

  Dependencies deps;
  DeliveryOptions options;
  bool stopping = false;  // nothing new is begun
  // Attempts, acceptances and settlements that have begun and not ended.
  std::size_t under_way = 0;
  std::function<void()> on_quiet;  // when under_way became 0
  DeliveryService::Changed changed = [](const store::DeliveryRecord&) {};
  DeliveryService::Acknowledged acknowledged = [](const session::SessionAddress&,
                                                  const std::vector<session::Acknowledgement>&) {};

  [[nodiscard]] const RetryPolicy& policy(const base::InstanceName& instance) const {
    const auto found = options.policy_of_instance.find(instance);
    return found == options.policy_of_instance.end() ? options.policy : found->second;
  }
  void begin() { ++under_way; }
  void end() {
    if (--under_way == 0 && on_quiet) {
      on_quiet();
    }
  }
};

}  // namespace patchbay::delivery
