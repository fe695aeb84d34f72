// An extension alone, on real sockets, with an adapter that takes an event when the test says so.
#pragma once

#include <memory>
#include <string_view>
#include <utility>
#include <vector>

#include "sockets_test.hpp"

namespace patchbay::adapters {

class SilentAdapterTest : public SocketsTest, public ExtensionOwner {
 protected:
  virtual void event(const Detail& detail) = 0;

  // The adapter returns from every event that it was given.
  void take_all() {
    for (base::UniqueFunction<void()>& taken : std::exchange(untaken_, {})) {
      taken();
    }
  }

  // All that can happen without waiting happens.
  void settle() {
    loop_.context().restart();
    loop_.context().poll();
  }

  // ExtensionOwner
  base::Status try_begin(pbay_op /*op*/, const char* /*what*/) override { return {}; }
  void turn_away(pbay_op op, Completion why, base::UniqueFunction<void()>) override {
    complete(op, std::move(why));
  }
  void complete(pbay_op /*op*/, Completion completion) override {
    ADD_FAILURE() << completion.text;
  }
  void complete_then(pbay_op op, Completion completion, base::UniqueFunction<void()>) override {
    complete(op, std::move(completion));
  }
  void complete_open(pbay_op /*op*/, Completion /*completion*/) override {}
  void emit(pbay_op /*op*/, std::unique_ptr<Detail> detail,
            base::UniqueFunction<void()> taken) override {
    event(*detail);
    if (taken) {
      untaken_.push_back(std::move(taken));
    }
  }
  void end(pbay_op /*op*/) override {}
  void host_refused(const base::Status& why) override { ADD_FAILURE() << why.message(); }
  void violation(std::string_view what) override { ADD_FAILURE() << what; }
  Bridge& bridge() override { return *bridge_; }
  const AdapterHostServices& services() const override { return services_; }

  AdapterHostServices services_{.loop = loop_,
                                .storage = storage_,
                                .random = random_,
                                .staging = *staging_,
                                .sockets = &loop_,
                                .connector = connector_.get()};
  std::shared_ptr<Bridge> bridge_ =
      std::make_shared<Bridge>(std::make_shared<HostGate>(services_), base::InstanceName("silent"),
                               base::ChannelName("scripted"));
  std::vector<base::UniqueFunction<void()>> untaken_;
};

}  // namespace patchbay::adapters
