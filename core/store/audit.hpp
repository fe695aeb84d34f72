// Who was refused or not known, and what an operator decided: one counter an instance, chat, sender
// and reason, bounded in number.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "base/ids.hpp"
#include "base/status.hpp"
#include "store/records.hpp"

namespace patchbay::store {

class Statements;

struct AuditRecord {
  base::InstanceName instance;
  base::ChatKey chat;
  std::string sender;  // the platform's id; kOperator: whoever may use the control socket
  std::string sender_name;
  // "unknown_chat", "unknown_sender", "bot", "own_message", "not_engaged", …; of an operator:
  // "resolved_as_delivered", "resolved_as_failed", "sent_again"
  std::string reason;
  std::int64_t count = 0;
  base::WallTime first;
  base::WallTime last;
};

inline constexpr char kOperator[] = "operator";
// A message of a chat that no wiring names came when as many waited as are kept.
inline constexpr char kUnknownChatFull[] = "unknown_chat_full";
// The agents of the chat hear known people only.
inline constexpr char kUnknownSender[] = "unknown_sender";

class AuditRepository {
 public:
  explicit AuditRepository(Statements& statements) : statements_(statements) {}

  // Counts one more; `record.count` and `record.first` are ignored. Over limits::kAuditRows those
  // that were longest quiet give way.
  base::Status count_one(const AuditRecord& record);
  // How often that reason was counted in each chat.
  base::Result<std::vector<ChatCount>> count_by_chat(const std::string& reason);
  // Those of one reason, the most recent first.
  base::Result<std::vector<AuditRecord>> list_of(const std::string& reason, std::size_t limit);
  // The most recent first.
  base::Result<std::vector<AuditRecord>> list(std::size_t limit);

 private:
  Statements& statements_;
  std::int64_t inserts_until_look_ = 0;  // so many fit for certain
};

}  // namespace patchbay::store
