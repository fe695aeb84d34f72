// What follows when a delivery has ended: the agent's `delivered` table, the notices, the spool.
// Nothing here can change what became of the delivery. Internal to this folder. [core thread]
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "base/lifetime.hpp"
#include "delivery/core.hpp"

namespace patchbay::delivery {

class Aftermath {
 public:
  explicit Aftermath(Core& core) : core_(core) {}

  // What a stopped host left to do, and what has to be done now and then from now on.
  void start();
  // Every session was read since the start: what lies in the spool from before, and belongs to no
  // delivery, is not wanted any more.
  void all_sessions_read();
  // A delivery came to an end state (again, if it was resolved or reported).
  void ended(const store::DeliveryRecord& record);

  // One notice a chat a minute.
  [[nodiscard]] bool may_tell_user(const store::LaneKey& lane) const;
  void user_was_told(const store::LaneKey& lane);
  // The chats, without threads, whose persons were told less than a minute ago.
  [[nodiscard]] std::set<store::LaneKey> users_told_just_now() const;

 private:
  struct ChatName {
    session::SessionAddress session;
    store::LaneKey lane;  // without its thread
    auto operator<=>(const ChatName&) const = default;
  };
  // Failures that the agent has not been told of, because it was told of one just now.
  struct Gathered {
    std::vector<store::DeliveryRecord> failures;  // the first few, without contents' files
    std::vector<store::DeliveryEnd> all;
    bool minute_runs = false;
  };

  void read_rest();
  void sweep();
  void list_spool();
  void project(const store::DeliveryRecord& record, int tries = 0);
  void project_again(const store::DeliveryEnd& end, int tries);
  void projected(const store::DeliveryEnd& end);
  void notify(const store::DeliveryRecord& record);
  void answer_action(const store::DeliveryRecord& record);
  void tell_agent(const ChatName& name);
  void write_notice(const session::SessionAddress& session, session::InboundMessage message,
                    std::vector<store::DeliveryEnd> about, int tries = 0);
  void notified(const std::vector<store::DeliveryEnd>& about);
  void flush();
  void clear_spool(const store::DeliveryRecord& record);

  Core& core_;
  std::map<ChatName, Gathered> gathered_;
  std::map<store::LaneKey, base::MonotonicTime> user_told_;  // without threads
  // While the rest of before the start is looked for: what is in hand already, from there or
  // because it has ended since. Its flags may not be set yet.
  std::set<std::int64_t> in_hand_;
  bool rest_is_known_ = false;
  std::set<std::string> spooled_before_;  // folders of the spool at the start
  // Flags that are to be set, many in one transaction.
  std::set<store::DeliveryEnd> projected_;
  std::set<store::DeliveryEnd> notified_;
  bool flush_posted_ = false;
  base::Lifetime lifetime_;
};

}  // namespace patchbay::delivery
