#include "delivery/delivery.hpp"

#include "base/failpoint.hpp"
#include "base/log.hpp"
#include "delivery/acceptor.hpp"
#include "delivery/address.hpp"
#include "delivery/aftermath.hpp"
#include "delivery/attempts.hpp"
#include "delivery/channel_facts.hpp"
#include "delivery/drainer.hpp"
#include "delivery/first_reading.hpp"
#include "delivery/host_outbox.hpp"
#include "delivery/host_records.hpp"
#include "delivery/lanes.hpp"
#include "delivery/notice_texts.hpp"
#include "delivery/report_desk.hpp"
#include "delivery/reports.hpp"
#include "delivery/typing.hpp"
#include "delivery/uptime.hpp"

namespace patchbay::delivery {
namespace {

using base::Result;
using base::Status;
using store::DeliveryRecord;
using Records = std::vector<DeliveryRecord>;

}  // namespace

class DeliveryService::Parts final : public ChannelEvents {
 public:
  Parts(Dependencies dependencies, DeliveryOptions options)
      : core_(std::move(dependencies), std::move(options)),
        facts_(core_),
        attempts_(core_),
        aftermath_(core_),
        lanes_(core_, facts_, attempts_, aftermath_),
        acceptor_(core_, lanes_, aftermath_),
        drainer_(core_, acceptor_, lanes_),
        host_outbox_(core_, acceptor_),
        report_desk_(core_, aftermath_, [this](const Heard& heard) { was_heard(heard); }),
        uptime_(core_),
        first_reading_(core_, drainer_, aftermath_),
        typing_(core_) {
    core_.deps.watcher.on_change(lifetime_.guard(
        [this](const session::SessionAddress& session) { drainer_.wake(session); }));
  }

  void on_part(std::int64_t delivery_id, store::DeliveryPart part,
               base::UniqueFunction<void(bool)> durable) override;
  void on_late_part(std::int64_t delivery_id, store::DeliveryPart part) override;
  void on_instance_state(const base::InstanceName& instance, InstanceState state,
                         const std::string& reason) override;
  void on_report(const base::InstanceName& instance, const std::string& remote_id,
                 const std::string& idempotency_key, bool failed,
                 const std::string& reason) override;
  void on_chat_reachable(const base::InstanceName& instance, const base::ChatKey& chat) override {
    lanes_.on_chat_reachable(instance, chat);
  }

  void start(base::UniqueFunction<void(Status)> ready);
  void session_exited(const session::SessionAddress& session,
                      base::UniqueFunction<void(Status)> done);
  void session_deleted(const session::SessionAddress& session, const std::string& reason,
                       base::UniqueFunction<void(Status)> done);
  void resolve(std::int64_t id, store::DeliveryState to,
               base::UniqueFunction<void(Result<DeliveryRecord>)> done);
  void stop(base::MonotonicTime deadline, base::UniqueFunction<void()> done);

  Core core_;
  ChannelFacts facts_;
  Attempts attempts_;
  Aftermath aftermath_;
  Lanes lanes_;
  Acceptor acceptor_;
  Drainer drainer_;
  HostOutbox host_outbox_;
  ReportDesk report_desk_;
  Uptime uptime_;
  FirstReading first_reading_;
  Typing typing_;
  base::UniqueFunction<void()> stopped_;
  base::Lifetime lifetime_;

