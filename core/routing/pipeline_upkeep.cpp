// What the router does beside the events: routing held ones, forgetting old ones.
#include <nlohmann/json.hpp>

#include "base/json.hpp"
#include "base/limits.hpp"
#include "base/log.hpp"
#include "routing/pipeline.hpp"
#include "routing/while_alive.hpp"
#include "store/repositories.hpp"

namespace patchbay::routing {
namespace {

constexpr std::size_t kPageRows = 256;
constexpr base::Milliseconds kBetweenSteps{100};  // of pruning, so that it stays in the background

}  // namespace

// A walk over the events that the intake holds.
struct Router::Pipeline::HeldReplay {
  base::UniqueFunction<void(base::Result<std::size_t>)> done;
  std::int64_t after = 0;  // the last row looked at
  bool more = true;
  std::size_t open = 0;    // events of the page under way
  std::size_t routed = 0;  // that left the intake
};

void Router::Pipeline::replay_held(base::UniqueFunction<void(base::Result<std::size_t>)> done) {
  const auto replay = std::make_shared<HeldReplay>();
  replay->done = std::move(done);
  load_held(replay);
}

void Router::Pipeline::load_held(const std::shared_ptr<HeldReplay>& replay) {
  using Records = std::vector<store::IntakeRecord>;
  parts_.database.transact<Records>(
      [after = replay->after](store::Repositories& repositories) -> base::Result<Records> {
        store::IntakeFilter filter;
        filter.reason = store::IntakeReason::kUnknownChat;
        filter.after = after;
        filter.limit = kPageRows;
        return repositories.intake.list(filter);
      },
      while_alive(alive_, [this, replay](base::Result<Records> records) {
        if (records.ok()) {
          submit_held(replay, std::move(records).value());
        } else {
          replay->done(records.status());
        }
      }));
}

void Router::Pipeline::submit_held(const std::shared_ptr<HeldReplay>& replay,
                                   std::vector<store::IntakeRecord> records) {
  replay->more = records.size() == kPageRows;
  replay->open = 1;
  auto ended = while_alive(alive_, [this, replay] {
    if (--replay->open > 0) {
      return;
    }
    if (replay->more) {
      load_held(replay);
    } else {
      replay->done(replay->routed);
    }
  });
  const bool all_go = routing_->config().unknown_chats != UnknownChats::kIntake;
  for (const store::IntakeRecord& record : records) {
    replay->after = record.id;
    if (!all_go && routing_->rules_of(record.chat).empty()) {
      continue;
    }
    const auto json = base::parse_json(record.event);
    auto event = json.ok() ? event_from_json(*json) : base::Result<InboundEvent>(json.status());
    if (!event.ok()) {
      base::log_error("routing.intake_unreadable",
                      {{"row", record.id}, {"reason", event.status().message()}});
      continue;
    }
    ++replay->open;
    submit_from_intake(std::move(event).value(), record.id,
                       [replay, ended](SubmitOutcome outcome) mutable {
                         if (outcome != SubmitOutcome::kBusy && outcome != SubmitOutcome::kIntake) {
                           ++replay->routed;
                         }
                         ended();
                       });
  }
  ended();
}

void Router::Pipeline::prune() {
  const base::WallTime old = parts_.loop.wall_now() - limits::kSeenKept;
  parts_.database.transact<std::size_t>(
      [old](store::Repositories& repositories) {
        return repositories.seen.prune(old, limits::kPruneRows);
      },
      while_alive(alive_, [this](const base::Result<std::size_t>& removed) {
        const bool more = removed.ok() && *removed == limits::kPruneRows;
        const auto delay = more ? kBetweenSteps : base::Milliseconds(limits::kPruneInterval);
        parts_.loop.run_after(delay, while_alive(alive_, [this] { prune(); }));
      }));
}

}  // namespace patchbay::routing
