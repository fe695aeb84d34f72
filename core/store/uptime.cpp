#include "store/uptime.hpp"

#include "store/ledger_sql.hpp"
#include "store/statements.hpp"

namespace patchbay::store {
namespace {

constexpr char kBegin[] =
    "INSERT INTO uptime(id, at) VALUES(0, ?) ON CONFLICT DO UPDATE SET at = excluded.at";

}  // namespace

base::Status UptimeRepository::begin(base::WallTime now) {
  return guarded("noting the start", [&]() -> base::Status {
    Query(statements_, ledger_sql::kAddTimeOff, now).run();
    Query(statements_, ledger_sql::kMovePauses, now).run();
    Query(statements_, kBegin, now).run();
    return {};
  });
}

base::Status UptimeRepository::seen(base::WallTime now) {
  return guarded("noting that the host is at work", [&]() -> base::Status {
    Query(statements_, ledger_sql::kSeenAtWork, now).run();
    return {};
  });
}

}  // namespace patchbay::store
