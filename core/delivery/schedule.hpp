// Rows with deliver_after: kept out of their lanes until they are due. [core thread]
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <utility>

#include "base/executor.hpp"
#include "base/lifetime.hpp"
#include "delivery/lane_entry.hpp"

namespace patchbay::delivery {

// Wall clocks jump: no timer that waits for one sleeps longer.
inline constexpr base::Milliseconds kWallRecheck{60'000};

class Schedule {
 public:
  // `due` gets each row when its time has come, in the order of their times.
  using Due = std::function<void(const store::LaneKey& lane, LaneEntry entry)>;

  Schedule(base::Loop& loop, Due due) : loop_(loop), due_(std::move(due)) {}

  // entry.not_before is set.
  void add(const store::LaneKey& lane, LaneEntry entry);
  void remove(std::int64_t id);
  [[nodiscard]] std::size_t size() const { return rows_.size(); }

 private:
  void arm();
  void run();

  base::Loop& loop_;
  Due due_;
  std::multimap<base::WallTime, std::pair<store::LaneKey, LaneEntry>> rows_;
  base::TimerId timer_ = 0;
  base::Lifetime lifetime_;
};

}  // namespace patchbay::delivery
