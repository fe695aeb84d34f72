#include "delivery/attempts.hpp"

#include <patchbay/adapter.h>

#include "attachments/file_kind.hpp"
#include "base/failpoint.hpp"
#include "base/log.hpp"
#include "delivery/acceptance.hpp"
#include "delivery/address.hpp"
#include "delivery/request.hpp"

namespace patchbay::delivery {
namespace {

using base::Result;
using base::Status;
using store::DeliveryRecord;
using store::DeliveryState;

constexpr base::Milliseconds kDatabaseRetry{1000};
constexpr base::Milliseconds kFilesRetry{5000};

struct Loaded {
  DeliveryRecord record;
  std::int64_t blocked_by = 0;
  std::string problem;  // not empty: it fails with this
};

// "row:<id>" → the platform's id, when that message has arrived.
Status resolve_target(store::Repositories& repositories, Loaded& loaded) {
  DeliveryRecord& record = loaded.record;
  if (!record.target.starts_with(kTargetRow)) {
    return {};
  }
  const std::string row = record.target.substr(kTargetRow.size());
  PATCHBAY_ASSIGN(const auto target,
                  repositories.ledger.find_by_message(record.agent, record.session, row));
  if (target && !store::is_end(target->state)) {
    loaded.blocked_by = target->id;
    return {};
  }
  if (!target || target->state != DeliveryState::kDelivered || target->parts.empty()) {
    loaded.problem = kTargetNotDelivered;
    return {};
  }
  record.target = target->parts.front().remote_id;
  return repositories.ledger.set_target(record.id, record.target);
}

Result<Loaded> load_row(store::Repositories& repositories, std::int64_t id) {
  PATCHBAY_ASSIGN(auto record, repositories.ledger.find(id));
  if (!record) {
    return Status(base::Code::kInternal, "delivery " + std::to_string(id) + " is gone");
  }
  Loaded loaded;
  loaded.record = std::move(*record);
  PATCHBAY_TRY(resolve_target(repositories, loaded));
  return loaded;
}

Result<DeliveryRecord> begin_sending(store::Repositories& repositories, std::int64_t id,
                                     base::WallTime now) {
  PATCHBAY_ASSIGN(auto record, repositories.ledger.find(id));
  if (!record) {
    return Status(base::Code::kInternal, "delivery " + std::to_string(id) + " is gone");
  }
  if (store::is_end(record->state)) {
    return std::move(*record);
  }
  store::DeliveryMove move;
  move.id = id;
  move.to = DeliveryState::kSending;
  move.at = now;
  move.attempts = record->attempts + 1;
  move.reason = record->reason;
  PATCHBAY_TRY(move_checked(repositories, *record, move, Ground::kNone));
  record->state = DeliveryState::kSending;
  record->attempts = move.attempts;
  record->not_before.reset();
  return std::move(*record);
}

// [a storage thread]
Status open_spooled(const attachments::Spool& spool, attachments::MimeDetector& detector,
                    const DeliveryRecord& record, std::vector<attachments::OpenedFile>& files,
                    std::vector<std::string>& mimes) {
  for (const std::string& name : record.files) {
    PATCHBAY_ASSIGN(auto file, spool.open_file(record.spool, name));
    mimes.push_back(attachments::resolve_mime(detector.detect(file.fd.get()), name, ""));
    files.push_back(std::move(file));
  }
  return {};
}

bool is_passing(const Status& status) {
  return status.code() == base::Code::kIo || status.code() == base::Code::kBusy ||
         status.code() == base::Code::kUnavailable;
}

base::Milliseconds age_of(const DeliveryRecord& record, base::WallTime now) {
  return std::max(base::Milliseconds(0), now - record.accepted_at - record.paused_total);
}

}  // namespace

LaneEntry entry_of(const DeliveryRecord& record) {
  LaneEntry entry;
  entry.id = record.id;
  entry.entered_at = record.accepted_at;
  entry.not_before = record.not_before;
  entry.paused_since = record.paused_since;
  entry.left_sending = record.state == DeliveryState::kSending;
  entry.was_tried = entry.left_sending || record.attempts > 0 || record.paused_since.has_value();
  entry.has_files = !record.files.empty();
  entry.waits_for_target = record.target.starts_with(kTargetRow);
  if (!entry.was_tried && record.not_before) {
    entry.entered_at = std::max(entry.entered_at, *record.not_before);
  }
  return entry;
}

bool is_scheduled(const DeliveryRecord& record, base::WallTime now) {
  return record.state == DeliveryState::kWaiting && record.attempts == 0 && !record.paused_since &&
         record.not_before && *record.not_before > now;
}

void Attempts::run(const LaneEntry& entry, const AttemptTerms& terms, Done done) {
  core_.begin();
  auto attempt = std::make_unique<Attempt>();
  attempt->id = entry.id;
  attempt->terms = terms;
  attempt->done = std::move(done);
  if (entry.has_files || entry.waits_for_target) {
    load(std::move(attempt));
  } else {
    mark_sending(std::move(attempt));
  }
}

void Attempts::run_accepted(DeliveryRecord record, const AttemptTerms& terms, Done done) {
  core_.begin();
  auto attempt = std::make_unique<Attempt>();
  attempt->id = record.id;
  attempt->terms = terms;
  attempt->done = std::move(done);
  attempt->record = std::move(record);
  call(std::move(attempt));
}

void Attempts::recover(std::int64_t id, const AttemptTerms& terms, Done done) {
  core_.begin();
  auto attempt = std::make_unique<Attempt>();
  attempt->id = id;
  attempt->terms = terms;
  attempt->done = std::move(done);
  core_.deps.database.transact<DeliveryRecord>(
      [id](store::Repositories& repositories) -> Result<DeliveryRecord> {
        PATCHBAY_ASSIGN(auto loaded, load_row(repositories, id));
        return std::move(loaded.record);
      },
      lifetime_.guard(
          [this, attempt = std::move(attempt)](Result<DeliveryRecord>&& record) mutable {
            if (!record.ok()) {
              again(std::move(attempt), record.status(), [this](Owned same) {
                recover(same->id, same->terms, std::move(same->done));
                core_.end();
              });
              return;
            }
            attempt->record = std::move(record).value();
            const DeliveryRecord& row = attempt->record;
            History history;
            history.attempts = row.attempts;
            history.age = age_of(row, core_.deps.loop.wall_now());
            // What goes to the host or to another agent is repeated by id and changes nothing.
            history.idempotent = attempt->terms.idempotent || !is_chat_lane(row.lane);
            NextAction action = next_action_after_restart(history, core_.policy(row.lane.instance));
            settle_as(std::move(attempt), std::move(action), {});
          }));
}

void Attempts::fail(std::int64_t id, const std::string& reason, const AttemptTerms& terms,
                    Done done) {
  core_.begin();
  auto attempt = std::make_unique<Attempt>();
  attempt->id = id;
  attempt->terms = terms;
  attempt->done = std::move(done);
  settle_as(std::move(attempt), Failed{reason}, {});
}

void Attempts::load(Owned attempt) {
  const std::int64_t id = attempt->id;
  core_.deps.database.transact<Loaded>(
      [id](store::Repositories& repositories) { return load_row(repositories, id); },
      lifetime_.guard([this, attempt = std::move(attempt)](Result<Loaded>&& loaded_row) mutable {
        if (!loaded_row.ok()) {
          again(std::move(attempt), loaded_row.status(),
                [this](Owned same) { load(std::move(same)); });
          return;
        }
        attempt->record = std::move(loaded_row->record);
        if (!loaded_row->problem.empty()) {
          settle_as(std::move(attempt), Failed{loaded_row->problem}, {});
          return;
        }
        loaded(std::move(attempt), loaded_row->blocked_by);
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
  auto opened = lifetime_.guard([this](Owned same, Status status) {
    if (status.ok()) {
      mark_sending(std::move(same));
    } else if (is_passing(status)) {
      postpone(std::move(same), status.message());
    } else {
      settle_as(std::move(same), Failed{"a file of it cannot be sent: " + status.message()}, {});
    }
  });
  core_.deps.storage_threads.post([&loop = core_.deps.loop, spool = core_.deps.spool,
                                   detector = core_.deps.mime, attempt = std::move(attempt),
                                   opened = std::move(opened)]() mutable {
    Status status =
        open_spooled(*spool, *detector, attempt->record, attempt->files, attempt->mimes);
    loop.post(
        [attempt = std::move(attempt), opened = std::move(opened),
         status = std::move(status)]() mutable { opened(std::move(attempt), std::move(status)); });
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
  if (is_host_lane(attempt->record.lane)) {
    call_host(std::move(attempt));
  } else if (is_agent_lane(attempt->record.lane)) {
    call_agent(std::move(attempt));
  } else {
    call_channel(std::move(attempt));
  }
}

void Attempts::call_channel(Owned attempt) {
  auto request = make_request(attempt->record);
  if (!request.ok()) {
    settle_as(std::move(attempt), Failed{request.status().message()}, {});
    return;
  }
  std::int64_t bytes = 0;
  for (std::size_t i = 0; i < attempt->files.size(); ++i) {
    const attachments::OpenedFile& opened = attempt->files[i];
    OutboundFile file;
    file.fd = opened.fd.get();
    file.size = static_cast<std::int64_t>(opened.size);
    file.name = attempt->record.files[i];
    file.mime = attempt->mimes[i];
    file.kind = attachments::to_string(attachments::kind_of_mime(file.mime));
    bytes += file.size;
    request->files.push_back(std::move(file));
  }
  request->time_allowed = time_allowed(bytes);
  core_.deps.channels.deliver(
      std::move(request).value(),
      lifetime_.guard([this, attempt = std::move(attempt)](AttemptOutcome outcome) mutable {
        ended(std::move(attempt), std::move(outcome));
      }));
}

void Attempts::call_host(Owned attempt) {
  const DeliveryRecord& record = attempt->record;
  const Content content = parse_content(record.kind, record.content);
  SystemAction action;
  action.session = {record.agent, record.session};
  action.message_out_id = record.message_out_id;
  action.action = content.action;
  action.request_id = content.request_id;
  action.content = record.content;
  core_.deps.system_actions.perform(
      std::move(action), lifetime_.guard([this, name = content.action,
                                          attempt = std::move(attempt)](Status status) mutable {
        if (status.code() == base::Code::kNotFound) {
          status = Status(base::Code::kNotFound, "the action \"" + name + "\" is not known");
        }
        ended(std::move(attempt), outcome_of(status));
      }));
}

void Attempts::call_agent(Owned attempt) {
  const DeliveryRecord& record = attempt->record;
  AgentMessage message;
  message.from = {record.agent, record.session};
  message.message_out_id = record.message_out_id;
  message.to = base::AgentGroupId(record.lane.chat.str());
  message.content = record.content;
  message.spool = record.spool;
  message.files = record.files;
  core_.deps.agent_messages.send(
      std::move(message),
      lifetime_.guard([this, attempt = std::move(attempt)](Status status) mutable {
        ended(std::move(attempt), outcome_of(status));
      }));
}

void Attempts::ended(Owned attempt, AttemptOutcome outcome) {
  PBAY_FAILPOINT("delivery.after_send");
  const DeliveryRecord& record = attempt->record;
  History history;
  history.attempts = record.attempts;
  history.age = age_of(record, core_.deps.loop.wall_now());
  history.idempotent = attempt->terms.idempotent;
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
        } else if (const auto* pause = std::get_if<Pause>(&action)) {
          end.how = AttemptEnd::How::kPaused;
          end.cause = pause->cause;
        } else if (end.record.state == DeliveryState::kWaiting) {
          end.how = AttemptEnd::How::kWaiting;
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

void Attempts::postpone(Owned attempt, const std::string& reason) {
  base::log_warning(
      "delivery.files_not_readable",
      {{"delivery", attempt->id}, {"reason", reason}, {"remedy", "tried again soon"}});
  AttemptEnd end;
  end.how = AttemptEnd::How::kWaiting;
  end.record = attempt->record;
  end.record.not_before = core_.deps.loop.wall_now() + kFilesRetry;
  give_back(std::move(attempt), std::move(end));
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
