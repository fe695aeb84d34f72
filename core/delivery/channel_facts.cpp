#include "delivery/channel_facts.hpp"

#include "base/limits.hpp"
#include "delivery/address.hpp"

namespace patchbay::delivery {
namespace {

constexpr std::chrono::minutes kFresh{10};
constexpr base::Milliseconds kPatience{5000};

}  // namespace

bool ChannelFacts::is_usable(InstanceState state) {
  return state == InstanceState::kOnline || state == InstanceState::kDegraded ||
         state == InstanceState::kRateLimited;
}

const ChannelLimits* ChannelFacts::find(const store::LaneKey& lane) const {
  const auto found = facts_.find(Key(lane.instance, lane.chat));
  const bool fresh =
      found != facts_.end() && core_.deps.loop.now() - found->second.asked_at < kFresh;
  return fresh ? &found->second.limits : nullptr;
}

void ChannelFacts::ask(const store::LaneKey& lane,
                       base::UniqueFunction<void(const ChannelLimits&)> done) {
  const auto chat = platform_chat(lane);
  if (!chat) {
    // The attempt says what is wrong with it.
    facts_[Key(lane.instance, lane.chat)] = {{}, core_.deps.loop.now()};
    done(ChannelLimits{});
    return;
  }
  // Whichever comes first, the answer or the end of patience, takes `done` out of here.
  struct Waiting {
    base::UniqueFunction<void(const ChannelLimits&)> done;
    base::TimerId timer = 0;
  };
  auto waiting = std::make_shared<Waiting>();
  waiting->done = std::move(done);
  waiting->timer = core_.deps.loop.run_after(kPatience, lifetime_.guard([waiting] {
    if (auto late = std::exchange(waiting->done, nullptr)) {
      late(ChannelLimits{});
    }
  }));
  core_.deps.channels.limits(
      lane.instance, chat->kind, chat->id,
      lifetime_.guard([this, waiting, key = Key(lane.instance, lane.chat)](ChannelLimits limits) {
        if (facts_.size() >= limits::kChannelFacts) {
          facts_.clear();
        }
        facts_[key] = {limits, core_.deps.loop.now()};
        core_.deps.loop.cancel(waiting->timer);
        if (auto answer = std::exchange(waiting->done, nullptr)) {
          answer(limits);
        }
      }));
}

void ChannelFacts::forget(const base::InstanceName& instance) {
  std::erase_if(facts_, [&instance](const auto& fact) { return fact.first.first == instance; });
}

}  // namespace patchbay::delivery
