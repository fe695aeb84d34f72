#include "delivery_rig.hpp"

#include "measure.hpp"

namespace patchbay::bench {

void NotingChannels::deliver(delivery::DeliveryRequest /*request*/,
                             base::UniqueFunction<void(delivery::AttemptOutcome)> done) {
  called.push_back(Clock::now());
  delivery::AttemptOutcome outcome;
  outcome.outcome = delivery::OutcomeClass::kDelivered;
  outcome.sent_state = delivery::SentState::kSent;
  outcome.remote_ids.push_back("m" + std::to_string(called.size()));
  loop_.post([done = std::move(done), outcome = std::move(outcome)]() mutable {
    done(std::move(outcome));
  });
}

void NotingChannels::limits(const base::InstanceName& /*instance*/, store::ChatKind /*kind*/,
                            const std::string& /*chat_id*/,
                            base::UniqueFunction<void(delivery::ChannelLimits)> done) {
  loop_.post([done = std::move(done)] { done(delivery::ChannelLimits()); });
}

DeliveryRig::DeliveryRig(Storage& storage) : storage_(storage), channels_(storage.loop) {
  storage_.sessions->on_work([](const session::SessionAddress&, const session::SessionWork&) {});
  watcher_ = must(
      delivery::make_inotify_watcher(storage_.loop, storage_.threads, random_, *storage_.sessions));
  service_ = std::make_unique<delivery::DeliveryService>(
      delivery::Dependencies{storage_.loop, storage_.threads, random_, *storage_.database,
                             *storage_.sessions, channels_, others_, others_, *watcher_,
                             std::make_shared<const attachments::Spool>(
                                 must(attachments::Spool::open(storage_.folder + "/spool"))),
                             std::make_shared<attachments::MimeDetector>(storage_.loop)},
      delivery::DeliveryOptions());
  service_->on_delivery([this](const store::DeliveryRecord& delivery) {
    delivered_ += delivery.state == store::DeliveryState::kDelivered ? 1 : 0;
  });
  bool ready = false;
  service_->start([&ready](const base::Status& status) {
    must(status);
    ready = true;
  });
  run_until(storage_.loop, [&] { return ready; }, "delivery to be ready");
}

DeliveryRig::~DeliveryRig() {
  service_.reset();
  storage_.threads.drain();
}

void DeliveryRig::agent_started(const session::SessionAddress& session) {
  service_->session_started(session);
}

void DeliveryRig::wait_delivered(std::size_t count) {
  run_until(storage_.loop, [&] { return delivered_ >= count; }, "a delivery");
}

void DeliveryRig::pass(base::Milliseconds time) {
  bool over = false;
  storage_.loop.run_after(time, [&over] { over = true; });
  run_until(storage_.loop, [&over] { return over; }, "time");
}

}  // namespace patchbay::bench
