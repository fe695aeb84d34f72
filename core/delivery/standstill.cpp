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

void store_pause(store::CentralDatabase& database, const Standstill::Paused& row,
                 const std::string& reason) {
  database.transact(
      [row, reason](store::Repositories& repositories) {
        return repositories.ledger.pause(row.id, row.since, reason);
      },
      log_failure);
}

void end_pause(store::CentralDatabase& database, const Standstill::Paused& row,
               base::WallTime now) {
  database.transact(
      [row, now](store::Repositories& repositories) -> Status {
        PATCHBAY_TRY(repositories.ledger.pause(row.id, row.since, ""));
        return repositories.ledger.resume(row.id, now);
      },
      log_failure);
}

}  // namespace patchbay::delivery
