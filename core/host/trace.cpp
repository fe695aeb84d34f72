#include "host/trace.hpp"

#include <algorithm>
#include <charconv>
#include <map>
#include <utility>

namespace patchbay::host {
namespace {

using base::Result;
using base::Status;
using Records = std::vector<store::DeliveryRecord>;

// One id may be borne by much: platforms count messages from 1 in each chat.
constexpr std::size_t kTraced = 100;
constexpr std::size_t kAnswers = 50;  // to one row

std::int64_t as_ledger_id(const std::string& id) {
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(id.data(), id.data() + id.size(), number);
  return error == std::errc() && end == id.data() + id.size() ? number : 0;
}

class Tracer {
 public:
  explicit Tracer(store::Repositories& repositories) : repositories_(repositories) {}

  Status find(const std::string& id) {
    PATCHBAY_ASSIGN(Records named, repositories_.ledger.find_by_any_id(id, kTraced));
    PATCHBAY_ASSIGN(auto by_number, repositories_.ledger.find(as_ledger_id(id)));
    if (by_number) {
      named.push_back(std::move(*by_number));
    }
    PATCHBAY_ASSIGN(auto events, repositories_.seen.find_by_any_id(id, kTraced));
    for (store::SeenRecord& event : events) {
      add(std::move(event));
    }
    for (store::DeliveryRecord& delivery : named) {
      PATCHBAY_TRY(add_what_it_answers(delivery));
      add(std::move(delivery));
    }
    return {};
  }

  Result<Trace> finish() {
    Trace trace;
    for (store::SeenRecord& seen : events_) {
      TracedEvent& event = trace.events.emplace_back();
      for (store::InboxRow& row : seen.rows) {
        PATCHBAY_ASSIGN(Records answers, repositories_.ledger.find_answers(row, kAnswers));
        TracedRow& traced = event.rows.emplace_back();
        traced.row = row;
        for (store::DeliveryRecord& answer : answers) {
          traced.answers.push_back(answer.id);
          add(std::move(answer));
        }
      }
      event.seen = std::move(seen);
    }
    for (auto& [id, record] : deliveries_) {
      TracedDelivery& delivery = trace.deliveries.emplace_back();
      PATCHBAY_ASSIGN(delivery.attempts, repositories_.attempts.list(id));
      delivery.record = std::move(record);
    }
    return trace;
  }

 private:
  void add(store::DeliveryRecord record) {
    const std::int64_t id = record.id;
    deliveries_.emplace(id, std::move(record));
  }

  void add(store::SeenRecord record) {
    const store::SeenKey& key = record.key;
    const bool is_there =
        std::any_of(events_.begin(), events_.end(), [&key](const store::SeenRecord& other) {
          return other.key.instance == key.instance && other.key.chat == key.chat &&
                 other.key.event_id == key.event_id;
        });
    if (!is_there) {
      events_.push_back(std::move(record));
    }
  }

  Status add_what_it_answers(const store::DeliveryRecord& delivery) {
    if (delivery.answers.empty()) {
      return {};
    }
    PATCHBAY_ASSIGN(auto events, repositories_.seen.find_by_any_id(delivery.answers, 1));
    for (store::SeenRecord& event : events) {
      add(std::move(event));
    }
    return {};
  }

  store::Repositories& repositories_;
  std::vector<store::SeenRecord> events_;
  std::map<std::int64_t, store::DeliveryRecord> deliveries_;
};

}  // namespace

Result<Trace> read_trace(store::Repositories& repositories, const std::string& id) {
  Tracer tracer(repositories);
  PATCHBAY_TRY(tracer.find(id));
  return tracer.finish();
}

}  // namespace patchbay::host
