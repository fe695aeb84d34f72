#include "store/chats.hpp"

#include "store/statements.hpp"

namespace patchbay::store {
namespace {

constexpr char kFind[] =
    "SELECT kind, platform_id, name, first_seen FROM chats WHERE instance = ? AND key = ?";
constexpr char kInsert[] =
    "INSERT INTO chats(instance, key, kind, platform_id, name, first_seen) VALUES(?, ?, ?, ?, ?, "
    "?)";
constexpr char kUpdate[] =
    "UPDATE chats SET kind = ?, platform_id = ?, name = ? WHERE instance = ? AND key = ?";
constexpr char kList[] =
    "SELECT instance, key, kind, platform_id, name, first_seen FROM chats "
    "ORDER BY instance, key LIMIT ?";
constexpr char kListOfInstance[] =
    "SELECT instance, key, kind, platform_id, name, first_seen FROM chats "
    "WHERE instance = ? AND key > ? ORDER BY key LIMIT ?";
constexpr char kNewestMessage[] =
    "SELECT message_id FROM newest_messages WHERE instance = ? AND chat = ? AND thread = ?";
constexpr char kSetNewestMessage[] =
    "INSERT INTO newest_messages(instance, chat, thread, message_id) VALUES(?, ?, ?, ?) "
    "ON CONFLICT DO UPDATE SET message_id = excluded.message_id";

std::vector<ChatRecord> read_list(Query& query) {
  std::vector<ChatRecord> chats;
  while (query.step()) {
    chats.push_back({query.id<base::InstanceName>(0), query.id<base::ChatKey>(1),
                     static_cast<ChatKind>(query.integer(2)), query.text(3), query.text(4),
                     query.time(5)});
  }
  return chats;
}

}  // namespace

base::Result<std::optional<ChatRecord>> ChatRepository::find(const base::InstanceName& instance,
                                                             const base::ChatKey& key) {
  return guarded("reading a chat", [&]() -> base::Result<std::optional<ChatRecord>> {
    Query query(statements_, kFind, instance, key);
    if (!query.step()) {
      return std::optional<ChatRecord>();
    }
    return std::optional(ChatRecord{instance, key, static_cast<ChatKind>(query.integer(0)),
                                    query.text(1), query.text(2), query.time(3)});
  });
}

base::Result<bool> ChatRepository::upsert(const ChatRecord& chat) {
  PATCHBAY_ASSIGN(const auto known, find(chat.instance, chat.key));
  return guarded("writing a chat", [&]() -> base::Result<bool> {
    if (!known) {
      Query(statements_, kInsert, chat.instance, chat.key, chat.kind, chat.platform_id, chat.name,
            chat.first_seen)
          .run();
      return true;
    }
    const std::string& name = chat.name.empty() ? known->name : chat.name;
    if (known->kind != chat.kind || known->platform_id != chat.platform_id || known->name != name) {
      Query(statements_, kUpdate, chat.kind, chat.platform_id, name, chat.instance, chat.key).run();
    }
    return false;
  });
}

base::Result<std::vector<ChatRecord>> ChatRepository::list(const base::InstanceName& instance,
                                                           const base::ChatKey& after,
                                                           std::size_t limit) {
  return guarded("listing chats", [&]() -> base::Result<std::vector<ChatRecord>> {
    if (instance.empty()) {
      Query query(statements_, kList, limit);
      return read_list(query);
    }
    Query query(statements_, kListOfInstance, instance, after, limit);
    return read_list(query);
  });
}

base::Result<std::string> ChatRepository::newest_message(const base::InstanceName& instance,
                                                         const base::ChatKey& key,
                                                         const base::ThreadId& thread) {
  return guarded("reading a chat's newest message", [&]() -> base::Result<std::string> {
    Query query(statements_, kNewestMessage, instance, key, thread);
    return query.step() ? query.text(0) : std::string();
  });
}

base::Status ChatRepository::set_newest_message(const base::InstanceName& instance,
                                                const base::ChatKey& key,
                                                const base::ThreadId& thread,
                                                const std::string& message_id) {
  return guarded("writing a chat's newest message", [&]() -> base::Status {
    Query(statements_, kSetNewestMessage, instance, key, thread, message_id).run();
    return {};
  });
}

}  // namespace patchbay::store
