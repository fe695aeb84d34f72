#include "agents/stuck_watch.hpp"

#include <sys/stat.h>
#include <utility>

#include "agents/stuck.hpp"
#include "base/log.hpp"

namespace patchbay::agents {
namespace {

constexpr base::Milliseconds kEvery{10'000};

// When the file was last touched.
std::optional<base::WallTime> last_heartbeat(const std::string& session_folder) {
  struct stat info{};
  // Only a time is read, of whatever stands there: lstat follows nothing.
  if (::lstat((session_folder + "/" + std::string(kHeartbeat)).c_str(), &info) != 0) {
    return std::nullopt;
  }
  return base::WallTime{std::chrono::seconds{info.st_mtim.tv_sec} +
                        std::chrono::milliseconds{info.st_mtim.tv_nsec / 1'000'000}};
}

}  // namespace

StuckWatch::StuckWatch(Run run, base::Loop& loop, session::SessionStorage& storage,
                       AgentRuntime& runtime)
    : run_(std::move(run)), loop_(loop), storage_(storage), runtime_(runtime), timer_(loop) {
  arm();
}

void StuckWatch::arm() {
  timer_.arm(kEvery, [this] { look(); });
}

void StuckWatch::look() {
  arm();
  if (!run_.is_working()) {
    return;
  }
  storage_.read_turn(run_.session,
                     lifetime_.guard([this](base::Result<session::SessionStorage::Turn> turn) {
                       if (turn.ok() && run_.is_working()) {
                         judge(*turn);
                       }
                     }));
}

void StuckWatch::judge(const session::SessionStorage::Turn& turn) {
  TurnView view;
  view.now = loop_.wall_now();
  view.oldest_claim = turn.oldest_claim;
  view.tool_timeout = turn.tool_timeout;
  view.heartbeat = last_heartbeat(run_.folder);
  view.claim_stuck_after = run_.claim_stuck_after;
  view.heartbeat_stuck_after = run_.heartbeat_stuck_after;
  if (const auto activity = runtime_.activity(run_.id)) {
    view.active = activity->cpu_ticks != last_activity_.cpu_ticks ||
                  activity->io_bytes != last_activity_.io_bytes;
    last_activity_ = *activity;
  }
  if (const auto reason = stuck_reason(view)) {
    base::log_warning("agent.stuck", {{"session", session_name(run_.session)}, {"why", *reason}});
    runtime_.kill(run_.id);
  }
}

}  // namespace patchbay::agents
