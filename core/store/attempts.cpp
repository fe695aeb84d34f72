#include "store/attempts.hpp"

#include "store/statements.hpp"

namespace patchbay::store {
namespace {

constexpr char kBegin[] =
    "INSERT INTO attempts(delivery, number, began_at, reason) VALUES(?1, "
    "(SELECT ifnull(max(number), 0) + 1 FROM attempts WHERE delivery = ?1), ?2, '')";
constexpr char kEnd[] =
    "UPDATE attempts SET ended_at = ?2, outcome = ?3, code = ?4, reason = ?5 "
    "WHERE delivery = ?1 AND ended_at IS NULL";
constexpr char kList[] =
    "SELECT number, began_at, ended_at, outcome, code, reason FROM attempts WHERE delivery = ? "
    "ORDER BY number";

AttemptRecord read(const Query& query) {
  AttemptRecord record;
  record.number = query.integer(0);
  record.began_at = query.time(1);
  record.ended_at = query.optional_time(2);
  if (!query.null(3)) {
    record.outcome = static_cast<DeliveryState>(query.integer(3));
  }
  if (!query.null(4)) {
    record.code = static_cast<std::int32_t>(query.integer(4));
  }
  record.reason = query.text(5);
  return record;
}

}  // namespace

base::Status AttemptRepository::begin(std::int64_t delivery, base::WallTime at) {
  return guarded("beginning an attempt", [&]() -> base::Status {
    Query(statements_, kBegin, delivery, at).run();
    return {};
  });
}

base::Status AttemptRepository::end(std::int64_t delivery, base::WallTime at, DeliveryState outcome,
                                    std::optional<std::int32_t> code, const std::string& reason) {
  return guarded("ending an attempt", [&]() -> base::Status {
    Query(statements_, kEnd, delivery, at, outcome, code, reason).run();
    return {};
  });
}

base::Result<std::vector<AttemptRecord>> AttemptRepository::list(std::int64_t delivery) {
  return guarded("reading attempts", [&]() -> base::Result<std::vector<AttemptRecord>> {
    Query query(statements_, kList, delivery);
    std::vector<AttemptRecord> attempts;
    while (query.step()) {
      attempts.push_back(read(query));
    }
    return attempts;
  });
}

}  // namespace patchbay::store
