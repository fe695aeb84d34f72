#include "delivery/aftermath.hpp"

#include <algorithm>

#include "attachments/names.hpp"
#include "base/failpoint.hpp"
#include "base/log.hpp"
#include "base/sha256.hpp"
#include "delivery/address.hpp"
#include "delivery/content.hpp"
#include "delivery/notice_texts.hpp"
#include "delivery/projection.hpp"

namespace patchbay::delivery {
namespace {

using base::Code;
using base::Result;
using base::Status;
using store::DeliveryEnd;
using store::DeliveryRecord;
using store::DeliveryState;

constexpr base::Milliseconds kWriteRetry{1000};
constexpr base::Milliseconds kWriteRetryMost{60'000};
constexpr std::chrono::hours kSweep{1};
constexpr std::size_t kRestRows = 64;
constexpr std::size_t kFailuresNamed = 5;
constexpr std::size_t kChatsRemembered = 1024;

// The session's folder is there, and may take the row later: a damaged or hostile database is
// healed when no agent runs.
bool is_worth_repeating(Code code) {
  return code == Code::kBusy || code == Code::kIo || code == Code::kUnavailable ||
         code == Code::kTimeout || code == Code::kCorrupt || code == Code::kRefused;
}

// The same notice about the same ends, and another one about any other: a notice that was given
// hides one that tells of more.
std::string agent_notice_id(const std::vector<DeliveryEnd>& about) {
  std::string ends;
  for (const DeliveryEnd& end : about) {
    ends += std::to_string(end.id) + " " + std::string(store::to_string(end.state)) + " " +
            std::to_string(end.at.time_since_epoch().count()) + "\n";
  }
  return "notice-" + std::to_string(about.front().id) + "-" + base::sha256_hex(ends, 16);
}

base::Milliseconds delay_after(int tries) {
  return std::min(kWriteRetry * (1 << std::min(tries, 6)), kWriteRetryMost);
}

void log_end(const DeliveryRecord& record) {
  if (record.state == DeliveryState::kDelivered) {
    base::log_debug(
        "delivery.delivered",
        {{"delivery", record.id}, {"chat", record.lane.chat.str()}, {"attempts", record.attempts}});
    return;
  }
  const bool failed = record.state == DeliveryState::kFailed;
  base::log_warning(failed ? "delivery.failed" : "delivery.unknown",
                    {{"delivery", record.id},
                     {"instance", record.lane.instance.str()},
                     {"chat", record.lane.chat.str()},
                     {"session", session::session_name({record.agent, record.session})},
                     {"message", record.message_out_id},
                     {"attempts", record.attempts},
                     {"reason", record.reason},
                     {"evidence", record.evidence},
                     {"remedy", (failed ? "its way: patchbay trace "
                                        : "look into the chat; its way: patchbay trace ") +
                                    std::to_string(record.id)}});
}

}  // namespace

void Aftermath::start() {
  list_spool();
  read_rest();
  sweep();
}

void Aftermath::ended(const DeliveryRecord& record) {
  if (!rest_is_known_) {
    in_hand_.insert(record.id);
  }
  log_end(record);
  if (!record.projected) {
    project(record);
  }
  if (!record.notified && record.state != DeliveryState::kDelivered) {
    notify(record);
  }
  if (record.state == DeliveryState::kDelivered && !record.spool.empty()) {
    clear_spool(record);
  }
}

void Aftermath::read_rest() {
  const std::size_t limit = kRestRows + in_hand_.size();
  core_.deps.database.transact<std::vector<DeliveryRecord>>(
      [limit](store::Repositories& repositories) -> Result<std::vector<DeliveryRecord>> {
        PATCHBAY_ASSIGN(auto rest, repositories.ledger.load_not_projected(limit));
        PATCHBAY_ASSIGN(auto untold, repositories.ledger.load_not_notified(limit));
        for (DeliveryRecord& record : untold) {
          if (record.projected) {
            rest.push_back(std::move(record));
          }
        }
        return rest;
      },
      lifetime_.guard([this](Result<std::vector<DeliveryRecord>>&& rest) {
        if (!rest.ok()) {
          base::log_warning("delivery.rest_not_read",
                            {{"reason", rest.status().message()},
                             {"again_in_ms", kWriteRetryMost.count()},
                             {"remedy", "check the disk of the data folder"}});
          core_.deps.loop.run_after(kWriteRetryMost, lifetime_.guard([this] { read_rest(); }));
          return;
        }
        std::size_t taken = 0;
        for (const DeliveryRecord& record : *rest) {
          if (!in_hand_.contains(record.id)) {
            ended(record);
            ++taken;
          }
        }
        // The next ones when these have had time to get their flags.
        if (taken == 0) {
          rest_is_known_ = true;
          in_hand_.clear();
        } else {
          core_.deps.loop.run_after(kWriteRetry, lifetime_.guard([this] { read_rest(); }));
        }
      }));
}

void Aftermath::project(const DeliveryRecord& record, int tries) {
  PBAY_FAILPOINT("delivery.before_project");
  const DeliveryEnd end = store::delivery_end(record);
  if (record.agent.empty()) {
    projected(end);
    return;
  }
  const session::SessionAddress session{record.agent, record.session};
  core_.deps.sessions.write(
      session, delivered_row_of(record, core_.deps.loop.wall_now()),
      lifetime_.guard([this, record, end, tries](const Result<session::CommandOutcome>& outcome) {
        if (!outcome.ok() && is_worth_repeating(outcome.status().code())) {
          core_.deps.loop.run_after(delay_after(tries), lifetime_.guard([this, end, tries] {
            project_again(end, tries + 1);
          }));
          return;
        }
        if (!outcome.ok()) {
          base::log_warning("delivery.not_projected",
                            {{"session", session::session_name({record.agent, record.session})},
                             {"message", record.message_out_id},
                             {"reason", outcome.status().message()}});
        }
        PBAY_FAILPOINT("delivery.after_project");
        projected(end);
      }));
}

// As the ledger has it now: what has come to another end meanwhile was projected as that.
void Aftermath::project_again(const DeliveryEnd& end, int tries) {
  core_.deps.database.transact<std::optional<DeliveryRecord>>(
      [id = end.id](store::Repositories& repositories) { return repositories.ledger.find(id); },
      lifetime_.guard([this, end, tries](const Result<std::optional<DeliveryRecord>>& found) {
        if (!found.ok()) {
          core_.deps.loop.run_after(delay_after(tries), lifetime_.guard([this, end, tries] {
            project_again(end, tries + 1);
          }));
        } else if (*found && store::delivery_end(**found) == end && !(*found)->projected) {
          project(**found, tries);
        }
      }));
}

void Aftermath::projected(const DeliveryEnd& end) {
  projected_.insert(end);
  flush();
}

void Aftermath::notified(const std::vector<DeliveryEnd>& about) {
  notified_.insert(about.begin(), about.end());
  flush();
}

void Aftermath::flush() {
  if (flush_posted_) {
    return;
  }
  flush_posted_ = true;
  core_.deps.loop.post(lifetime_.guard([this] {
    flush_posted_ = false;
    core_.deps.database.transact(
        [projected = std::exchange(projected_, {}),
         notified = std::exchange(notified_, {})](store::Repositories& repositories) -> Status {
          for (const DeliveryEnd& end : projected) {
            PATCHBAY_TRY(repositories.ledger.set_projected(end));
          }
          for (const DeliveryEnd& end : notified) {
            PATCHBAY_TRY(repositories.ledger.set_notified(end));
          }
          return {};
        },
        [](const Status& status) {
          // Then it is done once more after the next start: at worst the agent reads of a failure
          // twice.
          if (!status.ok()) {
            base::log_warning("delivery.flags_not_stored", {{"reason", status.message()}});
          }
        });
  }));
}

void Aftermath::notify(const DeliveryRecord& record) {
  if (record.agent.empty()) {
    notified({store::delivery_end(record)});  // the host's own: the log has it
    return;
  }
  if (parse_content(record.kind, record.content).kind == ContentKind::kSystemAction) {
    answer_action(record);
    return;
  }
  const ChatName name{{record.agent, record.session}, without_thread(record.lane)};
  Gathered& gathered = gathered_[name];
  gathered.all.push_back(store::delivery_end(record));
  if (gathered.failures.size() < kFailuresNamed) {
    gathered.failures.push_back(record);
  }
  if (!gathered.minute_runs) {
    tell_agent(name);
  }
}

// A tool of the agent may wait for just this row.
void Aftermath::answer_action(const DeliveryRecord& record) {
  const Content content = parse_content(record.kind, record.content);
  session::InboundMessage message;
  const std::string& id = content.request_id.empty() ? record.message_out_id : content.request_id;
  ActionAnswer answer = action_error(content.action, id, record.reason, content.timeout_ms);
  message.id = answer.row_id.empty() ? "action-failed-" + std::to_string(record.id) : answer.row_id;
  message.kind = session::InboundKind::kSystem;
  message.timestamp = core_.deps.loop.wall_now();
  message.address = {"agent", record.agent.str(), {}};
  message.trigger = false;
  message.content = std::move(answer.content);
  write_notice({record.agent, record.session}, std::move(message), {store::delivery_end(record)});
}

void Aftermath::tell_agent(const ChatName& name) {
  Gathered& gathered = gathered_[name];
  if (gathered.all.empty()) {
    gathered_.erase(name);
    return;
  }
  session::InboundMessage message;
  message.id = agent_notice_id(gathered.all);
  message.timestamp = core_.deps.loop.wall_now();
  message.address = {"agent", name.session.agent.str(), {}};
  message.trigger = false;
  message.content = agent_notice_content(
      agent_notice_text(gathered.failures, gathered.all.size() - gathered.failures.size()));
  write_notice(name.session, std::move(message), std::move(gathered.all));
  gathered = {};
  gathered.minute_runs = true;
  core_.deps.loop.run_after(limits::kNoticeInterval, lifetime_.guard([this, name] {
    gathered_[name].minute_runs = false;
    tell_agent(name);
  }));
}

void Aftermath::write_notice(const session::SessionAddress& session,
                             session::InboundMessage message, std::vector<DeliveryEnd> about,
                             int tries) {
  PBAY_FAILPOINT("delivery.before_notice");
  session::InboundMessage copy = message;
  core_.deps.sessions.write(
      session, std::move(message),
      lifetime_.guard([this, session, tries, copy = std::move(copy), about = std::move(about)](
                          const Result<session::CommandOutcome>& outcome) mutable {
        if (!outcome.ok() && is_worth_repeating(outcome.status().code())) {
          core_.deps.loop.run_after(
              delay_after(tries), lifetime_.guard([this, session, tries, copy = std::move(copy),
                                                   about = std::move(about)]() mutable {
                write_notice(session, std::move(copy), std::move(about), tries + 1);
              }));
          return;
        }
        if (!outcome.ok()) {
          base::log_warning("delivery.agent_not_told", {{"session", session_name(session)},
                                                        {"reason", outcome.status().message()}});
        }
        notified(about);
      }));
}

bool Aftermath::may_tell_user(const store::LaneKey& lane) const {
  const auto found = user_told_.find(without_thread(lane));
  return found == user_told_.end() ||
         core_.deps.loop.now() - found->second >= limits::kNoticeInterval;
}

void Aftermath::user_was_told(const store::LaneKey& lane) {
  const base::MonotonicTime now = core_.deps.loop.now();
  if (user_told_.size() >= kChatsRemembered) {
    std::erase_if(user_told_,
                  [now](const auto& told) { return now - told.second >= limits::kNoticeInterval; });
  }
  user_told_[without_thread(lane)] = now;
}

std::set<store::LaneKey> Aftermath::users_told_just_now() const {
  std::set<store::LaneKey> chats;
  for (const auto& [chat, when] : user_told_) {
    if (core_.deps.loop.now() - when < limits::kNoticeInterval) {
      chats.insert(chat);
    }
  }
  return chats;
}

// Best effort: the sweep finds what is left.
void Aftermath::clear_spool(const DeliveryRecord& record) {
  core_.deps.storage_threads.post(
      [spool = core_.deps.spool, folder = record.spool] { spool->remove(folder); });
  core_.deps.database.transact(
      [id = record.id](store::Repositories& repositories) {
        return repositories.ledger.clear_spool(id);
      },
      [](const Status&) {});
}

void Aftermath::list_spool() {
  auto listed = lifetime_.guard(
      [this](std::set<std::string>&& names) { spooled_before_ = std::move(names); });
  core_.deps.storage_threads.post(
      [&loop = core_.deps.loop, spool = core_.deps.spool, listed = std::move(listed)]() mutable {
        std::set<std::string> names;
        static_cast<void>(spool->remove_orphans([&names](const std::string& name) {
          names.insert(name);
          return true;
        }));
        loop.post([listed = std::move(listed), names = std::move(names)]() mutable {
          listed(std::move(names));
        });
      });
}

void Aftermath::all_sessions_read() {
  core_.deps.database.transact<std::vector<std::string>>(
      [](store::Repositories& repositories) { return repositories.ledger.spools(); },
      lifetime_.guard([this](Result<std::vector<std::string>>&& spools) {
        if (!spools.ok()) {
          return;
        }
        std::set<std::string> orphans = std::exchange(spooled_before_, {});
        for (const std::string& spool : *spools) {
          orphans.erase(attachments::folder_name_of_id(spool));
        }
        core_.deps.storage_threads.post([spool = core_.deps.spool, orphans = std::move(orphans)] {
          static_cast<void>(spool->remove_orphans(
              [&orphans](const std::string& name) { return !orphans.contains(name); }));
        });
      }));
}

// Of what has been passed over: files of deliveries that ended, reports that nobody waits for.
void Aftermath::sweep() {
  const base::WallTime before = core_.deps.loop.wall_now() - core_.options.spool_kept;
  core_.deps.database.transact<std::vector<DeliveryRecord>>(
      [before](store::Repositories& repositories) -> Result<std::vector<DeliveryRecord>> {
        PATCHBAY_TRY(repositories.early_reports.prune());
        return repositories.ledger.load_spools_to_remove(before, kRestRows);
      },
      lifetime_.guard([this](const Result<std::vector<DeliveryRecord>>& old) {
        base::Milliseconds next = kSweep;
        if (old.ok()) {
          for (const DeliveryRecord& record : *old) {
            clear_spool(record);
          }
          next = old->size() < kRestRows ? next : kWriteRetry;
        }
        core_.deps.loop.run_after(next, lifetime_.guard([this] { sweep(); }));
      }));
}

}  // namespace patchbay::delivery
