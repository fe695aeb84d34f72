// Events that were acknowledged to their platform and wait for something: a wiring, a session.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/ids.hpp"
#include "base/status.hpp"
#include "store/records.hpp"

namespace patchbay::store {

class Statements;

struct IntakeFilter {
  std::optional<IntakeReason> reason;
  std::optional<base::InstanceName> instance;
  std::optional<base::ChatKey> chat;
  std::optional<std::string> session;  // "<agent>/<session id>"
  std::int64_t after = 0;              // only ids above it
  std::size_t limit = 256;
};

class IntakeRepository {
 public:
  explicit IntakeRepository(Statements& statements) : statements_(statements) {}

  // The id of the row: record.id, or the next one when that is 0 or taken. over
  // limits::kIntakeRows in all: kBusy, or kTooLarge for an unknown chat. kTooLarge:
  // limits::kIntakeChatRows of an unknown chat wait already.
  base::Result<std::int64_t> insert(const IntakeRecord& record);
  // In order of id.
  base::Result<std::vector<IntakeRecord>> list(const IntakeFilter& filter);
  base::Status remove(std::int64_t id);
  base::Result<std::int64_t> count();
  base::Result<std::int64_t> count_of_chat(const base::InstanceName& instance,
                                           const base::ChatKey& chat, IntakeReason reason);
  // How many events each chat has waiting for that reason.
  base::Result<std::vector<ChatCount>> count_by_chat(IntakeReason reason);
  base::Result<std::int64_t> largest_id();
  // The sessions that something waits for, "<agent>/<session id>".
  base::Result<std::vector<std::string>> sessions();

 private:
  Statements& statements_;
  bool rows_known_ = false;
  std::int64_t rows_ = 0;  // about as many as there are, so that a full intake is seen cheaply
};

}  // namespace patchbay::store
