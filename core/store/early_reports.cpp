#include "store/early_reports.hpp"

#include "store/statements.hpp"

namespace patchbay::store {
namespace {

constexpr char kPut[] =
    "INSERT INTO early_reports(delivery, failed, reason, part) VALUES(?, ?, ?, ?) "
    "ON CONFLICT DO UPDATE SET failed = excluded.failed, reason = excluded.reason, "
    "part = excluded.part "
    "WHERE excluded.failed > failed OR (excluded.failed AND excluded.part < part)";
constexpr char kTake[] =
    "DELETE FROM early_reports WHERE delivery = ? RETURNING failed, reason, part";

constexpr char kPutFailure[] =
    "INSERT INTO early_failures(instance, remote_id, reason, at) VALUES(?, ?, ?, ?) "
    "ON CONFLICT DO NOTHING";
constexpr char kTakeFailure[] =
    "DELETE FROM early_failures WHERE instance = ? AND remote_id = ? RETURNING reason";

constexpr char kPrune[] =
    "DELETE FROM early_reports WHERE NOT EXISTS "
    "(SELECT 1 FROM deliveries WHERE id = early_reports.delivery AND state = 1)";
// Of before the oldest attempt that is under way; all, if there is none.
constexpr char kPruneFailures[] =
    "DELETE FROM early_failures WHERE at < ifnull((SELECT min(began_at) FROM deliveries "
    "JOIN attempts ON delivery = id WHERE deliveries.state < 2 AND deliveries.state = 1 "
    "AND ended_at IS NULL), 9223372036854775807)";

}  // namespace

base::Status EarlyReportRepository::put(std::int64_t delivery, const EndReport& report) {
  return guarded("keeping a report", [&]() -> base::Status {
    Query(statements_, kPut, delivery, report.failed, report.reason, report.part).run();
    return {};
  });
}

base::Result<std::optional<EndReport>> EarlyReportRepository::take(std::int64_t delivery) {
  return guarded("looking for a report", [&]() -> base::Result<std::optional<EndReport>> {
    Query query(statements_, kTake, delivery);
    std::optional<EndReport> report;
    while (query.step()) {  // to its end: only then has it been deleted
      report =
          EndReport{query.flag(0), query.text(1), static_cast<std::uint32_t>(query.integer(2))};
    }
    return report;
  });
}

base::Status EarlyReportRepository::put_failure(const base::InstanceName& instance,
                                                const std::string& remote_id,
                                                const std::string& reason, base::WallTime at) {
  return guarded("keeping a report", [&]() -> base::Status {
    Query(statements_, kPutFailure, instance, remote_id, reason, at).run();
    return {};
  });
}

base::Result<std::optional<EndReport>> EarlyReportRepository::take_failure(
    const base::InstanceName& instance, const std::string& remote_id) {
  return guarded("looking for a report", [&]() -> base::Result<std::optional<EndReport>> {
    Query query(statements_, kTakeFailure, instance, remote_id);
    std::optional<EndReport> report;
    while (query.step()) {  // to its end: only then has it been deleted
      report = EndReport{true, query.text(0)};
    }
    return report;
  });
}

base::Status EarlyReportRepository::prune() {
  return guarded("forgetting reports", [&]() -> base::Status {
    Query(statements_, kPrune).run();
    Query(statements_, kPruneFailures).run();
    return {};
  });
}

}  // namespace patchbay::store
