#include "telegram/chat_moves.hpp"

#include <charconv>
#include <cstdint>
#include <nlohmann/json.hpp>

#include "common/json_value.hpp"

namespace patchbay::telegram {
namespace {

using sdk::Task;

std::string entry_name(const std::string& chat_id) { return "moved/" + chat_id; }

// Only plain groups move; their ids lie between those of people (positive) and those of supergroups
// and channels (below -10^12).
bool can_move(const std::string& chat_id) {
  constexpr std::int64_t kLastPlainGroup = -1'000'000'000'000;
  std::int64_t id = 0;
  const auto parsed = std::from_chars(chat_id.data(), chat_id.data() + chat_id.size(), id);
  return parsed.ec == std::errc() && id < 0 && id > kLastPlainGroup;
}

}  // namespace

Task<std::string> ChatMoves::current_id(std::string chat_id) {
  if (!can_move(chat_id)) {
    co_return chat_id;
  }
  const auto known = known_.find(chat_id);
  if (known != known_.end()) {
    co_return known->second;
  }
  const std::string name = entry_name(chat_id);
  const sdk::KvValue entry = co_await adapter_.kv.get(name);
  if (!entry.found() && entry.code != PBAY_E_NOT_FOUND) {
    co_return chat_id;  // Telegram says so if it has moved; the next one asks again
  }
  std::string current = entry.found() ? entry.value : chat_id;
  known_[chat_id] = current;
  co_return current;
}

Task<bool> ChatMoves::remember(Migration migration) {
  std::string& known = known_[migration.from];
  if (known == migration.to) {
    co_return true;  // Telegram says it twice, in the old chat and in the new one
  }
  known = migration.to;
  // Before it is kept: the host stores in the order of the calls, so what is kept was told.
  adapter_.metadata(common::to_text({{"fact", "chat_moved"},
                                     {"from", {{"kind", "group"}, {"id", migration.from}}},
                                     {"to", {{"kind", "group"}, {"id", migration.to}}}}));
  const std::string name = entry_name(migration.from);
  const sdk::Completion kept = co_await adapter_.kv.put(name, migration.to);
  if (!kept.ok()) {
    known_.erase(migration.from);
    co_return false;
  }
  adapter_.log_info("group " + migration.from + " became supergroup " + migration.to);
  co_return true;
}

}  // namespace patchbay::telegram
