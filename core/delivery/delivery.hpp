// What agents and the host say, brought to the chats. The promise is in docs/delivery.md: every row
// ends in exactly one of delivered, failed and unknown; order holds in each lane; nothing is
// silent.
//
// Everything here: [core thread].
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "attachments/mime_detector.hpp"
#include "attachments/spool.hpp"
#include "base/executor.hpp"
#include "base/random.hpp"
#include "base/status.hpp"
#include "base/unique_function.hpp"
#include "delivery/channel_port.hpp"
#include "delivery/ports.hpp"
#include "delivery/retry_policy.hpp"
#include "delivery/session_watcher.hpp"
#include "session/session_storage.hpp"
#include "store/central_database.hpp"
#include "store/repositories.hpp"

namespace patchbay::delivery {

// What delivery works with. All of it outlives the service.
struct Dependencies {
  base::Loop& loop;
  base::Executor& storage_threads;  // blocking work on files
  base::Random& random;
  store::CentralDatabase& database;
  session::SessionStorage& sessions;
  ChannelPort& channels;
  SystemActionPort& system_actions;
  AgentMessagePort& agent_messages;
  SessionWatcher& watcher;
  // Used on the storage threads; stays alive until they have run what they were given.
  std::shared_ptr<const attachments::Spool> spool;
  std::shared_ptr<attachments::MimeDetector> mime;
};

struct DeliveryOptions {
  RetryPolicy policy;
  std::map<base::InstanceName, RetryPolicy> policy_of_instance;  // instead of `policy`
  base::Milliseconds spool_kept = limits::kSpoolKept;  // after the end of failed and unknown ones
};

// What the host says by itself.
struct Saying {
  std::string message_out_id;  // unique for ever; repeating it changes nothing. Empty: made up
  store::LaneKey lane;
  std::string text;      // CommonMark
  std::string content;   // instead of text: a content of messages_out (a question …)
  std::string reply_to;  // platform id; empty: none
};

class DeliveryService {
 public:
  DeliveryService(Dependencies dependencies, DeliveryOptions options);
  DeliveryService(const DeliveryService&) = delete;
  DeliveryService& operator=(const DeliveryService&) = delete;
  // What is under way is dropped as by a crash; the ledger knows how to go on. See stop().
  ~DeliveryService();

  // What the channels tell: give this to core/adapters.
  [[nodiscard]] ChannelEvents& channel_events();

  // Rebuilds the lanes from the ledger, resolves what a stopped host left in `sending`, and reads
  // the sessions that may hold unread rows; `ready` when that is done, or with what the database
  // said. All other sessions follow at low priority.
  void start(base::UniqueFunction<void(base::Status)> ready);

  // An agent of this session is about to start: its folder is watched, then read.
  void session_started(const session::SessionAddress& session);
  // The agent is gone: its folder is read once more. `done` when all it wrote has been accepted.
  void session_exited(const session::SessionAddress& session,
                      base::UniqueFunction<void(base::Status)> done);
  // A hint that there may be something new (also after an import, or by the command line).
  void wake(const session::SessionAddress& session);
  // Its rows that have not begun to be sent fail with `reason`; `done` when that is durable.
  void session_deleted(const session::SessionAddress& session, const std::string& reason,
                       base::UniqueFunction<void(base::Status)> done);

  // `done` when it is durably accepted.
  void say(const Saying& saying, base::UniqueFunction<void(base::Status)> done);
  // Somebody put rows into host_outbox in a transaction of their own, which is now durable.
  void host_outbox_changed();

  // The agent of this session works on a message, or has stopped to: shown as typing in its chat,
  // every few seconds, where the channel can.
  void set_working(const session::SessionAddress& session, bool working);

  // Acknowledgements that drains found, for the supervisor: exposed rows only, taken over already.
  using Acknowledged = std::function<void(const session::SessionAddress&,
                                          const std::vector<session::Acknowledgement>&)>;
  void on_acknowledgements(Acknowledged listener);
  // Told whenever a delivery has changed its state: for the gateway and waiting command lines.
  using Changed = std::function<void(const store::DeliveryRecord&)>;
  void on_delivery(Changed listener);

  // For the command line. Newest first.
  void list(store::DeliveryFilter filter,
            base::UniqueFunction<void(base::Result<store::DeliveryPage>)> done);
  // An operator resolves an unknown delivery: delivered, failed, or waiting (sent again). Gives
  // what the ledger holds then; kNotFound and kRefused as resolve_unknown() says.
  void resolve(std::int64_t delivery_id, store::DeliveryState to,
               base::UniqueFunction<void(base::Result<store::DeliveryRecord>)> done);

  // Nothing new is begun; `done` when nothing is under way any more, or at the deadline.
  void stop(base::MonotonicTime deadline, base::UniqueFunction<void()> done);

 private:
  class Parts;
  std::unique_ptr<Parts> parts_;
};

}  // namespace patchbay::delivery
