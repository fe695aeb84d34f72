#include "adapters/isolation/runner_budget.hpp"

#include <utility>

#include "base/limits.hpp"

namespace patchbay::adapters {

void RunnerBudget::add(Sum& sum, const RunnerCharge& charge) {
  ++sum.frames;
  sum.bytes += charge.bytes_;
  sum.descriptors += charge.descriptors_;
}

void RunnerBudget::subtract(Sum& sum, const RunnerCharge& charge) {
  --sum.frames;
  sum.bytes -= charge.bytes_;
  sum.descriptors -= charge.descriptors_;
}

std::shared_ptr<RunnerCharge> RunnerBudget::charge(std::size_t bytes, std::size_t descriptors) {
  const auto has_room = [this, bytes, descriptors] {
    return posted_.frames == 0 || (posted_.frames < limits::kRunnerPostedFrames &&
                                   posted_.bytes + bytes <= limits::kRunnerPostedBytes &&
                                   posted_.descriptors + descriptors <= limits::kRunnerDescriptors);
  };
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [this, &has_room] { return closed_ || has_room(); });
  if (closed_) {
    return nullptr;
  }
  auto out = std::make_shared<RunnerCharge>(shared_from_this(), bytes, descriptors);
  add(posted_, *out);
  return out;
}

void RunnerBudget::close() {
  {
    const std::lock_guard lock(mutex_);
    closed_ = true;
  }
  changed_.notify_all();
}

RunnerCharge::RunnerCharge(std::shared_ptr<RunnerBudget> budget, std::size_t bytes,
                           std::size_t descriptors)
    : budget_(std::move(budget)), bytes_(bytes), descriptors_(descriptors) {}

RunnerCharge::~RunnerCharge() {
  {
    const std::lock_guard lock(budget_->mutex_);
    RunnerBudget::subtract(held_ ? budget_->held_ : budget_->posted_, *this);
  }
  budget_->changed_.notify_all();
}

bool RunnerCharge::hold() {
  {
    const std::lock_guard lock(budget_->mutex_);
    RunnerBudget::Sum& held = budget_->held_;
    if (held_ ||
        (held.frames != 0 && (held.bytes + bytes_ > limits::kRunnerHeldBytes ||
                              held.descriptors + descriptors_ > limits::kRunnerDescriptors))) {
      return held_;
    }
    RunnerBudget::subtract(budget_->posted_, *this);
    RunnerBudget::add(held, *this);
    held_ = true;
  }
  budget_->changed_.notify_all();
  return true;
}

}  // namespace patchbay::adapters
