#include "delivery/ledger_state.hpp"

#include <string>

#include "store/ledger.hpp"

namespace patchbay::delivery {
namespace {

using store::DeliveryState;

bool is_evidence(Ground ground) {
  return ground == Ground::kLookup || ground == Ground::kReport || ground == Ground::kOperator ||
         ground == Ground::kPolicy;
}

bool may_move(DeliveryState from, DeliveryState to, Ground ground) {
  switch (from) {
    case DeliveryState::kWaiting:
      return to == DeliveryState::kSending || to == DeliveryState::kFailed ||
             (to == DeliveryState::kUnknown && ground == Ground::kSentBefore);
    case DeliveryState::kSending:
      return to == DeliveryState::kDelivered || to == DeliveryState::kFailed ||
             to == DeliveryState::kUnknown ||
             (to == DeliveryState::kWaiting && ground == Ground::kNotSent);
    case DeliveryState::kUnknown:
      return (to == DeliveryState::kDelivered || to == DeliveryState::kFailed ||
              to == DeliveryState::kWaiting) &&
             is_evidence(ground);
    case DeliveryState::kDelivered:
      return to == DeliveryState::kFailed && ground == Ground::kReport;
    case DeliveryState::kFailed:
      return false;
  }
  return false;
}

}  // namespace

base::Status check_move(DeliveryState from, DeliveryState to, Ground ground) {
  if (may_move(from, to, ground)) {
    return {};
  }
  std::string message = "a delivery cannot go from ";
  message.append(store::to_string(from)).append(" to ").append(store::to_string(to));
  message.append(" by ").append(to_string(ground)).append("; this is a bug");
  return {base::Code::kInternal, std::move(message)};
}

std::string_view to_string(Ground ground) {
  switch (ground) {
    case Ground::kNone:
      return "itself";
    case Ground::kNotSent:
      return "proof that nothing was sent";
    case Ground::kSentBefore:
      return "an earlier attempt";
    case Ground::kLookup:
      return "a lookup";
    case Ground::kReport:
      return "a report";
    case Ground::kOperator:
      return "the operator";
    case Ground::kPolicy:
      return "policy";
  }
  return "itself";
}

}  // namespace patchbay::delivery
