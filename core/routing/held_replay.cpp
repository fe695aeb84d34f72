// Routing what the intake holds for chats that are named by now. The order of a chat is kept: its
// new events wait until those that were held have gone.
#include <nlohmann/json.hpp>
#include <utility>

#include "base/json.hpp"
#include "base/log.hpp"
#include "routing/flow.hpp"
#include "routing/paging.hpp"
#include "routing/pipeline.hpp"
#include "store/repositories.hpp"

namespace patchbay::routing {
namespace {}  // namespace

void Router::Pipeline::set_routing(std::shared_ptr<const CompiledRouting> routing) {
  routing_ = std::move(routing);
  unwired_chats_.forget();
  strangers_.forget();
  ++generation_;
}

void Router::Pipeline::replay_held(base::UniqueFunction<void(base::Result<std::size_t>)> done) {
  if (replay_ != nullptr) {
    replays_asked_for_.push_back(std::move(done));
    return;
  }
  replay_ = std::make_unique<HeldReplay>();
  replay_->done = std::move(done);
  start_replay();
}

// Events that were planned with an older routing may yet come to the intake: not before they have.
void Router::Pipeline::start_replay() {
  const bool older_are_under_way =
      !open_by_generation_.empty() && open_by_generation_.begin()->first < generation_;
  if (replay_ == nullptr || replay_->started || older_are_under_way) {
    return;
  }
  replay_->started = true;
  using Counts = std::vector<store::ChatCount>;
  parts_.database.transact<Counts>(
      [](store::Repositories& repositories) {
        return repositories.intake.count_by_chat(store::IntakeReason::kUnknownChat);
      },
      lifetime_.guard([this](const base::Result<Counts>& counts) {
        if (counts.ok()) {
          held_counted(*counts);
        } else {
          end_replay(counts.status());
        }
      }));
}

bool Router::Pipeline::is_to_be_routed(const base::ChatKey& chat) const {
  return routing_->config().unknown_chats != UnknownChats::kIntake ||
         !routing_->rules_of(chat).empty();
}

void Router::Pipeline::held_counted(const std::vector<store::ChatCount>& counts) {
  replay_->counted = true;
  for (const store::ChatCount& held : counts) {
    if (is_to_be_routed(held.chat)) {
      replay_->left[{held.instance, held.chat}] = held.count;
    }
  }
  std::vector<ChatName> free;
  for (const auto& [chat, flows] : behind_held_) {
    if (!replay_->left.contains(chat)) {
      free.push_back(chat);
    }
  }
  for (const ChatName& chat : free) {
    release_behind_held(chat);
  }
  if (replay_->left.empty()) {
    end_replay(std::size_t{0});
  } else {
    load_held();
  }
}

void Router::Pipeline::load_held() {
  using Records = std::vector<store::IntakeRecord>;
  parts_.database.transact<Records>(
      [after = replay_->after](store::Repositories& repositories) -> base::Result<Records> {
        store::IntakeFilter filter;
        filter.reason = store::IntakeReason::kUnknownChat;
        filter.after = after;
        filter.limit = kPageRows;
        return repositories.intake.list(filter);
      },
      lifetime_.guard([this](base::Result<Records> records) {
        if (records.ok()) {
          submit_held(*records);
        } else {
          end_replay(records.status());
        }
      }));
}

void Router::Pipeline::submit_held(const std::vector<store::IntakeRecord>& records) {
  replay_->more = records.size() == kPageRows;
  replay_->open = 1;  // this function
  for (const store::IntakeRecord& record : records) {
    replay_->after = record.id;
    if (replay_->left.contains({record.instance, record.chat})) {
      submit_held(record);
    }
  }
  page_ended();
}

void Router::Pipeline::submit_held(const store::IntakeRecord& record) {
  const ChatName chat{record.instance, record.chat};
  const auto json = base::parse_json(record.event);
  auto event = json.ok() ? event_from_json(*json) : base::Result<InboundEvent>(json.status());
  ++replay_->open;
  if (!event.ok()) {
    base::log_error("routing.intake_unreadable",
                    {{"row", record.id}, {"reason", event.status().message()}});
    held_ended(chat, SubmitOutcome::kBusy);
    return;
  }
  submit_from_intake(std::move(event).value(), record.id,
                     [this, chat](SubmitOutcome outcome) { held_ended(chat, outcome); });
}

void Router::Pipeline::held_ended(const ChatName& chat, SubmitOutcome outcome) {
  if (outcome != SubmitOutcome::kBusy && outcome != SubmitOutcome::kIntake) {
    ++replay_->routed;
  }
  if (const auto left = replay_->left.find(chat); left != replay_->left.end()) {
    if (--left->second <= 0) {
      replay_->left.erase(left);
      release_behind_held(chat);
    }
  }
  page_ended();
}

void Router::Pipeline::page_ended() {
  if (--replay_->open > 0) {
    return;
  }
  if (replay_->more) {
    load_held();
  } else {
    end_replay(replay_->routed);
  }
}

void Router::Pipeline::end_replay(const base::Result<std::size_t>& result) {
  const std::unique_ptr<HeldReplay> ended = std::move(replay_);
  while (!behind_held_.empty()) {
    release_behind_held(ChatName(behind_held_.begin()->first));
  }
  ended->done(result);
  if (replay_ == nullptr && !replays_asked_for_.empty()) {
    auto next = std::move(replays_asked_for_.front());
    replays_asked_for_.pop_front();
    replay_held(std::move(next));
  }
}

bool Router::Pipeline::waits_behind_held(const Flow& flow) const {
  return replay_ != nullptr && flow.held_as == 0 &&
         (!replay_->counted || replay_->left.contains({flow.event.instance, flow.event.chat}));
}

void Router::Pipeline::release_behind_held(const ChatName& chat) {
  const auto waiting = behind_held_.extract(chat);
  if (waiting.empty()) {
    return;
  }
  for (const FlowPointer& flow : waiting.mapped()) {
    go(flow);
  }
}

}  // namespace patchbay::routing
