#include "store/instance_kv.hpp"

#include "base/limits.hpp"
#include "store/statements.hpp"

namespace patchbay::store {
namespace {

constexpr char kGet[] = "SELECT value FROM instance_kv WHERE instance = ? AND key = ?";
constexpr char kPut[] =
    "INSERT INTO instance_kv(instance, key, value) VALUES(?, ?, ?) "
    "ON CONFLICT DO UPDATE SET value = excluded.value";
constexpr char kRemove[] = "DELETE FROM instance_kv WHERE instance = ? AND key = ?";
constexpr char kCount[] = "SELECT count(*) FROM instance_kv WHERE instance = ?";
constexpr char kKeys[] =
    "SELECT key FROM instance_kv WHERE instance = ?1 AND key >= ?2 "
    "AND substr(key, 1, length(?2)) = ?2 ORDER BY key LIMIT ?3";

base::Status too_large(const base::InstanceName& instance, const std::string& what) {
  return {base::Code::kTooLarge, "the memory of instance " + instance.str() + ": " + what};
}

}  // namespace

base::Result<std::optional<std::string>> InstanceKvRepository::get(
    const base::InstanceName& instance, const std::string& key) {
  return guarded("reading an instance's memory", [&]() -> base::Result<std::optional<std::string>> {
    Query query(statements_, kGet, instance, key);
    return query.step() ? std::optional(query.text(0)) : std::nullopt;
  });
}

base::Status InstanceKvRepository::put(const base::InstanceName& instance, const std::string& key,
                                       const std::string& value) {
  if (key.size() > limits::kKvKeyBytes) {
    return too_large(instance, "a key of " + std::to_string(key.size()) + " bytes; at most " +
                                   std::to_string(limits::kKvKeyBytes) + " are kept");
  }
  if (value.size() > limits::kKvValueBytes) {
    return too_large(instance, "the value of " + key + " has " + std::to_string(value.size()) +
                                   " bytes; at most " + std::to_string(limits::kKvValueBytes) +
                                   " are kept");
  }
  return guarded("writing an instance's memory", [&]() -> base::Status {
    if (!Query(statements_, kGet, instance, key).step()) {
      Query query(statements_, kCount, instance);
      query.step();
      if (query.integer(0) >= static_cast<std::int64_t>(limits::kKvKeys)) {
        return too_large(instance, "it holds " + std::to_string(limits::kKvKeys) +
                                       " keys already, and takes no new one");
      }
    }
    Query(statements_, kPut, instance, key, value).run();
    return {};
  });
}

base::Status InstanceKvRepository::remove(const base::InstanceName& instance,
                                          const std::string& key) {
  return guarded("removing from an instance's memory", [&]() -> base::Status {
    Query(statements_, kRemove, instance, key).run();
    return {};
  });
}

base::Result<std::vector<std::string>> InstanceKvRepository::keys(
    const base::InstanceName& instance, const std::string& prefix, std::size_t limit) {
  return guarded("listing an instance's memory", [&]() -> base::Result<std::vector<std::string>> {
    Query query(statements_, kKeys, instance, prefix, limit);
    std::vector<std::string> keys;
    while (query.step()) {
      keys.push_back(query.text(0));
    }
    return keys;
  });
}

}  // namespace patchbay::store
