#include "store/chat_moves.hpp"

#include "store/records.hpp"
#include "store/statements.hpp"

namespace patchbay::store {
namespace {

constexpr char kCurrent[] = "SELECT current FROM chat_moves WHERE instance = ? AND former = ?";
constexpr char kFormer[] =
    "SELECT former FROM chat_moves WHERE instance = ? AND current = ? ORDER BY former";
constexpr char kList[] =
    "SELECT instance, former, current FROM chat_moves ORDER BY instance, former";

constexpr char kMoveOn[] = "UPDATE chat_moves SET current = ? WHERE instance = ? AND current = ?";
constexpr char kInsert[] =
    "INSERT INTO chat_moves(instance, former, current) VALUES(?, ?, ?) "
    "ON CONFLICT DO UPDATE SET current = excluded.current";

constexpr char kCopyChat[] =
    "INSERT OR IGNORE INTO chats(instance, key, kind, platform_id, name, first_seen) "
    "SELECT instance, ?, kind, ?, name, first_seen FROM chats WHERE instance = ? AND key = ?";
constexpr char kRemoveChat[] = "DELETE FROM chats WHERE instance = ? AND key = ?";
// The platform numbers the messages of the new chat anew.
constexpr char kRemoveNewestMessages[] =
    "DELETE FROM newest_messages WHERE instance = ? AND chat = ?";
constexpr char kMoveSessions[] = "UPDATE sessions SET chat = ? WHERE instance = ? AND chat = ?";
// What was kept by the new name already gives way: the agent knows the older one.
constexpr char kMoveEngagement[] =
    "UPDATE OR REPLACE engagement SET chat = ? WHERE instance = ? AND chat = ?";
constexpr char kMoveDestinations[] =
    "UPDATE OR REPLACE destinations SET chat = ? WHERE instance = ? AND chat = ?";
constexpr char kMoveHeld[] =
    "UPDATE intake SET chat = ? WHERE instance = ? AND chat = ? AND reason = ?";

}  // namespace

base::Result<bool> ChatMoveRepository::add(const ChatMove& move, const std::string& platform_id) {
  const base::InstanceName& instance = move.instance;
  const base::ChatKey& from = move.from;
  PATCHBAY_ASSIGN(const base::ChatKey known, current(instance, from));
  PATCHBAY_ASSIGN(const base::ChatKey to, current(instance, move.to));
  if (known == to) {
    return false;
  }
  return guarded("moving a chat", [&]() -> base::Result<bool> {
    Query(statements_, kMoveOn, to, instance, from).run();
    Query(statements_, kInsert, instance, from, to).run();
    Query(statements_, kCopyChat, to, platform_id, instance, from).run();
    Query(statements_, kRemoveChat, instance, from).run();
    Query(statements_, kRemoveNewestMessages, instance, from).run();
    for (const char* sql : {kMoveSessions, kMoveEngagement, kMoveDestinations}) {
      Query(statements_, sql, to, instance, from).run();
    }
    Query(statements_, kMoveHeld, to, instance, from, IntakeReason::kUnknownChat).run();
    return true;
  });
}

base::Result<std::vector<base::ChatKey>> ChatMoveRepository::names_of(
    const base::InstanceName& instance, const base::ChatKey& chat) {
  PATCHBAY_ASSIGN(base::ChatKey now, current(instance, chat));
  return guarded("reading a chat's names", [&]() -> base::Result<std::vector<base::ChatKey>> {
    std::vector<base::ChatKey> names{std::move(now)};
    Query query(statements_, kFormer, instance, names.front());
    while (query.step()) {
      names.push_back(query.id<base::ChatKey>(0));
    }
    return names;
  });
}

base::Result<base::ChatKey> ChatMoveRepository::current(const base::InstanceName& instance,
                                                        const base::ChatKey& chat) {
  return guarded("reading a chat's name", [&]() -> base::Result<base::ChatKey> {
    Query query(statements_, kCurrent, instance, chat);
    return query.step() ? query.id<base::ChatKey>(0) : chat;
  });
}

base::Result<std::vector<ChatMove>> ChatMoveRepository::list() {
  return guarded("listing chats that moved", [&]() -> base::Result<std::vector<ChatMove>> {
    Query query(statements_, kList);
    std::vector<ChatMove> moves;
    while (query.step()) {
      moves.push_back({query.id<base::InstanceName>(0), query.id<base::ChatKey>(1),
                       query.id<base::ChatKey>(2)});
    }
    return moves;
  });
}

}  // namespace patchbay::store
