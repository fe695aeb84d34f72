#include "store/watermarks.hpp"

#include "store/statements.hpp"

namespace patchbay::store {
namespace {

constexpr char kFind[] =
    "SELECT row, id, seq, inode, schema_version FROM watermarks WHERE agent = ? AND session = ?";
constexpr char kPut[] =
    "INSERT INTO watermarks(agent, session, row, id, seq, inode, schema_version) "
    "VALUES(?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET row = excluded.row, id = excluded.id, "
    "seq = excluded.seq, inode = excluded.inode, schema_version = excluded.schema_version";
constexpr char kRemove[] = "DELETE FROM watermarks WHERE agent = ? AND session = ?";

}  // namespace

base::Result<std::optional<WatermarkRecord>> WatermarkRepository::find(
    const base::AgentGroupId& agent, const base::SessionId& session) {
  return guarded("reading a watermark", [&]() -> base::Result<std::optional<WatermarkRecord>> {
    Query query(statements_, kFind, agent, session);
    if (!query.step()) {
      return std::optional<WatermarkRecord>();
    }
    return std::optional(WatermarkRecord{query.integer(0), query.text(1), query.integer(2),
                                         static_cast<std::uint64_t>(query.integer(3)),
                                         query.integer(4)});
  });
}

base::Status WatermarkRepository::put(const base::AgentGroupId& agent,
                                      const base::SessionId& session,
                                      const WatermarkRecord& watermark) {
  return guarded("writing a watermark", [&]() -> base::Status {
    Query(statements_, kPut, agent, session, watermark.rowid, watermark.id, watermark.seq,
          watermark.inode, watermark.schema_version)
        .run();
    return {};
  });
}

base::Status WatermarkRepository::remove(const base::AgentGroupId& agent,
                                         const base::SessionId& session) {
  return guarded("removing a watermark", [&]() -> base::Status {
    Query(statements_, kRemove, agent, session).run();
    return {};
  });
}

}  // namespace patchbay::store
