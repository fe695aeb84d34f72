// Where the reports of platforms come in. Failures are heard one after the other: a person is told
// of one a minute, however many are reported together. Internal to this folder. [core thread]
#pragma once

#include <deque>
#include <functional>

#include "base/lifetime.hpp"
#include "delivery/aftermath.hpp"
#include "delivery/core.hpp"
#include "delivery/reports.hpp"

namespace patchbay::delivery {

class ReportDesk {
 public:
  // Gets what a report has changed (Heard::What::kChanged).
  using Changed = std::function<void(const Heard& heard)>;

  ReportDesk(Core& core, const Aftermath& aftermath, Changed changed)
      : core_(core), aftermath_(aftermath), changed_(std::move(changed)) {}

  // A failure that cannot be stored is tried again until it is; anything else is logged and lost.
  void take(Report report);

 private:
  void hear_next_failure();
  void heard(const Report& report, const Heard& heard);

  Core& core_;
  const Aftermath& aftermath_;
  Changed changed_;
  std::deque<Report> failures_;  // the first is being heard, if `hearing_`
  bool hearing_ = false;
  base::Lifetime lifetime_;
};

}  // namespace patchbay::delivery
