// Channels that do what the test says. Header only; link patchbay::delivery.
#pragma once

#include <deque>
#include <functional>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "base/executor.hpp"
#include "delivery/channel_port.hpp"

namespace patchbay::test {

inline delivery::AttemptOutcome outcome(delivery::OutcomeClass outcome_class,
                                        delivery::SentState sent_state, std::string text = {}) {
  delivery::AttemptOutcome out;
  out.outcome = outcome_class;
  out.sent_state = sent_state;
  out.text = std::move(text);
  return out;
}

class ScriptedChannels final : public delivery::ChannelPort {
 public:
  using Done = base::UniqueFunction<void(delivery::AttemptOutcome)>;
  struct Held {
    delivery::DeliveryRequest request;
    Done done;
  };

  explicit ScriptedChannels(base::Loop& loop) : loop_(loop) {}

  // What every attempt meets when nothing was scripted for it: delivered, as "m1", "m2", ….
  std::function<delivery::AttemptOutcome(const delivery::DeliveryRequest&)> answer =
      [this](const delivery::DeliveryRequest&) { return delivered(); };
  // Attempts are kept until release().
  bool hold = false;
  delivery::ChannelLimits channel_limits;
  // Instead of channel_limits, for those named.
  std::map<std::string, delivery::ChannelLimits> limits_of;
  bool answers_limits = true;

  // All that deliver() was given, in order; file descriptors are closed by now.
  std::vector<delivery::DeliveryRequest> requests;
  std::deque<Held> held;
  std::vector<std::string> typing;

  [[nodiscard]] delivery::AttemptOutcome delivered() {
    auto out = outcome(delivery::OutcomeClass::kDelivered, delivery::SentState::kSent);
    out.remote_ids.push_back("m" + std::to_string(++last_id_));
    return out;
  }
  // The next attempts meet these, in order.
  void script(delivery::AttemptOutcome next) { script_.push_back(std::move(next)); }
  void release(delivery::AttemptOutcome with) {
    Held first = std::move(held.front());
    held.pop_front();
    first.done(std::move(with));
  }
  [[nodiscard]] std::vector<std::string> texts() const {
    std::vector<std::string> out;
    for (const auto& request : requests) {
      out.push_back(request.text);
    }
    return out;
  }

  // Tells delivery too, when `events` is set.
  delivery::ChannelEvents* events = nullptr;
  void set_state(const std::string& instance, delivery::InstanceState state) {
    states_[instance] = state;
    if (events != nullptr) {
      events->on_instance_state(base::InstanceName(instance), state, "");
    }
  }

  void deliver(delivery::DeliveryRequest request, Done done) override {
    requests.push_back(request);
    if (hold) {
      held.push_back({std::move(request), std::move(done)});
      return;
    }
    delivery::AttemptOutcome out;
    if (script_.empty()) {
      out = answer(request);
    } else {
      out = std::move(script_.front());
      script_.pop_front();
    }
    loop_.post([done = std::move(done), out = std::move(out)]() mutable { done(std::move(out)); });
  }
  [[nodiscard]] delivery::InstanceState state(const base::InstanceName& instance) const override {
    const auto found = states_.find(instance.str());
    return found == states_.end() ? delivery::InstanceState::kStopped : found->second;
  }
  void limits(const base::InstanceName& instance, store::ChatKind /*kind*/,
              const std::string& /*chat_id*/,
              base::UniqueFunction<void(delivery::ChannelLimits)> done) override {
    if (answers_limits) {
      const auto found = limits_of.find(instance.str());
      loop_.post([done = std::move(done), known = found == limits_of.end()
                                                      ? channel_limits
                                                      : found->second] { done(known); });
    }
  }
  void show_typing(const base::InstanceName& /*instance*/, store::ChatKind /*kind*/,
                   const std::string& chat_id, const base::ThreadId& /*thread*/) override {
    typing.push_back(chat_id);
  }

 private:
  base::Loop& loop_;
  std::map<std::string, delivery::InstanceState> states_{
      {"telegram", delivery::InstanceState::kOnline}, {"slack", delivery::InstanceState::kOnline}};
  std::deque<delivery::AttemptOutcome> script_;
  int last_id_ = 0;
};

}  // namespace patchbay::test
