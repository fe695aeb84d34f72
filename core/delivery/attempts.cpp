#include "delivery/attempts.hpp"

#include <algorithm>

#include <patchbay/adapter.h>

#include "base/failpoint.hpp"
#include "base/log.hpp"
#include "delivery/address.hpp"
#include "delivery/attempt_rows.hpp"
#include "delivery/content.hpp"
#include "delivery/dispatch.hpp"

namespace patchbay::delivery {
namespace {

using base::Result;
using base::Status;
using store::DeliveryRecord;
using store::DeliveryState;

constexpr base::Milliseconds kDatabaseRetry{1000};
constexpr base::Milliseconds kFilesRetry{5000};
constexpr base::Milliseconds kFilesRetryMost{600'000};

bool is_passing(const Status& status) {
  return status.code() == base::Code::kIo || status.code() == base::Code::kBusy ||
         status.code() == base::Code::kUnavailable;
}

History history_of(const DeliveryRecord& record, base::WallTime now) {
  const base::WallTime begin = record.first_tried_at.value_or(now);
  // A pause ends only with an outcome that shows its end.
  const base::WallTime end = std::min(now, std::max(begin, record.paused_since.value_or(now)));
  History history;
  history.attempts = record.attempts;
  history.age = std::max(base::Milliseconds(0), end - begin - record.paused_total);
  return history;
}

// So that making it twice makes it once.
bool says_what_shall_be(const DeliveryRecord& record) {
  const Operation operation = operation_of(parse_content(record.kind, record.content).kind);
  return operation == Operation::kEdit || operation == Operation::kReaction ||
         operation == Operation::kDelete;
}

// The adapter says that it may pass, so it may be tried again: of a part of an edit that would be
// shown twice it says that it is unknown.
bool may_be_repeated(const DeliveryRecord& record, const AttemptOutcome& outcome) {
  return outcome.outcome == OutcomeClass::kRetryable && is_chat_lane(record.lane) &&
         says_what_shall_be(record);
}

// A stopped host cannot know how far it came; but the second part of an edit, a message of its own,
// leaves only after the first one is in the ledger.
bool may_be_repeated_after_restart(const DeliveryRecord& record) {
  return is_chat_lane(record.lane) && record.parts.empty() && says_what_shall_be(record);
}

}  // namespace

Attempts::Owned Attempts::begin(std::int64_t id, const AttemptTerms& terms, Done done) {
  core_.begin();
  auto attempt = std::make_unique<Attempt>();
  attempt->id = id;
  attempt->terms = terms;
  attempt->done = std::move(done);
  return attempt;
}

void Attempts::run(const LaneEntry& entry, const AttemptTerms& terms, Done done) {
  Owned attempt = begin(entry.id, terms, std::move(done));
  if (entry.has_files || entry.waits_for_target) {
    load(std::move(attempt));
  } else {
    mark_sending(std::move(attempt));
  }
}

void Attempts::run_accepted(DeliveryRecord record, const AttemptTerms& terms, Done done) {
  Owned attempt = begin(record.id, terms, std::move(done));
  attempt->record = std::move(record);
  call(std::move(attempt));
}

void Attempts::recover(std::int64_t id, const AttemptTerms& terms, Done done) {
  judge_left_sending(begin(id, terms, std::move(done)));
}

void Attempts::fail(std::int64_t id, const std::string& reason, const AttemptTerms& terms,
                    Done done) {
  settle_as(begin(id, terms, std::move(done)), Failed{reason}, {});
}

void Attempts::judge_left_sending(Owned attempt) {
  const std::int64_t id = attempt->id;
  core_.deps.database.transact<DeliveryRecord>(
      [id](store::Repositories& repositories) { return find_delivery(repositories, id); },
      lifetime_.guard(
          [this, attempt = std::move(attempt)](Result<DeliveryRecord>&& record) mutable {
            if (!record.ok()) {
              again(std::move(attempt), record.status(),
                    [this](Owned same) { judge_left_sending(std::move(same)); });
              return;
            }
            attempt->record = std::move(record).value();
            const DeliveryRecord& row = attempt->record;
            History history = history_of(row, core_.deps.loop.wall_now());
            // What goes to the host or to another agent is repeated by id and changes nothing.
            history.idempotent = attempt->terms.idempotent || !is_chat_lane(row.lane) ||
                                 may_be_repeated_after_restart(row);
            NextAction action = next_action_after_restart(history, core_.policy(row.lane.instance));
            settle_as(std::move(attempt), std::move(action), {});
          }));
}

void Attempts::load(Owned attempt) {
  const std::int64_t id = attempt->id;
  core_.deps.database.transact<RowToTry>(
      [id](store::Repositories& repositories) { return load_row_to_try(repositories, id); },
      lifetime_.guard([this, attempt = std::move(attempt)](Result<RowToTry>&& row) mutable {
        if (!row.ok()) {
          again(std::move(attempt), row.status(), [this](Owned same) { load(std::move(same)); });
          return;
        }
        attempt->record = std::move(row->record);
        if (!row->problem.empty()) {
          settle_as(std::move(attempt), Failed{row->problem}, {});
          return;
        }
        loaded(std::move(attempt), row->blocked_by);
      }));
}

void Attempts::loaded(Owned attempt, std::int64_t blocked_by) {
  if (blocked_by != 0) {
    AttemptEnd end;
    end.how = AttemptEnd::How::kBlocked;
    end.record = attempt->record;
    end.blocked_by = blocked_by;
    give_back(std::move(attempt), std::move(end));
  } else if (attempt->record.files.empty()) {
    mark_sending(std::move(attempt));
  } else {
    open_files(std::move(attempt));
  }
}

void Attempts::open_files(Owned attempt) {
  auto opened = lifetime_.guard([this](Owned same, Result<AttemptFiles> files) {
    if (files.ok()) {
      same->files = std::move(files).value();
      mark_sending(std::move(same));
    } else if (is_passing(files.status())) {
      postpone(std::move(same), files.status().message());
    } else {
      settle_as(std::move(same), Failed{"a file of it cannot be sent: " + files.status().message()},
                {});
    }
  });
  core_.deps.storage_threads.post([&loop = core_.deps.loop, spool = core_.deps.spool,
                                   detector = core_.deps.mime, attempt = std::move(attempt),
                                   opened = std::move(opened)]() mutable {
    auto files = AttemptFiles::open(*spool, *detector, attempt->record);
    loop.post(
        [attempt = std::move(attempt), opened = std::move(opened),
         files = std::move(files)]() mutable { opened(std::move(attempt), std::move(files)); });
  });
}

void Attempts::mark_sending(Owned attempt) {
  PBAY_FAILPOINT("delivery.before_sending");
  const std::int64_t id = attempt->id;
  core_.deps.database.transact<DeliveryRecord>(
      [id, now = core_.deps.loop.wall_now()](store::Repositories& repositories) {
        return begin_sending(repositories, id, now);
      },
      lifetime_.guard(
          [this, attempt = std::move(attempt)](Result<DeliveryRecord>&& record) mutable {
            if (!record.ok()) {
              again(std::move(attempt), record.status(),
                    [this](Owned same) { mark_sending(std::move(same)); });
              return;
            }
            attempt->record = std::move(record).value();
            if (attempt->record.state != DeliveryState::kSending) {
              gone(std::move(attempt));
              return;
            }
            call(std::move(attempt));
          }));
}

void Attempts::call(Owned attempt) {
  PBAY_FAILPOINT("delivery.after_sending");
  core_.changed(attempt->record);
  const Attempt& called = *attempt;  // moves with its owner, and stays where it is
  dispatch(
      core_.deps, called.record, called.files,
      lifetime_.guard([this, attempt = std::move(attempt)](Result<AttemptOutcome> outcome) mutable {
        if (outcome.ok()) {
          ended(std::move(attempt), std::move(outcome).value());
        } else {
          settle_as(std::move(attempt), Failed{outcome.status().message()}, {});
        }
      }));
}

void Attempts::ended(Owned attempt, AttemptOutcome outcome) {
  PBAY_FAILPOINT("delivery.after_send");
  const DeliveryRecord& record = attempt->record;
  History history = history_of(record, core_.deps.loop.wall_now());
  history.idempotent = attempt->terms.idempotent || may_be_repeated(record, outcome);
  // The host's own ports, and an instance that was not asked, give no code.
  if (is_chat_lane(record.lane) &&
      (outcome.code != PBAY_OK || outcome.outcome == OutcomeClass::kDelivered)) {
    attempt->code = outcome.code;
  }
  NextAction action =
      next_action(outcome, history, core_.policy(record.lane.instance), core_.deps.random);
  if (outcome.code == PBAY_E_CHAT_NOT_FOUND || outcome.code == PBAY_E_FORBIDDEN) {
    attempt->terms.may_tell_user = false;
  }
  settle_as(std::move(attempt), std::move(action), std::move(outcome.remote_ids));
}

void Attempts::settle_as(Owned attempt, NextAction action, std::vector<std::string> remote_ids) {
  PBAY_FAILPOINT("delivery.before_final");
  Settling settling;
  settling.id = attempt->id;
  settling.action = action;
  settling.remote_ids = remote_ids;
  settling.code = attempt->code;
  settling.now = core_.deps.loop.wall_now();
  settling.paused_since = attempt->terms.paused_since;
  settling.may_tell_user = attempt->terms.may_tell_user;
  core_.deps.database.transact<Settled>(
      [settling = std::move(settling)](store::Repositories& repositories) {
        return settle(repositories, settling);
      },
      lifetime_.guard([this, attempt = std::move(attempt), action = std::move(action),
                       remote_ids = std::move(remote_ids)](Result<Settled>&& settled) mutable {
        if (!settled.ok()) {
          again(std::move(attempt), settled.status(),
                [this, action = std::move(action),
                 remote_ids = std::move(remote_ids)](Owned same) mutable {
                  settle_as(std::move(same), std::move(action), std::move(remote_ids));
                });
          return;
        }
        PBAY_FAILPOINT("delivery.after_final");
        AttemptEnd end;
        end.record = std::move(settled->record);
        end.user_notice = std::move(settled->user_notice);
        end.deadline = std::move(settled->deadline);
        if (settled->had_ended) {
          end.how = AttemptEnd::How::kGone;
        } else if (end.record.state == DeliveryState::kWaiting) {
          const auto* const pause = std::get_if<Pause>(&action);
          end.how = pause != nullptr ? AttemptEnd::How::kPaused : AttemptEnd::How::kWaiting;
          end.cause = pause != nullptr ? pause->cause : end.cause;
        }
        give_back(std::move(attempt), std::move(end));
      }));
}

void Attempts::gone(Owned attempt) {
  AttemptEnd end;
  end.how = AttemptEnd::How::kGone;
  end.record = std::move(attempt->record);
  end.record.id = attempt->id;
  give_back(std::move(attempt), std::move(end));
}

// The disk may recover, so the message waits in its lane; no longer than any other, and the ledger
// says why. No attempt is used up, for its adapter was not called.
void Attempts::postpone(Owned attempt, const std::string& reason) {
  const DeliveryRecord& record = attempt->record;
  const base::WallTime now = core_.deps.loop.wall_now();
  const base::Milliseconds age = history_of(record, now).age;
  const std::string why = "a file of it cannot be read: " + reason;
  if (age >= core_.policy(record.lane.instance).max_age) {
    settle_as(std::move(attempt), Failed{"given up: " + why}, {});
    return;
  }
  const auto wait = std::clamp<base::Milliseconds>(age / 4, kFilesRetry, kFilesRetryMost);
  base::log_warning("delivery.files_not_readable",
                    {{"delivery", attempt->id}, {"reason", reason}, {"again_in_ms", wait.count()}});
  AttemptEnd end;
  end.how = AttemptEnd::How::kWaiting;
  end.record = record;
  end.record.not_before = now + wait;
  end.record.reason = why;
  end.record.first_tried_at = record.first_tried_at.value_or(now);
  end.record.paused_since.reset();
  const std::int64_t id = attempt->id;
  const auto until = end.record.not_before;
  core_.deps.database.transact(
      [id, until, why, now](store::Repositories& repositories) {
        return repositories.ledger.postpone(id, until, why, now);
      },
      lifetime_.guard([this, attempt = std::move(attempt),
                       end = std::move(end)](const Status& written) mutable {
        if (!written.ok()) {
          base::log_warning("delivery.not_postponed",
                            {{"delivery", attempt->id}, {"reason", written.message()}});
        }
        give_back(std::move(attempt), std::move(end));
      }));
}

void Attempts::give_back(Owned attempt, AttemptEnd end) {
  Done done = std::move(attempt->done);
  attempt.reset();
  if (end.how != AttemptEnd::How::kGone) {
    core_.changed(end.record);
  }
  done(std::move(end));
  core_.end();
}

void Attempts::again(Owned attempt, const Status& why, base::UniqueFunction<void(Owned)> step) {
  if (why.code() == base::Code::kInternal) {
    // Repeating it cannot help. The row stays as the ledger has it until the next start.
    base::log_error("delivery.bug", {{"delivery", attempt->id}, {"reason", why.message()}});
    gone(std::move(attempt));
    return;
  }
  base::log_error(
      "delivery.ledger_failed",
      {{"delivery", attempt->id},
       {"reason", why.message()},
       {"remedy", "check the disk of the data folder; it is tried again every second"}});
  core_.deps.loop.run_after(kDatabaseRetry, lifetime_.guard([attempt = std::move(attempt),
                                                             step = std::move(step)]() mutable {
    step(std::move(attempt));
  }));
}

}  // namespace patchbay::delivery
