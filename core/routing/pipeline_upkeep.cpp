// What the router does beside the events: forgetting old ones.
#include "base/limits.hpp"
#include "routing/pipeline.hpp"
#include "store/repositories.hpp"

namespace patchbay::routing {
namespace {

constexpr base::Milliseconds kBetweenSteps{100};  // of pruning, so that it stays in the background

}  // namespace

void Router::Pipeline::prune() {
  const base::WallTime old = parts_.loop.wall_now() - limits::kSeenKept;
  parts_.database.transact<std::size_t>(
      [old](store::Repositories& repositories) {
        return repositories.seen.prune(old, limits::kPruneRows);
      },
      lifetime_.guard([this](const base::Result<std::size_t>& removed) {
        const bool more = removed.ok() && *removed == limits::kPruneRows;
        const auto delay = more ? kBetweenSteps : base::Milliseconds(limits::kPruneInterval);
        parts_.loop.run_after(delay, lifetime_.guard([this] { prune(); }));
      }));
}

}  // namespace patchbay::routing
