#include "delivery/schedule.hpp"

#include <algorithm>

namespace patchbay::delivery {

void Schedule::add(const store::LaneKey& lane, LaneEntry entry) {
  const base::WallTime due = *entry.not_before;
  rows_.emplace(due, std::pair(lane, std::move(entry)));
  arm();
}

void Schedule::remove(std::int64_t id) {
  std::erase_if(rows_, [id](const auto& row) { return row.second.second.id == id; });
}

void Schedule::arm() {
  if (timer_ != 0) {
    loop_.cancel(timer_);
    timer_ = 0;
  }
  if (rows_.empty()) {
    return;
  }
  const base::Milliseconds wait = rows_.begin()->first - loop_.wall_now();
  timer_ =
      loop_.run_after(std::clamp<base::Milliseconds>(wait, base::Milliseconds(0), kWallRecheck),
                      lifetime_.guard([this] {
                        timer_ = 0;
                        run();
                      }));
}

void Schedule::run() {
  const base::WallTime now = loop_.wall_now();
  while (!rows_.empty() && rows_.begin()->first <= now) {
    auto [lane, entry] = std::move(rows_.begin()->second);
    rows_.erase(rows_.begin());
    entry.not_before.reset();
    due_(lane, std::move(entry));
  }
  arm();
}

}  // namespace patchbay::delivery
