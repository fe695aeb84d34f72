// The conversations that instances have.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "base/ids.hpp"
#include "base/status.hpp"
#include "store/records.hpp"

namespace patchbay::store {

class Statements;

class ChatRepository {
 public:
  explicit ChatRepository(Statements& statements) : statements_(statements) {}

  base::Result<std::optional<ChatRecord>> find(const base::InstanceName& instance,
                                               const base::ChatKey& key);
  // Inserts, or takes over kind, platform id and a name that is not empty; first_seen stays. True:
  // it is new. Writes nothing when nothing changed.
  base::Result<bool> upsert(const ChatRecord& chat);
  // By instance and key; of one instance unless it is empty. Pages by `after` (a chat's key, only
  // with an instance).
  base::Result<std::vector<ChatRecord>> list(const base::InstanceName& instance,
                                             const base::ChatKey& after, std::size_t limit);

  // The newest message that came in that chat and thread, by the platform's id; empty: none. What
  // answers it needs no visible quote.
  base::Result<std::string> newest_message(const base::InstanceName& instance,
                                           const base::ChatKey& key, const base::ThreadId& thread);
  base::Status set_newest_message(const base::InstanceName& instance, const base::ChatKey& key,
                                  const base::ThreadId& thread, const std::string& message_id);

 private:
  Statements& statements_;
};

}  // namespace patchbay::store
