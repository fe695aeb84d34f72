#include "store/instance_state.hpp"

#include "store/statements.hpp"

namespace patchbay::store {
namespace {

constexpr char kPut[] =
    "INSERT INTO retry_deadlines(instance, chat, until) VALUES(?, ?, ?) "
    "ON CONFLICT DO UPDATE SET until = max(until, excluded.until)";
constexpr char kRemove[] = "DELETE FROM retry_deadlines WHERE instance = ? AND chat = ?";
constexpr char kRemovePassed[] = "DELETE FROM retry_deadlines WHERE until <= ?";
constexpr char kLoad[] =
    "SELECT instance, chat, until FROM retry_deadlines ORDER BY instance, chat";

}  // namespace

base::Status InstanceStateRepository::put_deadline(const RetryDeadline& deadline) {
  return guarded("writing a retry deadline", [&]() -> base::Status {
    Query(statements_, kPut, deadline.instance, deadline.chat, deadline.until).run();
    return {};
  });
}

base::Status InstanceStateRepository::remove_deadline(const base::InstanceName& instance,
                                                      const base::ChatKey& chat) {
  return guarded("removing a retry deadline", [&]() -> base::Status {
    Query(statements_, kRemove, instance, chat).run();
    return {};
  });
}

base::Result<std::vector<RetryDeadline>> InstanceStateRepository::load_deadlines(
    base::WallTime now) {
  return guarded("reading retry deadlines", [&]() -> base::Result<std::vector<RetryDeadline>> {
    Query(statements_, kRemovePassed, now).run();
    Query query(statements_, kLoad);
    std::vector<RetryDeadline> deadlines;
    while (query.step()) {
      deadlines.push_back(
          {query.id<base::InstanceName>(0), query.id<base::ChatKey>(1), query.time(2)});
    }
    return deadlines;
  });
}

}  // namespace patchbay::store
