#include "delivery/acceptor.hpp"

#include <algorithm>

#include "attachments/confined_folder.hpp"
#include "base/failpoint.hpp"
#include "base/limits.hpp"
#include "base/log.hpp"

namespace patchbay::delivery {
namespace {

using base::Result;
using base::Status;
using session::SessionAddress;

store::WatermarkRecord to_record(const session::Watermark& watermark) {
  return {watermark.rowid, watermark.id, watermark.seq, watermark.inode, watermark.schema_version};
}

enum class Unreadable : std::uint8_t { kIsAwaited, kIsRefused };

// [a storage thread] Only a failure of the host's own disk is one.
Status spool_files(const attachments::Spool& spool, const attachments::ConfinedFolder& folder,
                   Candidate& candidate) {
  store::DeliveryRecord& record = candidate.record;
  PATCHBAY_ASSIGN(const auto taken, spool.take_outbox(folder, record.message_out_id, record.spool,
                                                      candidate.declared_files));
  record.files.clear();
  record.refused_files.clear();
  for (const auto& file : taken.files) {
    record.files.push_back(file.name);
  }
  for (const auto& refused : taken.refused) {
    record.refused_files.push_back(refused.name + ": " + refused.reason);
  }
  return {};
}

void refuse_files(Candidate& candidate, const Status& why) {
  store::DeliveryRecord& record = candidate.record;
  base::log_error("delivery.files_given_up",
                  {{"session", session::session_name({record.agent, record.session})},
                   {"message", record.message_out_id},
                   {"reason", why.message()},
                   {"remedy", "check the disk of the data folder"}});
  record.files.clear();
  record.refused_files.clear();
  for (const std::string& name : candidate.declared_files) {
    record.refused_files.push_back(name + ": " + why.message());
  }
}

// [a storage thread]
Status spool_files(const attachments::Spool& spool, session::SessionStorage& sessions,
                   const SessionAddress& session, std::vector<Candidate>& candidates,
                   Unreadable unreadable) {
  const auto folder = sessions.folder(session);
  for (Candidate& candidate : candidates) {
    if (candidate.declared_files.empty()) {
      continue;
    }
    const Status spooled = folder.ok() ? spool_files(spool, **folder, candidate) : folder.status();
    if (!spooled.ok() && unreadable == Unreadable::kIsAwaited) {
      return spooled;
    }
    if (!spooled.ok()) {
      refuse_files(candidate, spooled);
    }
  }
  return {};
}

}  // namespace

void Acceptor::accept(AcceptanceBatch batch, Done done) {
  auto work = std::make_shared<Work>();
  work->batch = std::move(batch);
  work->done = std::move(done);
  spool(std::move(work));
}

void Acceptor::spool(SharedWork work) {
  const bool has_files =
      std::any_of(work->batch.candidates.begin(), work->batch.candidates.end(),
                  [](const Candidate& candidate) { return !candidate.declared_files.empty(); });
  if (!has_files) {
    write(work);
    return;
  }
  const SessionAddress session = work->batch.session->address;
  const auto unreadable =
      has_waited_for_files(session) ? Unreadable::kIsRefused : Unreadable::kIsAwaited;
  auto spooled = lifetime_.guard([this, session, work](const Status& status) {
    PBAY_FAILPOINT("delivery.after_spool");
    if (status.ok()) {
      unreadable_since_.erase(session);
      write(work);
    } else {
      unreadable_since_.emplace(session, core_.deps.loop.now());
      work->done(status);
    }
  });
  core_.deps.storage_threads.post([&loop = core_.deps.loop, &sessions = core_.deps.sessions,
                                   spool = core_.deps.spool, work = std::move(work), unreadable,
                                   spooled = std::move(spooled)]() mutable {
    Status status = spool_files(*spool, sessions, work->batch.session->address,
                                work->batch.candidates, unreadable);
    work.reset();  // here only the core thread's references are left
    loop.post(
        [spooled = std::move(spooled), status = std::move(status)]() mutable { spooled(status); });
  });
}

// While the disk does not give a file, nothing of the session is accepted, since order holds. For
// so long, for it may recover; then its message goes without it and says so.
bool Acceptor::has_waited_for_files(const SessionAddress& session) const {
  const auto since = unreadable_since_.find(session);
  return since != unreadable_since_.end() &&
         core_.deps.loop.now() - since->second >= limits::kOutboxFilesAwaited;
}

void Acceptor::write(const SharedWork& work) {
  PBAY_FAILPOINT("delivery.before_accept");
  core_.begin();
  work->kept.clear();
  work->fresh.assign(work->batch.candidates.size(), false);
  for (Candidate& candidate : work->batch.candidates) {
    const store::DeliveryRecord& record = candidate.record;
    const bool waits_for_row =
        candidate.target && candidate.target->kind == session::TargetReference::Kind::kOutboundRow;
    const bool simple = record.state == store::DeliveryState::kWaiting && record.files.empty() &&
                        !record.not_before && !waits_for_row;
    candidate.send_at_once = lanes_.acceptance_begun(record.lane, simple);
    work->kept.push_back(candidate.send_at_once);
  }
  // The lanes as they were told: the unit of work may change a candidate.
  std::vector<store::LaneKey> lanes;
  for (const Candidate& candidate : work->batch.candidates) {
    lanes.push_back(candidate.record.lane);
  }
  core_.deps.database.transact(
      [work](store::Repositories& repositories) { return write_batch(repositories, *work); },
      lifetime_.guard([this, work, lanes = std::move(lanes)](const Status& status) {
        if (status.ok()) {
          PBAY_FAILPOINT("delivery.after_accept");
          accepted(*work);
        }
        for (std::size_t i = 0; i < lanes.size(); ++i) {
          const bool is_sent =
              status.ok() && work->fresh[i] &&
              work->batch.candidates[i].record.state == store::DeliveryState::kSending;
          lanes_.acceptance_ended(lanes[i], work->kept[i] && !is_sent);
        }
        work->done(status);
        core_.end();
      }));
}

Status Acceptor::write_batch(store::Repositories& repositories, Work& work) {
  AcceptanceBatch& batch = work.batch;
  const SessionFacts nobody;
  for (std::size_t i = 0; i < batch.candidates.size(); ++i) {
    PATCHBAY_ASSIGN(work.fresh[i], accept_candidate(repositories, batch.session.value_or(nobody),
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

void Acceptor::accepted(Work& work) {
  for (std::size_t i = 0; i < work.batch.candidates.size(); ++i) {
    if (!work.fresh[i]) {
      continue;
    }
    store::DeliveryRecord& record = work.batch.candidates[i].record;
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

}  // namespace patchbay::delivery
