#include "delivery/standstill.hpp"

#include <algorithm>
#include <utility>

#include "base/limits.hpp"
#include "base/log.hpp"
#include "store/repositories.hpp"

namespace patchbay::delivery {
namespace {

using base::Status;

// A chat or account that cannot be reached is tried again now and then, should nobody say that it
// is back.
constexpr base::Milliseconds kTryEvery = limits::kRetryLongest;
constexpr base::Milliseconds kLong{60'000};

void log_failure(const Status& status) {
  if (!status.ok()) {
    base::log_warning("delivery.pause_not_stored", {{"reason", status.message()}});
  }
}

}  // namespace

Standstill::Standstill(base::WallTime since, Sign sign, PauseCause cause, std::string reason,
                       base::MonotonicTime now)
    : since_(since),
      sign_(sign),
      cause_(cause),
      reason_(std::move(reason)),
      stored_(sign == Sign::kOutcome),
      try_at_(now + kTryEvery) {}

void Standstill::seen_again(Sign sign, PauseCause cause, const std::string& reason,
                            base::MonotonicTime now) {
  try_at_ = now + kTryEvery;
  if (sign == Sign::kOutcome) {
    sign_ = sign;
    cause_ = cause;
    reason_ = reason;
  }
}

bool Standstill::may_be_tried(base::MonotonicTime now) const {
  return is_by_outcome() && now >= try_at_;
}

bool Standstill::is_long(base::WallTime now) const { return now - since_ >= kLong; }

std::vector<Standstill::Paused> Standstill::paused_rows(const std::deque<LaneEntry>& rows,
                                                        base::WallTime now) const {
  std::vector<Paused> paused;
  for (const LaneEntry& row : rows) {
    const bool is_counted = row.was_tried && is_by_outcome();  // by its last move
    if (row.entered_at < now && !is_counted) {
      paused.push_back({row.id, std::max(row.entered_at, since_)});
    }
  }
  return paused;
}

void store_pause(store::CentralDatabase& database, const Standstill::Paused& row,
                 const std::string& reason) {
  database.transact(
      [row, reason](store::Repositories& repositories) {
        return repositories.ledger.pause(row.id, row.since, reason);
      },
      log_failure);
}

void end_pauses(store::CentralDatabase& database, std::vector<Standstill::Paused> rows,
                base::WallTime now) {
  database.transact(
      [rows = std::move(rows), now](store::Repositories& repositories) -> Status {
        for (const Standstill::Paused& row : rows) {
          PATCHBAY_TRY(repositories.ledger.pause(row.id, row.since, ""));
          PATCHBAY_TRY(repositories.ledger.resume(row.id, now));
        }
        return {};
      },
      log_failure);
}

}  // namespace patchbay::delivery
