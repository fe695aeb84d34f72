#include "delivery/drainer.hpp"

#include <bit>

#include "attachments/confined_folder.hpp"
#include "base/failpoint.hpp"
#include "base/log.hpp"
#include "delivery/address.hpp"
#include "delivery/settlement.hpp"

namespace patchbay::delivery {
namespace {

using base::Code;
using base::Result;
using base::Status;
using session::SessionAddress;

constexpr base::Milliseconds kRetryFirst{5};
constexpr base::Milliseconds kRetryMost{5000};
constexpr std::size_t kQuietPage = 256;
constexpr std::size_t kHostRows = 64;
// Rows with deliver_after that wait at one time, of all agents.
constexpr std::size_t kScheduledRows = 20'000;

std::string shown(const SessionAddress& session) {
  return session.agent.str() + "/" + session.id.str();
}

store::WatermarkRecord to_record(const session::Watermark& watermark) {
  return {watermark.rowid, watermark.id, watermark.seq, watermark.inode, watermark.schema_version};
}

session::Watermark from_record(const store::WatermarkRecord& record) {
  return {record.rowid, record.id, record.seq, record.inode, record.schema_version};
}

// Worth another try by itself; else it waits for the next wake.
bool is_passing(Code code) {
  return code == Code::kBusy || code == Code::kIo || code == Code::kUnavailable ||
         code == Code::kTimeout;
}

// [a storage thread] Only a failure of the host's own disk is one.
Status spool_files(const attachments::Spool& spool, session::SessionStorage& sessions,
                   const SessionAddress& session, std::vector<Candidate>& candidates) {
  std::shared_ptr<attachments::ConfinedFolder> folder;
  for (Candidate& candidate : candidates) {
    if (candidate.declared_files.empty()) {
      continue;
    }
    if (!folder) {
      PATCHBAY_ASSIGN(folder, sessions.folder(session));
    }
    store::DeliveryRecord& record = candidate.record;
    PATCHBAY_ASSIGN(const auto taken, spool.take_outbox(*folder, record.message_out_id,
                                                        record.spool, candidate.declared_files));
    record.files.clear();
    record.refused_files.clear();
    for (const auto& file : taken.files) {
      record.files.push_back(file.name);
    }
    for (const auto& refused : taken.refused) {
      record.refused_files.push_back(refused.name + ": " + refused.reason);
    }
  }
  return {};
}

struct Facts {
  SessionFacts facts;
  session::Watermark watermark;
};

Result<Facts> load_facts(store::Repositories& repositories, const SessionAddress& address) {
  PATCHBAY_ASSIGN(const auto record, repositories.sessions.find(address.agent, address.id));
  if (!record) {
    return Status(Code::kNotFound, "there is no session " + shown(address));
  }
  Facts facts;
  facts.facts.address = address;
  facts.facts.own = {record->instance, record->chat, record->thread};
  PATCHBAY_ASSIGN(const auto watermark, repositories.watermarks.find(address.agent, address.id));
  if (watermark) {
    facts.watermark = from_record(*watermark);
  }
  return facts;
}

store::DeliveryRecord record_of(const store::HostMessage& message, base::WallTime now) {
  store::DeliveryRecord record =
      host_record(message.lane, message.message_out_id, message.content, now);
  record.kind = message.kind;
  record.in_reply_to = message.in_reply_to;
  record.spool = message.spool;
  record.files = message.files;
  const Content content = parse_content(record.kind, record.content);
  record.target = content.target;
  if (content.kind == ContentKind::kUnusable || content.kind == ContentKind::kNeverSent ||
      !is_chat_lane(record.lane)) {
    record.state = store::DeliveryState::kFailed;
    record.reason = content.problem.empty() ? "it names no chat" : content.problem;
    record.finished_at = now;
  }
  return record;
}

}  // namespace

void Drainer::start(base::UniqueFunction<void(Status)> ready) {
  using Sessions = std::vector<store::SessionRecord>;
  core_.deps.database.transact<Sessions>(
      [](store::Repositories& repositories) { return repositories.sessions.list_ran(); },
      lifetime_.guard([this, ready = std::move(ready)](Result<Sessions>&& ran) mutable {
        if (!ran.ok()) {
          ready(ran.status());
          return;
        }
        drain_host_outbox();
        // Shared by the drains: the last one calls it.
        struct Countdown {
          std::size_t left = 0;
          base::UniqueFunction<void(Status)> ready;
        };
        auto countdown = std::make_shared<Countdown>();
        countdown->left = ran->size() + 1;
        countdown->ready = std::move(ready);
        auto one_less = lifetime_.guard([this, countdown](const Status& status) {
          all_were_read_ = all_were_read_ && status.ok();
          if (--countdown->left == 0) {
            countdown->ready({});
            find_quiet_sessions();
          }
        });
        for (const store::SessionRecord& session : *ran) {
          drain({session.agent, session.id}, one_less);
        }
        one_less(Status());
      }));
}

void Drainer::find_quiet_sessions() {
  using Page = store::SessionRepository::Page;
  core_.deps.database.transact<Page>(
      [before = quiet_page_](store::Repositories& repositories) {
        return repositories.sessions.page_of_active(before, kQuietPage);
      },
      lifetime_.guard([this](Result<Page>&& page) {
        if (!page.ok()) {
          base::log_warning("delivery.sessions_not_listed", {{"reason", page.status().message()}});
          return;
        }
        quiet_page_ = page->next;
        for (auto& [agent, id] : page->sessions) {
          SessionAddress address{std::move(agent), std::move(id)};
          if (!sessions_.contains(address)) {
            quiet_.push_back(std::move(address));
          }
        }
        next_quiet_session();
      }));
}

// One at a time, whenever the loop has nothing else: a mark may be missing from older data.
void Drainer::next_quiet_session() {
  if (core_.stopping) {
    return;
  }
  if (quiet_.empty() && quiet_page_ != 0) {
    find_quiet_sessions();
    return;
  }
  if (quiet_.empty()) {
    if (all_were_read_) {
      aftermath_.all_sessions_read();
    }
    return;
  }
  const SessionAddress session = std::move(quiet_.front());
  quiet_.pop_front();
  drain(session, lifetime_.guard([this, session](const Status& status) {
    all_were_read_ = all_were_read_ && status.ok();
    const auto found = sessions_.find(session);
    if (found != sessions_.end() && !found->second.running) {
      sessions_.erase(found);
    }
    core_.deps.loop.post(lifetime_.guard([this] { next_quiet_session(); }));
  }));
}

void Drainer::wake(const SessionAddress& address) {
  if (core_.stopping) {
    return;
  }
  Session& session = sessions_[address];
  if (session.running) {
    session.again = true;
    return;
  }
  run(address);
}

void Drainer::drain(const SessionAddress& address, Done done) {
  Session& session = sessions_[address];
  if (session.running) {
    session.again = true;
    session.waiting_next.push_back(std::move(done));
    return;
  }
  session.waiting.push_back(std::move(done));
  run(address);
}

void Drainer::forget(const SessionAddress& address) {
  const auto found = sessions_.find(address);
  if (found == sessions_.end()) {
    return;
  }
  if (found->second.running) {
    found->second.facts_are_old = true;
    found->second.again = true;
  } else {
    sessions_.erase(found);
  }
}

void Drainer::run(const SessionAddress& address) {
  Session& session = sessions_[address];
  session.running = true;
  session.again = false;
  core_.begin();
  if (session.facts && !session.facts_are_old) {
    read(address);
  } else {
    read_facts(address);
  }
}

void Drainer::read_facts(const SessionAddress& address) {
  core_.deps.database.transact<Facts>(
      [address](store::Repositories& repositories) { return load_facts(repositories, address); },
      lifetime_.guard([this, address](Result<Facts>&& facts) {
        if (!facts.ok()) {
          finish(address, facts.status());
          return;
        }
        Session& session = sessions_[address];
        session.facts_are_old = false;
        session.facts = std::move(facts->facts);
        session.watermark = std::move(facts->watermark);
        read(address);
      }));
}

void Drainer::read(const SessionAddress& address) {
  core_.deps.sessions.drain(
      address, sessions_[address].watermark,
      lifetime_.guard([this, address](Result<session::OutboundBatch>&& batch) {
        if (!batch.ok()) {
          finish(address, batch.status());
        } else if (batch->full_comparison_needed) {
          core_.acknowledged(address, batch->acknowledgements);
          compare(address);
        } else {
          take(address, std::move(batch).value(), false);
        }
      }));
}

// Rows vanished or changed under the watermark: what the ledger has not seen is new.
void Drainer::compare(const SessionAddress& address) {
  base::log_info("delivery.full_comparison",
                 {{"session", shown(address)}, {"reason", "outbound.db was rewritten"}});
  core_.deps.database.transact<std::vector<std::string>>(
      [address](store::Repositories& repositories) {
        return repositories.ledger.message_ids(address.agent, address.id);
      },
      lifetime_.guard([this, address](Result<std::vector<std::string>>&& known) {
        if (!known.ok()) {
          finish(address, known.status());
          return;
        }
        const std::vector<std::string>& not_sent = sessions_[address].not_sent;
        known->insert(known->end(), not_sent.begin(), not_sent.end());
        core_.deps.sessions.compare(
            address, std::move(known).value(),
            lifetime_.guard([this, address](Result<session::OutboundBatch>&& batch) {
              if (!batch.ok()) {
                finish(address, batch.status());
              } else {
                take(address, std::move(batch).value(), true);
              }
            }));
      }));
}

void Drainer::take(const SessionAddress& address, session::OutboundBatch read_batch,
                   bool is_comparison) {
  Session& session = sessions_[address];
  core_.acknowledged(address, read_batch.acknowledgements);
  // Of a session that never wrote anything there is nothing to remember.
  const bool no_news = read_batch.watermark == session.watermark ||
                       (session.watermark.rowid == 0 && session.watermark.seq == 0);
  if (read_batch.messages.empty() && !read_batch.more && !is_comparison && no_news) {
    finish(address, {});
    return;
  }
  auto batch = std::make_shared<Batch>();
  batch->session = session.facts;
  batch->watermark = read_batch.watermark;
  bool has_news = false;
  for (const session::OutboundMessage& message : read_batch.messages) {
    has_news = true;
    if (auto candidate = make_candidate(message, *session.facts, core_.deps.loop.wall_now())) {
      if (candidate->record.not_before && lanes_.scheduled() >= kScheduledRows) {
        refuse(*candidate,
               "too many messages with deliver_after wait already; schedule a task "
               "instead");
      }
      batch->candidates.push_back(std::move(*candidate));
    } else if (is_comparison) {
      session.not_sent.push_back(message.id);
    }
  }
  batch->done = [this, address, more = read_batch.more && has_news,
                 watermark = read_batch.watermark](const Status& status) {
    if (!status.ok()) {
      finish(address, status);
      return;
    }
    sessions_[address].watermark = watermark;
    if (more) {
      read(address);
    } else {
      finish(address, {});
    }
  };
  spool(std::move(batch));
}

void Drainer::spool(SharedBatch batch) {
  const bool has_files =
      std::any_of(batch->candidates.begin(), batch->candidates.end(),
                  [](const Candidate& candidate) { return !candidate.declared_files.empty(); });
  if (!has_files) {
    accept(batch);
    return;
  }
  auto spooled = lifetime_.guard([this, batch](const Status& status) {
    PBAY_FAILPOINT("delivery.after_spool");
    if (status.ok()) {
      accept(batch);
    } else {
      // Nothing is accepted; what is in the spool already is found there again.
      batch->done(status);
    }
  });
  core_.deps.storage_threads.post([&loop = core_.deps.loop, &sessions = core_.deps.sessions,
                                   spool = core_.deps.spool, batch = std::move(batch),
                                   spooled = std::move(spooled)]() mutable {
    Status status = spool_files(*spool, sessions, batch->session->address, batch->candidates);
    batch.reset();  // here only the core thread's references are left
    loop.post(
        [spooled = std::move(spooled), status = std::move(status)]() mutable { spooled(status); });
  });
}

void Drainer::accept(const SharedBatch& batch) {
  PBAY_FAILPOINT("delivery.before_accept");
  core_.begin();
  batch->kept.clear();
  batch->fresh.assign(batch->candidates.size(), false);
  for (Candidate& candidate : batch->candidates) {
    const store::DeliveryRecord& record = candidate.record;
    const bool waits_for_row =
        candidate.target && candidate.target->kind == session::TargetReference::Kind::kOutboundRow;
    const bool simple = record.state == store::DeliveryState::kWaiting && record.files.empty() &&
                        !record.not_before && !waits_for_row;
    candidate.send_at_once = lanes_.acceptance_begun(record.lane, simple);
    batch->kept.push_back(candidate.send_at_once);
  }
  // The lanes as they were told: the unit of work may change a candidate.
  std::vector<store::LaneKey> lanes;
  for (const Candidate& candidate : batch->candidates) {
    lanes.push_back(candidate.record.lane);
  }
  core_.deps.database.transact(
      [batch](store::Repositories& repositories) { return write_batch(repositories, *batch); },
      lifetime_.guard([this, batch, lanes = std::move(lanes)](const Status& status) {
        if (status.ok()) {
          PBAY_FAILPOINT("delivery.after_accept");
          accepted(*batch);
        }
        for (std::size_t i = 0; i < lanes.size(); ++i) {
          const bool is_sent = status.ok() && batch->fresh[i] &&
                               batch->candidates[i].record.state == store::DeliveryState::kSending;
          lanes_.acceptance_ended(lanes[i], batch->kept[i] && !is_sent);
        }
        batch->done(status);
        core_.end();
      }));
}

Status Drainer::write_batch(store::Repositories& repositories, Batch& batch) {
  const SessionFacts nobody;
  for (std::size_t i = 0; i < batch.candidates.size(); ++i) {
    PATCHBAY_ASSIGN(batch.fresh[i], accept_candidate(repositories, batch.session.value_or(nobody),
                                                     batch.candidates[i]));
  }
  for (const std::int64_t id : batch.outbox_ids) {
    PATCHBAY_TRY(repositories.host_outbox.remove(id));
  }
  if (!batch.session) {
    return {};
  }
  const SessionAddress& address = batch.session->address;
  return repositories.watermarks.put(address.agent, address.id, to_record(batch.watermark));
}

void Drainer::accepted(Batch& batch) {
  for (std::size_t i = 0; i < batch.candidates.size(); ++i) {
    if (!batch.fresh[i]) {
      continue;
    }
    store::DeliveryRecord& record = batch.candidates[i].record;
    switch (record.state) {
      case store::DeliveryState::kSending:
        // A copy: the caller still looks at the state.
        lanes_.entered_sending(record);
        break;
      case store::DeliveryState::kWaiting:
        core_.changed(record);
        lanes_.entered(record);
        break;
      default:
        core_.changed(record);
        aftermath_.ended(record);
    }
  }
}

void Drainer::finish(const SessionAddress& address, const Status& status) {
  Session& session = sessions_[address];
  session.running = false;
  session.not_sent.clear();
  std::vector<Done> waiting =
      std::exchange(session.waiting, std::exchange(session.waiting_next, {}));
  if (status.ok()) {
    session.failures = 0;
    if (session.again) {
      run(address);
    }
  } else {
    const base::Milliseconds wait =
        std::min(kRetryMost, kRetryFirst * (1 << std::min(session.failures, 10)));
    ++session.failures;
    session.again = false;
    for (Done& done : session.waiting) {
      waiting.push_back(std::move(done));
    }
    session.waiting.clear();
    if (is_passing(status.code())) {
      core_.deps.loop.run_after(wait, lifetime_.guard([this, address] { wake(address); }));
    }
    // A busy database file is everyday life; what lasts is not.
    if (!is_passing(status.code()) || session.failures > 3) {
      base::log_warning("delivery.session_not_read",
                        {{"session", shown(address)}, {"reason", status.message()}});
    }
  }
  for (Done& done : waiting) {
    done(status);
  }
  core_.end();
}

void Drainer::say(store::DeliveryRecord record, Done done) {
  auto batch = std::make_shared<Batch>();
  Candidate candidate;
  candidate.kind = parse_content(record.kind, record.content).kind;
  candidate.record = std::move(record);
  batch->candidates.push_back(std::move(candidate));
  batch->done = [done = std::move(done)](const Status& status) { done(status); };
  accept(batch);
}

void Drainer::drain_host_outbox() {
  if (host_outbox_runs_) {
    host_outbox_again_ = true;
    return;
  }
  host_outbox_runs_ = true;
  host_outbox_again_ = false;
  core_.deps.database.transact<std::vector<store::HostMessage>>(
      [](store::Repositories& repositories) { return repositories.host_outbox.load(kHostRows); },
      lifetime_.guard([this](Result<std::vector<store::HostMessage>>&& messages) {
        if (!messages.ok() || messages->empty()) {
          host_outbox_taken(messages.status());
          return;
        }
        host_outbox_again_ = host_outbox_again_ || messages->size() == kHostRows;
        auto batch = std::make_shared<Batch>();
        for (const store::HostMessage& message : *messages) {
          Candidate candidate;
          candidate.record = record_of(message, core_.deps.loop.wall_now());
          candidate.kind = parse_content(message.kind, message.content).kind;
          batch->candidates.push_back(std::move(candidate));
          batch->outbox_ids.push_back(message.id);
        }
        batch->done = [this](const Status& status) { host_outbox_taken(status); };
        accept(batch);
      }));
}

void Drainer::host_outbox_taken(const Status& status) {
  host_outbox_runs_ = false;
  if (!status.ok()) {
    base::log_error("delivery.host_outbox_failed", {{"reason", status.message()}});
    core_.deps.loop.run_after(kRetryMost, lifetime_.guard([this] { drain_host_outbox(); }));
  } else if (host_outbox_again_) {
    drain_host_outbox();
  }
}

}  // namespace patchbay::delivery
