#include "store/host_outbox.hpp"

#include "store/statements.hpp"

namespace patchbay::store {
namespace {

constexpr char kInLedger[] =
    "SELECT 1 FROM deliveries WHERE agent = '' AND session = '' AND message_out_id = ?";
constexpr char kPut[] =
    "INSERT INTO host_outbox(message_out_id, instance, chat, thread, kind, content, in_reply_to, "
    "spool, files, created_at) VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING";
constexpr char kLoad[] =
    "SELECT id, message_out_id, instance, chat, thread, kind, content, in_reply_to, spool, files, "
    "created_at FROM host_outbox ORDER BY id LIMIT ?";
constexpr char kRemove[] = "DELETE FROM host_outbox WHERE id = ?";

}  // namespace

base::Result<bool> HostOutboxRepository::put(const HostMessage& message) {
  const std::string files = to_json_list(message.files);
  return guarded("writing a message of the host", [&]() -> base::Result<bool> {
    if (Query(statements_, kInLedger, message.message_out_id).step()) {
      return false;
    }
    Query query(statements_, kPut, message.message_out_id, message.lane.instance, message.lane.chat,
                message.lane.thread, message.kind, message.content, message.in_reply_to,
                message.spool, files, message.created_at);
    return query.run() == 1;
  });
}

base::Result<std::vector<HostMessage>> HostOutboxRepository::load(std::size_t limit) {
  return guarded("reading messages of the host", [&]() -> base::Result<std::vector<HostMessage>> {
    Query query(statements_, kLoad, limit);
    std::vector<HostMessage> messages;
    while (query.step()) {
      HostMessage message;
      message.id = query.integer(0);
      message.message_out_id = query.text(1);
      message.lane = {query.id<base::InstanceName>(2), query.id<base::ChatKey>(3),
                      query.id<base::ThreadId>(4)};
      message.kind = query.text(5);
      message.content = query.text(6);
      message.in_reply_to = query.text(7);
      message.spool = query.text(8);
      message.files = from_json_list(query.text(9));
      message.created_at = query.time(10);
      messages.push_back(std::move(message));
    }
    return messages;
  });
}

base::Status HostOutboxRepository::remove(std::int64_t id) {
  return guarded("removing a message of the host", [&]() -> base::Status {
    Query(statements_, kRemove, id).run();
    return {};
  });
}

}  // namespace patchbay::store
