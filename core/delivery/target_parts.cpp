#include "delivery/target_parts.hpp"

#include <algorithm>
#include <string>
#include <vector>

#include "delivery/content.hpp"

namespace patchbay::delivery {
namespace {

using store::DeliveryRecord;

ContentKind kind_of(const DeliveryRecord& record) {
  return parse_content(record.kind, record.content).kind;
}

void add_missing(const std::vector<std::string>& more, std::vector<std::string>& ids) {
  for (const std::string& id : more) {
    if (!id.empty() && std::find(ids.begin(), ids.end(), id) == ids.end()) {
      ids.push_back(id);
    }
  }
}

std::vector<std::string> ids_of(const DeliveryRecord& record) {
  std::vector<std::string> ids;
  ids.reserve(record.parts.size());
  for (const store::DeliveryPart& part : record.parts) {
    ids.push_back(part.remote_id);
  }
  return ids;
}

}  // namespace

// The last edit that was delivered, else the message itself, has the parts as they are now. What
// came after it and ended early may have added some.
base::Status load_target_parts(store::Repositories& repositories, DeliveryRecord& record) {
  record.target_parts.clear();
  if (record.target.empty()) {
    return {};
  }
  std::vector<std::string> later;
  bool has_files = false;
  for (std::int64_t before = record.id; before > 0;) {
    PATCHBAY_ASSIGN(const auto found,
                    repositories.ledger.find_by_first_part(record.lane, record.target, before));
    if (!found) {
      break;
    }
    before = found->id;
    const ContentKind kind = kind_of(*found);
    if (kind == ContentKind::kReaction || kind == ContentKind::kDelete) {
      continue;
    }
    has_files = has_files || !found->files.empty();
    std::vector<std::string> ids = ids_of(*found);
    add_missing(later, ids);
    later = std::move(ids);
    if (found->state == store::DeliveryState::kDelivered) {
      break;
    }
  }
  record.target_parts = {record.target};
  // Which parts of a message with files show text is known to its adapter alone.
  if (!has_files || kind_of(record) != ContentKind::kEdit) {
    add_missing(later, record.target_parts);
  }
  return {};
}

}  // namespace patchbay::delivery
