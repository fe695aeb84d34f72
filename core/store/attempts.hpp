// Each time that a delivery was sending, for the person who asks what happened to it. Written by
// the ledger's own moves; a delivery that is deleted takes its attempts with it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "base/status.hpp"
#include "store/records.hpp"

namespace patchbay::store {

class Statements;

class AttemptRepository {
 public:
  explicit AttemptRepository(Statements& statements) : statements_(statements) {}

  base::Status begin(std::int64_t delivery, base::WallTime at);
  // Ends the one that is under way; without one nothing changes (it began before attempts were
  // kept).
  base::Status end(std::int64_t delivery, base::WallTime at, DeliveryState outcome,
                   std::optional<std::int32_t> code, const std::string& reason);
  // In order.
  base::Result<std::vector<AttemptRecord>> list(std::int64_t delivery);

 private:
  Statements& statements_;
};

}  // namespace patchbay::store
