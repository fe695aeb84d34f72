// A delivery service on real storage with the inotify watcher, and a channel that notes when it is
// called.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "attachments/mime_detector.hpp"
#include "attachments/spool.hpp"
#include "base/random.hpp"
#include "delivery/delivery.hpp"
#include "delivery/session_watcher.hpp"
#include "session_folders.hpp"
#include "statistics.hpp"

namespace patchbay::bench {

inline const std::string kRigInstance = "telegram";

class NotingChannels final : public delivery::ChannelPort {
 public:
  explicit NotingChannels(base::Loop& loop) : loop_(loop) {}
  void deliver(delivery::DeliveryRequest request,
               base::UniqueFunction<void(delivery::AttemptOutcome)> done) override;
  [[nodiscard]] delivery::InstanceState state(
      const base::InstanceName& /*instance*/) const override {
    return delivery::InstanceState::kOnline;
  }
  void limits(const base::InstanceName& instance, store::ChatKind kind, const std::string& chat_id,
              base::UniqueFunction<void(delivery::ChannelLimits)> done) override;
  void show_typing(const base::InstanceName& /*instance*/, store::ChatKind /*kind*/,
                   const std::string& /*chat_id*/, const base::ThreadId& /*thread*/) override {}

  std::vector<Clock::time_point> called;

 private:
  base::Loop& loop_;
};

class NothingElse final : public delivery::SystemActionPort, public delivery::AgentMessagePort {
 public:
  void perform(delivery::SystemAction /*action*/,
               base::UniqueFunction<void(base::Status)> done) override {
    done(base::Status(base::Code::kNotFound, "there are no actions"));
  }
  void send(delivery::AgentMessage /*message*/,
            base::UniqueFunction<void(base::Status)> done) override {
    done(base::Status(base::Code::kNotFound, "there are no other agents"));
  }
};

class DeliveryRig {
 public:
  // storage: with its sessions; outlives the rig.
  explicit DeliveryRig(Storage& storage);
  ~DeliveryRig();
  DeliveryRig(const DeliveryRig&) = delete;
  DeliveryRig& operator=(const DeliveryRig&) = delete;

  void agent_started(const session::SessionAddress& session);
  // Waits until `count` messages in all were delivered, and the agent's side knows of them.
  void wait_delivered(std::size_t count);
  [[nodiscard]] Clock::time_point last_called() const { return channels_.called.back(); }
  [[nodiscard]] std::size_t delivered() const { return delivered_; }
  // Lets the loop run for that long.
  void pass(base::Milliseconds time);

 private:
  Storage& storage_;
  base::Random random_{base::system_seed()};
  NotingChannels channels_;
  NothingElse others_;
  std::unique_ptr<delivery::SessionWatcher> watcher_;
  std::unique_ptr<delivery::DeliveryService> service_;
  std::size_t delivered_ = 0;
};

}  // namespace patchbay::bench
