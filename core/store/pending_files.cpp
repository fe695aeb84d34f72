#include "store/pending_files.hpp"

#include "store/statements.hpp"

namespace patchbay::store {
namespace {

constexpr char kInsert[] =
    "INSERT INTO pending_files(agent, session, row_id, event) VALUES(?, ?, ?, ?) "
    "ON CONFLICT DO NOTHING";
constexpr char kRemove[] =
    "DELETE FROM pending_files WHERE agent = ? AND session = ? AND row_id = ?";
constexpr char kFind[] =
    "SELECT 1 FROM pending_files WHERE agent = ? AND session = ? AND row_id = ?";
constexpr char kLoad[] =
    "SELECT id, agent, session, row_id, event FROM pending_files WHERE id > ? ORDER BY id LIMIT ?";

}  // namespace

base::Status PendingFilesRepository::insert(const PendingFilesRecord& record) {
  return guarded("writing pending files", [&]() -> base::Status {
    Query(statements_, kInsert, record.agent, record.session, record.row_id, record.event).run();
    return {};
  });
}

base::Status PendingFilesRepository::remove(const base::AgentGroupId& agent,
                                            const base::SessionId& session,
                                            const std::string& row_id) {
  return guarded("removing pending files", [&]() -> base::Status {
    Query(statements_, kRemove, agent, session, row_id).run();
    return {};
  });
}

base::Result<bool> PendingFilesRepository::contains(const base::AgentGroupId& agent,
                                                    const base::SessionId& session,
                                                    const std::string& row_id) {
  return guarded("reading pending files", [&]() -> base::Result<bool> {
    return Query(statements_, kFind, agent, session, row_id).step();
  });
}

base::Result<std::vector<PendingFilesRecord>> PendingFilesRepository::load(std::int64_t after,
                                                                           std::size_t limit) {
  return guarded("reading pending files", [&]() -> base::Result<std::vector<PendingFilesRecord>> {
    Query query(statements_, kLoad, after, limit);
    std::vector<PendingFilesRecord> records;
    while (query.step()) {
      records.push_back({query.integer(0), query.id<base::AgentGroupId>(1),
                         query.id<base::SessionId>(2), query.text(3), query.text(4)});
    }
    return records;
  });
}

}  // namespace patchbay::store
