// What `patchbay status` tells out of the central database.
#pragma once

#include <cstdint>
#include <functional>
#include <nlohmann/json_fwd.hpp>
#include <vector>

#include "base/clock.hpp"
#include "base/ids.hpp"
#include "base/status.hpp"
#include "store/repositories.hpp"

namespace patchbay::host {

// A chat that no wiring named when messages came in it.
struct UnwiredChat {
  base::InstanceName instance;
  base::ChatKey chat;
  std::int64_t held = 0;     // wait until a wiring names it
  std::int64_t refused = 0;  // came when as many were held as are kept, ever
};

struct StoredFacts {
  std::vector<UnwiredChat> unwired;  // those with the most messages first
  // Refused since an agent hears known people only: the most recent kStrangersTold.
  std::vector<store::AuditRecord> strangers;
  std::int64_t unknown_deliveries = 0;  // still to be resolved
};

// [the database's thread]
[[nodiscard]] base::Result<StoredFacts> read_stored_facts(store::Repositories& repositories);

// {"held","refused","chatCount","chats":[{"instance","chat","held","refused"}]}: of the chats that
// `is_wired` does not know by now; at most kUnwiredChatsTold of them one by one.
inline constexpr std::size_t kUnwiredChatsTold = 100;
[[nodiscard]] nlohmann::json unwired_json(
    const StoredFacts& facts, const std::function<bool(const base::ChatKey&)>& is_wired);

// [{"instance","chat","sender","name","refused","last"}]: of the people that `is_stranger` still
// says to be refused and who wrote within kStrangersShown, the most recent first. "refused" counts
// their messages, ever.
inline constexpr std::size_t kStrangersTold = 100;
inline constexpr std::chrono::hours kStrangersShown{7 * 24};
[[nodiscard]] nlohmann::json strangers_json(
    const StoredFacts& facts, base::WallTime now,
    const std::function<bool(const store::AuditRecord&)>& is_stranger);

}  // namespace patchbay::host
