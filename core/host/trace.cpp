#include "host/trace.hpp"

#include <algorithm>
#include <charconv>
#include <map>
#include <memory>
#include <set>
#include <utility>

namespace patchbay::host {
namespace {

using base::Result;
using base::Status;
using Records = std::vector<store::DeliveryRecord>;

// One id may be borne by much: platforms count messages from 1 in each chat.
constexpr std::size_t kTraced = 100;      // events, and deliveries that are named
constexpr std::size_t kDeliveries = 200;  // of all
constexpr std::size_t kAnswers = 50;      // to one row
constexpr std::size_t kSessionsAsked = 20;

std::int64_t as_ledger_id(const std::string& id) {
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(id.data(), id.data() + id.size(), number);
  return error == std::errc() && end == id.data() + id.size() ? number : 0;
}

class Tracer {
 public:
  Tracer(store::Repositories& repositories, base::ChatKey chat)
      : repositories_(repositories), chat_(std::move(chat)) {}

  Status find(const std::string& id) {
    // One more than is told, so that it is known whether there is more.
    PATCHBAY_ASSIGN(Records named, repositories_.ledger.find_by_any_id(id, chat_, kTraced + 1));
    cut(named, kTraced);
    PATCHBAY_ASSIGN(auto by_number, repositories_.ledger.find(as_ledger_id(id)));
    if (by_number && (chat_.empty() || by_number->lane.chat == chat_)) {
      named.push_back(std::move(*by_number));
    }
    PATCHBAY_ASSIGN(auto events, repositories_.seen.find_by_any_id(id, chat_, kTraced + 1));
    cut(events, kTraced);
    for (store::SeenRecord& event : events) {
      named_in_.insert(event.key.chat);
      add(std::move(event));
    }
    for (store::DeliveryRecord& delivery : named) {
      named_in_.insert(delivery.lane.chat);
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
        TracedRow& traced = event.rows.emplace_back();
        traced.row = row;
        PATCHBAY_TRY(add_answers(traced));
      }
      event.seen = std::move(seen);
    }
    trace.more = more_;
    trace.several_chats = named_in_.size() > 1;
    for (auto& [id, record] : deliveries_) {
      TracedDelivery& delivery = trace.deliveries.emplace_back();
      PATCHBAY_ASSIGN(delivery.attempts, repositories_.attempts.list(id));
      delivery.record = std::move(record);
    }
    return trace;
  }

 private:
  // They are the newest first.
  template <class Record>
  void cut(std::vector<Record>& found, std::size_t most) {
    if (found.size() > most) {
      more_ = true;
      found.resize(most);
    }
  }

  Status add_answers(TracedRow& traced) {
    PATCHBAY_ASSIGN(Records answers, repositories_.ledger.find_answers(traced.row, kAnswers + 1));
    cut(answers, kAnswers);
    for (store::DeliveryRecord& answer : answers) {
      traced.answers.push_back(answer.id);
      if (deliveries_.size() < kDeliveries) {
        add(std::move(answer));
      } else {
        more_ = true;
      }
    }
    std::reverse(traced.answers.begin(), traced.answers.end());
    return {};
  }

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
    PATCHBAY_ASSIGN(auto events, repositories_.seen.find_by_any_id(delivery.answers, {}, 1));
    for (store::SeenRecord& event : events) {
      add(std::move(event));
    }
    return {};
  }

  store::Repositories& repositories_;
  const base::ChatKey chat_;  // empty: all
  bool more_ = false;
  std::set<base::ChatKey> named_in_;
  std::vector<store::SeenRecord> events_;
  std::map<std::int64_t, store::DeliveryRecord> deliveries_;
};

}  // namespace

Result<Trace> read_trace(store::Repositories& repositories, const std::string& id,
                         const base::ChatKey& chat) {
  Tracer tracer(repositories, chat);
  PATCHBAY_TRY(tracer.find(id));
  return tracer.finish();
}

void add_row_states(session::SessionStorage& sessions, Trace trace,
                    base::UniqueFunction<void(Trace)> done) {
  // The row's place in the trace, by its id.
  using Rows = std::map<std::string, TracedRow*>;
  struct Asked {
    Trace trace;
    base::UniqueFunction<void(Trace)> done;
    std::map<session::SessionAddress, Rows> rows;
    std::size_t open = 1;  // this function, until it has asked all
    void one_less() {
      if (--open == 0) {
        done(std::move(trace));
      }
    }
  };
  // Shared by the answers, of which the last gives the trace on.
  const auto asked = std::make_shared<Asked>(Asked{std::move(trace), std::move(done), {}});
  for (TracedEvent& event : asked->trace.events) {
    for (TracedRow& row : event.rows) {
      if (row.answers.empty()) {
        asked->rows[{row.row.agent, row.row.session}][row.row.row_id] = &row;
      }
    }
  }
  std::size_t sessions_asked = 0;
  for (const auto& [session, rows] : asked->rows) {
    if (++sessions_asked > kSessionsAsked) {
      break;
    }
    std::vector<std::string> ids;
    for (const auto& [id, row] : rows) {
      ids.push_back(id);
    }
    ++asked->open;
    sessions.read_rows(session, std::move(ids),
                       [asked, &rows = rows](
                           const Result<std::vector<session::SessionStorage::RowState>>& states) {
                         if (states.ok()) {
                           for (const session::SessionStorage::RowState& state : *states) {
                             rows.at(state.id)->state = state;
                           }
                         }
                         asked->one_less();
                       });
  }
  asked->one_less();
}

}  // namespace patchbay::host
