#include "routing/pipeline.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/json.hpp"
#include "base/limits.hpp"
#include "base/log.hpp"
#include "routing/flow.hpp"
#include "routing/inbound_row.hpp"
#include "store/repositories.hpp"

namespace patchbay::routing {
namespace {

constexpr std::size_t kEventOverheadBytes = 512;
constexpr std::size_t kRememberedPlacements = 1024;

std::size_t bytes_of(const InboundEvent& event) {
  return kEventOverheadBytes + event.text.size() + event.extra_json.size() +
         event.reply_to.text.size();
}

}  // namespace

Router::Pipeline::Pipeline(RouterParts parts, std::shared_ptr<const CompiledRouting> routing)
    : parts_(parts),
      routing_(std::move(routing)),
      lanes_(parts.loop, parts.database, *parts.files.sessions),
      fetcher_(parts.loop, parts.storage, parts.database, parts.files),
      lost_files_(parts.loop, parts.database, *parts.files.sessions,
                  [this](const session::SessionAddress& session, const std::string& row_id) {
                    return without_record_.contains({session, row_id});
                  }) {
  lanes_.on_pending_files(
      [this](const store::PendingFilesRecord& record) { fetcher_.add(record); });
}

base::Status Router::Pipeline::start() {
  PATCHBAY_TRY(lanes_.start());
  PATCHBAY_TRY(fetcher_.start());
  prune();
  // The configuration may have changed while the host was down.
  replay_held([](const base::Result<std::size_t>& routed) {
    if (!routed.ok()) {
      base::log_warning("routing.held_not_replayed", {{"reason", routed.status().message()}});
    }
  });
  return {};
}

void Router::Pipeline::submit(InboundEvent event, base::UniqueFunction<void(SubmitOutcome)> done) {
  const std::size_t bytes = bytes_of(event);
  const ChatName chat{event.instance, event.chat};
  if (under_way_ >= limits::kRoutingEvents ||
      bytes_under_way_ + bytes > limits::kRoutingEventBytes || refusing_.contains(chat)) {
    discard(std::move(event.files));
    refusing_.insert(chat);
    parts_.loop.post(lifetime_.guard([this, chat, done_ = std::move(done)] {
      refusing_.erase(refusing_.find(chat));
      done_(SubmitOutcome::kBusy);
    }));
    return;
  }
  const auto flow = std::make_shared<Flow>();
  flow->event = std::move(event);
  flow->done = std::move(done);
  flow->bytes = bytes;
  begin(flow);
}

void Router::Pipeline::submit_from_intake(InboundEvent event, std::int64_t held_as,
                                          base::UniqueFunction<void(SubmitOutcome)> done) {
  const auto flow = std::make_shared<Flow>();
  flow->bytes = bytes_of(event);
  flow->event = std::move(event);
  flow->done = std::move(done);
  flow->held_as = held_as;
  begin(flow);
}

void Router::Pipeline::begin(const FlowPointer& flow) {
  ++under_way_;
  flow->number = ++begun_;
  flow->generation = generation_;
  ++open_by_generation_[generation_];
  bytes_under_way_ += flow->bytes;
  flow->received_at = parts_.loop.wall_now();
  parts_.database.transact_repeatable<Plan>(
      [flow, routing = routing_, &random = parts_.random](store::Repositories& repositories) {
        const auto first_time = flow->held_as == 0 ? FirstTime::kCheck : FirstTime::kIsHeldInIntake;
        return make_plan(repositories, *routing, flow->event, first_time, random,
                         flow->received_at);
      },
      lifetime_.guard([this, flow](base::Result<Plan> plan) { planned(flow, std::move(plan)); }));
}

void Router::Pipeline::planned(const FlowPointer& flow, base::Result<Plan> plan) {
  if (!plan.ok()) {
    base::log_error("routing.not_planned", {{"instance", flow->event.instance.str()},
                                            {"event", flow->event.event_id},
                                            {"reason", plan.status().message()}});
    give_back(flow);
    return;
  }
  if (must_follow_one_given_back(*flow)) {
    give_back(flow);
    return;
  }
  flow->plan = std::move(plan).value();
  if (flow->plan.way != Way::kSessions) {
    settle_without_rows(flow);
  } else if (waits_behind_held(*flow)) {
    behind_held_[{flow->event.instance, flow->event.chat}].push_back(flow);
  } else {
    go(flow);
  }
}

void Router::Pipeline::go(const FlowPointer& flow) {
  flow->targets.reserve(flow->plan.targets.size());
  for (PlannedTarget& target : flow->plan.targets) {
    Flow::Target& added = flow->targets.emplace_back();
    added.row_id = row_id_of(flow->event, target.session.agent);
    added.session = std::move(target.session);
    added.trigger = target.trigger;
  }
  const ChatName chat{flow->event.instance, flow->event.chat};
  chats_[chat].flows.push_back(flow);
  advance(chat);
}

void Router::Pipeline::give_back(const FlowPointer& flow) {
  if (flow->held_as == 0) {
    given_back_[{flow->event.instance, flow->event.chat}] = begun_;
    discard(std::move(flow->event.files));
  }
  finish(flow, SubmitOutcome::kBusy);
}

void Router::Pipeline::give_back_from(const ChatName& chat) {
  const std::deque<FlowPointer> later = std::exchange(chats_[chat].flows, {});
  for (const FlowPointer& flow : later) {
    give_back(flow);
  }
}

// Plans come in the order of submission, so an event with a larger number ends it.
bool Router::Pipeline::must_follow_one_given_back(const Flow& flow) {
  const auto found = given_back_.find({flow.event.instance, flow.event.chat});
  if (found == given_back_.end() || flow.held_as != 0) {
    return false;
  }
  if (flow.number <= found->second) {
    return true;
  }
  given_back_.erase(found);
  return false;
}

void Router::Pipeline::advance(const ChatName& chat) {
  // The lane may go while its last event is handled.
  while (true) {
    const auto lane = chats_.find(chat);
    if (lane == chats_.end() || lane->second.preparing) {
      return;
    }
    if (lane->second.flows.empty()) {
      chats_.erase(lane);
      return;
    }
    const FlowPointer flow = lane->second.flows.front();
    if (has_staged_files(flow->event)) {
      lane->second.preparing = true;
      prepare(chat, flow);
      continue;
    }
    lane->second.flows.pop_front();
    write_rows(flow);
  }
}

// ---- files ----

void Router::Pipeline::prepare(const ChatName& chat, const FlowPointer& flow) {
  make_folders(flow, [this, chat, flow] {
    parts_.storage.post(
        [flow, tools = parts_.files, &loop = parts_.loop,
         ready = lifetime_.guard([this, chat, flow] { prepared(chat, flow); })]() mutable {
          if (has_references(flow->event)) {
            // All files of a row are placed together, once the last has come.
            for (std::size_t index = 0; index < flow->targets.size(); ++index) {
              const bool last = index + 1 == flow->targets.size();
              InboundEvent event = flow->event;
              event.files = last ? flow->event.files : copies_of_staged(tools, flow->event.files);
              flow->targets[index].pending_event = to_text(event);
            }
          } else {
            std::vector<PlacementTarget> targets;
            for (const Flow::Target& target : flow->targets) {
              targets.push_back({target.session, target.row_id});
            }
            auto placements = place_files(tools, flow->event.files, targets);
            for (std::size_t index = 0; index < flow->targets.size(); ++index) {
              flow->targets[index].placement = std::move(placements[index]);
            }
          }
          loop.post(std::move(ready));
        });
  });
}

// Calls `done` when each target's folder was made, or could not be (placing will say so).
void Router::Pipeline::make_folders(const FlowPointer& flow, base::UniqueFunction<void()> done) {
  struct Pending {
    std::size_t open = 0;
    base::UniqueFunction<void()> done;
  };
  // Shared by the completions.
  const auto pending = std::make_shared<Pending>();
  pending->open = flow->targets.size();
  pending->done = std::move(done);
  for (const Flow::Target& target : flow->targets) {
    lanes_.ensure_folder(target.session, [pending](const base::Status&) {
      if (--pending->open == 0) {
        pending->done();
      }
    });
  }
}

void Router::Pipeline::prepared(const ChatName& chat, const FlowPointer& flow) {
  ChatLane& lane = chats_[chat];
  lane.preparing = false;
  if (needs_repetition_for_files(*flow)) {
    give_back_from(chat);
  } else {
    lane.flows.pop_front();
    write_rows(flow);
  }
  advance(chat);
}

// True: the platform shall repeat the event, for the disk may have recovered by then. After some
// attempts the message goes without its files, so that it does not block its instance for ever.
bool Router::Pipeline::needs_repetition_for_files(Flow& flow) {
  const auto trouble =
      std::find_if(flow.targets.begin(), flow.targets.end(), [](const Flow::Target& target) {
        return is_trouble_of_disk(target.placement.status.code());
      });
  const std::string name = flow.event.instance.str() + " " + flow.event.event_id;
  if (trouble == flow.targets.end() || flow.held_as != 0) {
    failed_placements_.erase(name);
    return false;
  }
  if (failed_placements_.size() >= kRememberedPlacements) {
    failed_placements_.clear();
  }
  const int failures = ++failed_placements_[name];
  base::log_error("routing.files_not_stored", {{"instance", flow.event.instance.str()},
                                               {"event", flow.event.event_id},
                                               {"attempt", failures},
                                               {"reason", trouble->placement.status.message()}});
  if (failures < limits::kPlacementAttempts) {
    return true;
  }
  failed_placements_.erase(name);
  return false;
}

// ---- rows ----

void Router::Pipeline::write_rows(const FlowPointer& flow) {
  const InboundEvent& event = flow->event;
  const bool pending = has_references(event);
  const nlohmann::json described = describe_files(event.files);
  // One more, so that completions inside the loop do not end the flow early.
  flow->open = flow->targets.size() + 1;
  for (std::size_t index = 0; index < flow->targets.size(); ++index) {
    Flow::Target& target = flow->targets[index];
    if (pending && target.pending_event.empty()) {
      target.pending_event = to_text(event);
    }
    if (pending) {
      without_record_.emplace(target.session, target.row_id);
    }
    session::InboundMessage row;
    const Wakes wakes = target.trigger ? Wakes::kYes : Wakes::kNo;
    if (target.placement.attachments.empty()) {
      row = row_of(event, target.row_id, wakes, described);
    } else {
      const auto attachments = base::parse_json(target.placement.attachments);
      row = row_of(event, target.row_id, wakes,
                   attachments.ok() ? *attachments : nlohmann::json::array());
    }
    // Kept in case the row has to wait in the intake.
    target.row = row;
    lanes_.write(target.session, std::move(row),
                 lifetime_.guard([this, flow, index](SessionLanes::Written written) {
                   row_written(flow, index, std::move(written));
                 }));
  }
  if (--flow->open == 0) {
    settle_rows(flow);
  }
}

void Router::Pipeline::row_written(const FlowPointer& flow, std::size_t target,
                                   SessionLanes::Written written) {
  if (written.outcome == SessionLanes::Outcome::kRefused) {
    base::log_error("routing.row_refused",
                    {{"session", session_name(flow->targets[target].session)},
                     {"row", flow->targets[target].row_id},
                     {"reason", written.why.message()}});
  }
  flow->targets[target].written = std::move(written);
  if (--flow->open == 0) {
    settle_rows(flow);
  }
}

void Router::Pipeline::finish(const FlowPointer& flow, SubmitOutcome outcome) {
  --under_way_;
  bytes_under_way_ -= flow->bytes;
  for (const Flow::Target& target : flow->targets) {
    if (const auto row = without_record_.find({target.session, target.row_id});
        row != without_record_.end()) {
      without_record_.erase(row);
    }
  }
  if (under_way_ == 0) {
    given_back_.clear();
  }
  if (const auto open = open_by_generation_.find(flow->generation); --open->second == 0) {
    open_by_generation_.erase(open);
    start_replay();
  }
  // Taken out first: it may submit the next event.
  const auto done = std::move(flow->done);
  done(outcome);
}

void Router::Pipeline::discard(std::vector<InboundFile> files) {
  const bool any = std::any_of(files.begin(), files.end(),
                               [](const InboundFile& file) { return !file.staged.empty(); });
  if (any) {
    parts_.storage.post(
        [tools = parts_.files, files_ = std::move(files)] { discard_files(tools, files_); });
  }
}

}  // namespace patchbay::routing
