#include "store/seen.hpp"

#include "store/statements.hpp"

namespace patchbay::store {
namespace {

constexpr char kFind[] =
    "SELECT disposition FROM seen WHERE instance = ? AND chat = ? AND event_id = ?";
constexpr char kInsert[] =
    "INSERT INTO seen(instance, chat, event_id, disposition, at) VALUES(?, ?, ?, ?, ?) "
    "ON CONFLICT DO NOTHING";
constexpr char kPrune[] =
    "DELETE FROM seen WHERE (instance, chat, event_id) IN "
    "(SELECT instance, chat, event_id FROM seen WHERE at < ? ORDER BY at LIMIT ?)";

}  // namespace

base::Result<std::optional<Disposition>> SeenRepository::find(const SeenKey& key) {
  return guarded("looking up a seen event", [&]() -> base::Result<std::optional<Disposition>> {
    Query query(statements_, kFind, key.instance, key.chat, key.event_id);
    if (!query.step()) {
      return std::optional<Disposition>();
    }
    return std::optional(static_cast<Disposition>(query.integer(0)));
  });
}

base::Result<bool> SeenRepository::insert(const SeenKey& key, Disposition disposition,
                                          base::WallTime now) {
  return guarded("recording a seen event", [&]() -> base::Result<bool> {
    Query query(statements_, kInsert, key.instance, key.chat, key.event_id, disposition, now);
    return query.run() == 1;
  });
}

base::Result<std::size_t> SeenRepository::prune(base::WallTime older_than, std::size_t limit) {
  return guarded("pruning seen events", [&]() -> base::Result<std::size_t> {
    Query query(statements_, kPrune, older_than, limit);
    return query.run();
  });
}

}  // namespace patchbay::store
