#include "delivery/projection.hpp"

#include "store/ledger.hpp"

namespace patchbay::delivery {

session::DeliveredRow delivered_row_of(const store::DeliveryRecord& record, base::WallTime now) {
  session::DeliveredRow row;
  row.message_out_id = record.message_out_id;
  row.platform_message_id = record.parts.empty() ? std::string() : record.parts.front().remote_id;
  row.status = store::to_string(record.state);
  row.reason = record.reason;
  row.delivered_at = record.finished_at.value_or(now);
  return row;
}

}  // namespace patchbay::delivery
