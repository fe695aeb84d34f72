#include "store/audit.hpp"

#include "base/limits.hpp"
#include "store/statements.hpp"

namespace patchbay::store {
namespace {

constexpr char kCountAgain[] =
    "UPDATE audit SET count = count + 1, last = ?, sender_name = ? "
    "WHERE instance = ? AND chat = ? AND sender = ? AND reason = ?";
constexpr char kInsert[] =
    "INSERT INTO audit(instance, chat, sender, reason, sender_name, count, first, last) "
    "VALUES(?1, ?2, ?3, ?4, ?5, 1, ?6, ?6)";
constexpr char kRows[] = "SELECT count(*) FROM audit";
constexpr char kRemoveQuietest[] =
    "DELETE FROM audit WHERE (instance, chat, sender, reason) IN "
    "(SELECT instance, chat, sender, reason FROM audit ORDER BY last LIMIT ?)";
constexpr char kList[] =
    "SELECT instance, chat, sender, sender_name, reason, count, first, last FROM audit "
    "ORDER BY last DESC LIMIT ?";
constexpr char kListOf[] =
    "SELECT instance, chat, sender, sender_name, reason, count, first, last FROM audit "
    "WHERE reason = ? ORDER BY last DESC LIMIT ?";
constexpr char kCountByChat[] =
    "SELECT instance, chat, sum(count) FROM audit WHERE reason = ? GROUP BY instance, chat";

std::vector<AuditRecord> read_records(Query& query) {
  std::vector<AuditRecord> records;
  while (query.step()) {
    records.push_back({query.id<base::InstanceName>(0), query.id<base::ChatKey>(1), query.text(2),
                       query.text(3), query.text(4), query.integer(5), query.time(6),
                       query.time(7)});
  }
  return records;
}

}  // namespace

base::Status AuditRepository::count_one(const AuditRecord& record) {
  return guarded("writing the audit", [&]() -> base::Status {
    if (Query(statements_, kCountAgain, record.last, record.sender_name, record.instance,
              record.chat, record.sender, record.reason)
            .run() > 0) {
      return {};
    }
    // Strangers can make any number of senders up: room is made for many at once, so that the
    // counting of rows is rare.
    if (inserts_until_look_ == 0) {
      Query rows(statements_, kRows);
      rows.step();
      const std::int64_t free = limits::kAuditRows - rows.integer(0);
      constexpr std::int64_t kStep = limits::kAuditRows / 20;
      if (free < kStep) {
        Query(statements_, kRemoveQuietest, kStep - free).run();
      }
      inserts_until_look_ = kStep;
    }
    --inserts_until_look_;
    Query(statements_, kInsert, record.instance, record.chat, record.sender, record.reason,
          record.sender_name, record.last)
        .run();
    return {};
  });
}

base::Result<std::vector<ChatCount>> AuditRepository::count_by_chat(const std::string& reason) {
  return guarded("counting the audit", [&]() -> base::Result<std::vector<ChatCount>> {
    Query query(statements_, kCountByChat, reason);
    return read_chat_counts(query);
  });
}

base::Result<std::vector<AuditRecord>> AuditRepository::list_of(const std::string& reason,
                                                                std::size_t limit) {
  return guarded("listing the audit", [&]() -> base::Result<std::vector<AuditRecord>> {
    Query query(statements_, kListOf, reason, limit);
    return read_records(query);
  });
}

base::Result<std::vector<AuditRecord>> AuditRepository::list(std::size_t limit) {
  return guarded("listing the audit", [&]() -> base::Result<std::vector<AuditRecord>> {
    Query query(statements_, kList, limit);
    return read_records(query);
  });
}

}  // namespace patchbay::store
