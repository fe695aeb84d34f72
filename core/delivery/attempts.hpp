// One attempt at one delivery, from the row that waits to the outcome in the ledger. Internal to
// this folder. [core thread]
//
//   load (files, target) → open files → mark sending → dispatch → settle
//   attempt_rows.hpp       attempt_files.hpp            dispatch.hpp   settlement.hpp
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/lifetime.hpp"
#include "delivery/attempt_files.hpp"
#include "delivery/core.hpp"
#include "delivery/lane_entry.hpp"
#include "delivery/settlement.hpp"

namespace patchbay::delivery {

struct AttemptEnd {
  enum class How : std::uint8_t {
    kEnded,    // delivered, failed or unknown: the row leaves its lane
    kWaiting,  // for record->not_before
    kPaused,   // until chat or account can be reached
    kBlocked,  // until the delivery `blocked_by` has ended
    kGone,     // ended by somebody else (a deleted session), who has told already
  };
  How how = How::kEnded;
  store::DeliveryRecord record;
  std::optional<store::DeliveryRecord> user_notice;
  std::optional<store::RetryDeadline> deadline;
  PauseCause cause = PauseCause::kAccount;
  std::int64_t blocked_by = 0;
};

// How a row is tried.
struct AttemptTerms {
  bool idempotent = false;  // the channel honours idempotency keys
  bool may_tell_user = true;
  std::optional<base::WallTime> paused_since;  // of its lane
};

class Attempts {
 public:
  using Done = base::UniqueFunction<void(AttemptEnd)>;

  explicit Attempts(Core& core) : core_(core) {}

  // A waiting row.
  void run(const LaneEntry& entry, const AttemptTerms& terms, Done done);
  // A row that was accepted as sending.
  void run_accepted(store::DeliveryRecord record, const AttemptTerms& terms, Done done);
  // A row that a stopped host left in sending: by what the ledger can prove.
  void recover(std::int64_t id, const AttemptTerms& terms, Done done);
  // A waiting row ends without (another) attempt.
  void fail(std::int64_t id, const std::string& reason, const AttemptTerms& terms, Done done);

 private:
  struct Attempt {
    std::int64_t id = 0;
    AttemptTerms terms;
    Done done;
    store::DeliveryRecord record;
    AttemptFiles files;
    std::optional<std::int32_t> code;  // what the adapter answered, once it has
  };
  // Owned by the step that runs; with the last one the files are closed.
  using Owned = std::unique_ptr<Attempt>;

  [[nodiscard]] Owned begin(std::int64_t id, const AttemptTerms& terms, Done done);
  void load(Owned attempt);
  void loaded(Owned attempt, std::int64_t blocked_by);
  void open_files(Owned attempt);
  void mark_sending(Owned attempt);
  void call(Owned attempt);
  void ended(Owned attempt, AttemptOutcome outcome);
  void judge_left_sending(Owned attempt);
  void settle_as(Owned attempt, NextAction action, std::vector<std::string> remote_ids);
  void gone(Owned attempt);
  void postpone(Owned attempt, const std::string& reason);
  void give_back(Owned attempt, AttemptEnd end);
  // The central database failed (disk full …): the same step again, until it works.
  void again(Owned attempt, const base::Status& why, base::UniqueFunction<void(Owned)> step);

  Core& core_;
  base::Lifetime lifetime_;
};

}  // namespace patchbay::delivery
