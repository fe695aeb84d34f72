#include "adapters/fetch_table.hpp"

#include <utility>

#include "base/limits.hpp"

namespace patchbay::adapters {

using base::Code;
using base::Result;
using base::Status;

FetchTable::~FetchTable() {
  for (const auto& [op, entry] : entries_) {
    owner_.services().loop.cancel(entry.timer);
  }
}

Result<std::uint64_t> FetchTable::add(pbay_op op, Done done) {
  auto handle = staging_.open_for_fetch();
  if (!handle.ok()) {
    owner_.services().loop.post([done = std::move(done), why = handle.status()] { done(why); });
    return handle;
  }
  Entry& entry = entries_[op];
  entry.handle = *handle;
  entry.done = std::move(done);
  entry.timer = owner_.services().loop.run_after(limits::kFetchDeadline, [this, op] {
    overdue_(op);
    end(op, {Code::kTimeout, "the adapter did not bring the file in time"});
  });
  return handle;
}

bool FetchTable::complete(pbay_op op, std::int32_t code, const std::string& text) {
  const auto found = entries_.find(op);
  if (found == entries_.end()) {
    return false;
  }
  if (code != PBAY_OK) {
    end(op, status_of(code, text));
    return true;
  }
  Entry entry = std::move(found->second);
  entries_.erase(found);
  owner_.services().loop.cancel(entry.timer);
  staging_.keep({entry.handle},
                [done = std::move(entry.done)](Result<std::vector<std::string>> names) {
                  if (names.ok()) {
                    done(std::move(names->front()));
                  } else {
                    done(names.status().with_context("the adapter did not commit the file"));
                  }
                });
  return true;
}

void FetchTable::end(pbay_op op, Status why) {
  const auto found = entries_.find(op);
  Entry entry = std::move(found->second);
  entries_.erase(found);
  owner_.services().loop.cancel(entry.timer);
  staging_.abort({entry.handle});
  entry.done(std::move(why));
}

void FetchTable::end_all(const std::string& why) {
  while (!entries_.empty()) {
    end(entries_.begin()->first, {Code::kUnavailable, why});
  }
}

}  // namespace patchbay::adapters
