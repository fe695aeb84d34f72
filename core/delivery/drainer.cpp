#include "delivery/drainer.hpp"

#include <algorithm>

#include "base/limits.hpp"
#include "base/log.hpp"

namespace patchbay::delivery {
namespace {

using base::Code;
using base::Result;
using base::Status;
using session::SessionAddress;

constexpr base::Milliseconds kRetryFirst{5};
constexpr base::Milliseconds kRetryMost{5000};

session::Watermark from_record(const store::WatermarkRecord& record) {
  return {record.rowid, record.id, record.seq, record.inode, record.schema_version};
}

// Worth another try by itself; else it waits for the next wake.
bool is_passing(Code code) {
  return code == Code::kBusy || code == Code::kIo || code == Code::kUnavailable ||
         code == Code::kTimeout;
}

struct Facts {
  SessionFacts facts;
  session::Watermark watermark;
};

Result<Facts> load_facts(store::Repositories& repositories, const SessionAddress& address) {
  PATCHBAY_ASSIGN(const auto record, repositories.sessions.find(address.agent, address.id));
  if (!record) {
    return Status(Code::kNotFound, "there is no session " + session_name(address));
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

}  // namespace

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

void Drainer::rest(const SessionAddress& address) {
  const auto found = sessions_.find(address);
  if (found != sessions_.end() && !found->second.running) {
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
          take(address, *batch, false);
        }
      }));
}

// Rows vanished or changed under the watermark: what the ledger has not seen is new.
void Drainer::compare(const SessionAddress& address) {
  base::log_info("delivery.full_comparison",
                 {{"session", session_name(address)}, {"reason", "outbound.db was rewritten"}});
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
                take(address, *batch, true);
              }
            }));
      }));
}

void Drainer::take(const SessionAddress& address, const session::OutboundBatch& read_batch,
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
  AcceptanceBatch batch;
  batch.session = session.facts;
  batch.watermark = read_batch.watermark;
  for (const session::OutboundMessage& message : read_batch.messages) {
    if (auto candidate = make_candidate(message, *session.facts, core_.deps.loop.wall_now())) {
      if (candidate->record.not_before && lanes_.scheduled() >= limits::kScheduledRows) {
        refuse(*candidate,
               "too many messages with deliver_after wait already; schedule a task instead");
      }
      batch.candidates.push_back(std::move(*candidate));
    } else if (is_comparison) {
      session.not_sent.push_back(message.id);
    }
  }
  acceptor_.accept(
      std::move(batch),
      lifetime_.guard([this, address, more = read_batch.more && !read_batch.messages.empty(),
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
      }));
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
                        {{"session", session_name(address)}, {"reason", status.message()}});
    }
  }
  for (Done& done : waiting) {
    done(status);
  }
  core_.end();
}

}  // namespace patchbay::delivery
