// Which inbound events were disposed of, for limits::kSeenKept.
#pragma once

#include <cstddef>
#include <optional>

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
  base::Result<bool> insert(const SeenKey& key, Disposition disposition, base::WallTime now);
  // Removes at most `limit` that are older; their number. Equal to `limit`: call again, in a
  // transaction of its own.
  base::Result<std::size_t> prune(base::WallTime older_than, std::size_t limit);

 private:
  Statements& statements_;
};

}  // namespace patchbay::store
