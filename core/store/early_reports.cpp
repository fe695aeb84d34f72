#include "store/early_reports.hpp"

#include "store/statements.hpp"

namespace patchbay::store {
namespace {

constexpr char kPut[] =
    "INSERT INTO early_reports(delivery, failed, reason) VALUES(?, ?, ?) "
    "ON CONFLICT DO UPDATE SET failed = excluded.failed, reason = excluded.reason "
    "WHERE excluded.failed > failed";
constexpr char kTake[] = "DELETE FROM early_reports WHERE delivery = ? RETURNING failed, reason";

}  // namespace

base::Status EarlyReportRepository::put(std::int64_t delivery, const EndReport& report) {
  return guarded("keeping a report", [&]() -> base::Status {
    Query(statements_, kPut, delivery, report.failed, report.reason).run();
    return {};
  });
}

base::Result<std::optional<EndReport>> EarlyReportRepository::take(std::int64_t delivery) {
  return guarded("looking for a report", [&]() -> base::Result<std::optional<EndReport>> {
    Query query(statements_, kTake, delivery);
    std::optional<EndReport> report;
    while (query.step()) {  // to its end: only then has it been deleted
      report = EndReport{query.flag(0), query.text(1)};
    }
    return report;
  });
}

}  // namespace patchbay::store