 private:
  // A delivery whose state was changed by a report, an operator or a deletion.
  void changed_elsewhere(const DeliveryRecord& record);
  void was_heard(const Heard& heard);
};

void DeliveryService::Parts::changed_elsewhere(const DeliveryRecord& record) {
  core_.changed(record);
  if (store::is_end(record.state)) {
    aftermath_.ended(record);
    lanes_.ended_elsewhere(record);
  } else {
    lanes_.entered(record);
  }
}

void DeliveryService::Parts::was_heard(const Heard& heard) {
  if (heard.user_notice) {
    aftermath_.user_was_told(heard.user_notice->lane);
    lanes_.entered(*heard.user_notice);
  }
  changed_elsewhere(*heard.record);
}

void DeliveryService::Parts::on_part(std::int64_t delivery_id, store::DeliveryPart part,
                                     base::UniqueFunction<void(bool)> durable) {
  PBAY_FAILPOINT("delivery.before_part");
  core_.deps.database.transact(
      [delivery_id, part = std::move(part)](store::Repositories& repositories) {
        return repositories.ledger.put_part(delivery_id, part);
      },
      lifetime_.guard([delivery_id, durable = std::move(durable)](const Status& status) {
        PBAY_FAILPOINT("delivery.after_part");
        if (!status.ok()) {
          base::log_error("delivery.part_not_stored",
                          {{"delivery", delivery_id}, {"reason", status.message()}});
        }
        durable(status.ok());
      }));
}

void DeliveryService::Parts::on_late_part(std::int64_t delivery_id, store::DeliveryPart part) {
  base::log_info("delivery.late_part",
                 {{"delivery", delivery_id}, {"part", part.part}, {"remote_id", part.remote_id}});
  core_.deps.database.transact(
      [delivery_id, part = std::move(part)](store::Repositories& repositories) {
        return take_late_part(repositories, delivery_id, part);
      },
      [delivery_id](const Status& status) {
        if (!status.ok()) {
          base::log_error("delivery.part_not_stored",
                          {{"delivery", delivery_id}, {"reason", status.message()}});
        }
      });
}

void DeliveryService::Parts::on_instance_state(const base::InstanceName& instance,
                                               InstanceState state, const std::string& /*reason*/) {
  lanes_.on_instance_state(instance, state);
}

void DeliveryService::Parts::on_report(const base::InstanceName& instance,
                                       const std::string& remote_id,
                                       const std::string& idempotency_key, bool failed,
                                       const std::string& reason) {
  report_desk_.take(
      {instance, remote_id, idempotency_key, failed, reason, core_.deps.loop.wall_now(), {}});
}

void DeliveryService::Parts::start(base::UniqueFunction<void(Status)> ready) {
  uptime_.start();
  lanes_.start(lifetime_.guard([this, ready = std::move(ready)](const Status& status) mutable {
    if (!status.ok()) {
      ready(status);
      return;
    }
    aftermath_.start();
    host_outbox_.drain();
    first_reading_.start(std::move(ready));
  }));
}

void DeliveryService::Parts::session_exited(const session::SessionAddress& session,
                                            base::UniqueFunction<void(Status)> done) {
  core_.deps.watcher.unwatch(session);
  typing_.set_working(session, false);
  drainer_.drain(session, lifetime_.guard([this, session,
                                           done = std::move(done)](const Status& status) mutable {
    drainer_.forget(session);
    if (!status.ok()) {
      done(status);  // agent_ran stays: the next start looks again
      return;
    }
    core_.deps.database.transact(
        [session](store::Repositories& repositories) {
          return repositories.sessions.set_agent_ran(session.agent, session.id, false);
        },
        std::move(done));
  }));
}

void DeliveryService::Parts::session_deleted(const session::SessionAddress& session,
                                             const std::string& reason,
                                             base::UniqueFunction<void(Status)> done) {
  drainer_.forget(session);
  core_.deps.database.transact<Records>(
      [session, reason, now = core_.deps.loop.wall_now()](store::Repositories& repositories) {
        return fail_waiting(repositories, session, reason, now);
      },
      lifetime_.guard([this, done = std::move(done)](const Result<Records>& failed) {
        if (failed.ok()) {
          for (const DeliveryRecord& record : *failed) {
            changed_elsewhere(record);
          }
        }
        done(failed.ok() ? Status() : failed.status());
      }));
}

void DeliveryService::Parts::resolve(std::int64_t id, store::DeliveryState to,
                                     base::UniqueFunction<void(Result<DeliveryRecord>)> done) {
  core_.deps.database.transact<DeliveryRecord>(
      [id, to, now = core_.deps.loop.wall_now()](store::Repositories& repositories) {
        return resolve_unknown(repositories, id, to, now);
      },
      lifetime_.guard([this, done = std::move(done)](Result<DeliveryRecord>&& record) {
        if (record.ok()) {
          base::log_info("delivery.resolved_by_operator",
                         {{"delivery", record->id},
                          {"chat", record->lane.chat.str()},
                          {"state", std::string(store::to_string(record->state))}});
          changed_elsewhere(*record);
        }
        done(std::move(record));
      }));
}

void DeliveryService::Parts::stop(base::MonotonicTime deadline, base::UniqueFunction<void()> done) {
  core_.stopping = true;
  stopped_ = std::move(done);
  // Whichever comes first: nothing is under way, or the deadline.
  const auto end = [this] {
    if (auto stopped = std::exchange(stopped_, nullptr)) {
      stopped();
    }
  };
  if (core_.under_way == 0) {
    core_.deps.loop.post(lifetime_.guard(end));
    return;
  }
  core_.on_quiet = [this, end] { core_.deps.loop.post(lifetime_.guard(end)); };
  core_.deps.loop.run_at(deadline, lifetime_.guard([this, end] {
    if (stopped_) {
      base::log_warning("delivery.stopped_in_the_middle",
                        {{"under_way", core_.under_way},
                         {"remedy", "the ledger resolves them at the next start"}});
    }
    end();
  }));
}

DeliveryService::DeliveryService(Dependencies dependencies, DeliveryOptions options)
    : parts_(std::make_unique<Parts>(std::move(dependencies), std::move(options))) {}

DeliveryService::~DeliveryService() = default;

ChannelEvents& DeliveryService::channel_events() { return *parts_; }

void DeliveryService::start(base::UniqueFunction<void(Status)> ready) {
  parts_->start(std::move(ready));
}

void DeliveryService::session_started(const session::SessionAddress& session) {
  if (const Status watched = parts_->core_.deps.watcher.watch(session); !watched.ok()) {
    base::log_warning("delivery.not_watched",
                      {{"session", session_name(session)},
                       {"reason", watched.message()},
                       {"remedy", "its answers are read when its agent ends"}});
  }
  // The session may answer in another chat by default than it did before.
  parts_->drainer_.forget(session);
  parts_->drainer_.wake(session);
}

void DeliveryService::session_exited(const session::SessionAddress& session,
                                     base::UniqueFunction<void(Status)> done) {
  parts_->session_exited(session, std::move(done));
}

void DeliveryService::wake(const session::SessionAddress& session) {
  parts_->drainer_.wake(session);
}

void DeliveryService::session_deleted(const session::SessionAddress& session,
                                      const std::string& reason,
                                      base::UniqueFunction<void(Status)> done) {
  parts_->session_deleted(session, reason, std::move(done));
}

void DeliveryService::say(const Saying& saying, base::UniqueFunction<void(Status)> done) {
  const std::string id = saying.message_out_id.empty()
                             ? "said-" + parts_->core_.deps.random.token(16)
                             : saying.message_out_id;
  DeliveryRecord record = host_record(
      saying.lane, id, saying.content.empty() ? text_content(saying.text) : saying.content,
      parts_->core_.deps.loop.wall_now());
  const Content content = parse_content(record.kind, record.content);
  if (content.kind == ContentKind::kUnusable || !is_chat_lane(record.lane)) {
    const std::string why = content.problem.empty() ? "it names no chat" : content.problem;
    parts_->core_.deps.loop.post(
        [done = std::move(done), why] { done(Status(base::Code::kInvalidArgument, why)); });
    return;
  }
  record.target = content.target;
  record.in_reply_to = saying.reply_to;
  parts_->host_outbox_.say(std::move(record), std::move(done));
}

void DeliveryService::host_outbox_changed() { parts_->host_outbox_.drain(); }

void DeliveryService::set_working(const session::SessionAddress& session, bool working) {
  parts_->typing_.set_working(session, working);
}

void DeliveryService::on_acknowledgements(Acknowledged listener) {
  parts_->core_.acknowledged = std::move(listener);
}

void DeliveryService::on_delivery(Changed listener) { parts_->core_.changed = std::move(listener); }

void DeliveryService::list(store::DeliveryFilter filter,
                           base::UniqueFunction<void(Result<store::DeliveryPage>)> done) {
  parts_->core_.deps.database.transact<store::DeliveryPage>(
      [filter = std::move(filter)](store::Repositories& repositories) {
        return repositories.ledger.list(filter);
      },
      std::move(done));
}

void DeliveryService::resolve(std::int64_t delivery_id, store::DeliveryState to,
                              base::UniqueFunction<void(Result<DeliveryRecord>)> done) {
  parts_->resolve(delivery_id, to, std::move(done));
}

void DeliveryService::stop(base::MonotonicTime deadline, base::UniqueFunction<void()> done) {
  parts_->stop(deadline, std::move(done));
}

}  // namespace patchbay::delivery
