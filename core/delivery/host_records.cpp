#include "delivery/host_records.hpp"

#include "base/sha256.hpp"
#include "delivery/address.hpp"
#include "delivery/content.hpp"
#include "delivery/notice_texts.hpp"

namespace patchbay::delivery {
namespace {

using base::Result;
using store::DeliveryRecord;

// What is sent again may end in the same way once more, and is told of once more.
std::string user_notice_id(const DeliveryRecord& record) {
  const store::DeliveryEnd end = store::delivery_end(record);
  return "notice-" + std::to_string(end.id) + "-" + std::string(store::to_string(end.state)) + "-" +
         std::to_string(end.at.time_since_epoch().count());
}

}  // namespace

DeliveryRecord host_record(const store::LaneKey& lane, const std::string& message_out_id,
                           const std::string& content, base::WallTime now) {
  DeliveryRecord record;
  record.message_out_id = message_out_id;
  record.lane = lane;
  record.kind = "chat";
  record.content = content;
  record.idempotency_key = base::sha256_hex("host/" + message_out_id, 22);
  record.accepted_at = now;
  record.projected = true;  // there is no agent to tell
  return record;
}

Result<std::optional<DeliveryRecord>> tell_user(store::Repositories& repositories,
                                                const DeliveryRecord& record, base::WallTime now) {
  const bool visible = is_visible_message(parse_content(record.kind, record.content).kind);
  if (record.agent.empty() || !visible || !is_chat_lane(record.lane)) {
    return std::optional<DeliveryRecord>();
  }
  DeliveryRecord notice =
      host_record(record.lane, user_notice_id(record),
                  text_content(user_notice_text(record.state, record.reason)), now);
  PATCHBAY_ASSIGN(const auto id, repositories.ledger.accept(notice));
  if (!id) {
    return std::optional<DeliveryRecord>();
  }
  notice.id = *id;
  return std::optional(std::move(notice));
}

}  // namespace patchbay::delivery
