// Which inbound events were disposed of, for limits::kSeenKept.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "base/status.hpp"
#include "store/records.hpp"

namespace patchbay::store {

class Statements;

class SeenRepository {
 public:
  explicit SeenRepository(Statements& statements) : statements_(statements) {}

  base::Result<std::optional<Disposition>> find(const SeenKey& key);
  // False: it was there already and stays as it was.
  base::Result<bool> insert(const SeenRecord& record);
  // What was kept for later went on: its disposition and rows are these now.
  base::Status update(const SeenKey& key, Disposition disposition,
                      const std::vector<InboxRow>& rows);
  // What waited in the intake for its session is stored there now.
  base::Status left_intake(const SeenKey& key);
  // For a person who traces an event: by its id, the platform's id of its message, or the id of a
  // row that it became; in this chat, or if it is empty in any. Newest first.
  base::Result<std::vector<SeenRecord>> find_by_any_id(const std::string& id,
                                                       const base::ChatKey& chat,
                                                       std::size_t limit);
  // Removes at most `limit` that are older; their number. Equal to `limit`: call again, in a
  // transaction of its own.
  base::Result<std::size_t> prune(base::WallTime older_than, std::size_t limit);

 private:
  Statements& statements_;
};

}  // namespace patchbay::store
