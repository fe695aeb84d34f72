#include "routing/file_fetcher.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>

#include "base/json.hpp"
#include "base/limits.hpp"
#include "base/log.hpp"
#include "routing/inbound_row.hpp"
#include "routing/paging.hpp"
#include "session/session_storage.hpp"
#include "store/repositories.hpp"

namespace patchbay::routing {
namespace {

bool may_help_to_repeat(base::Code code) {
  return code == base::Code::kUnavailable || code == base::Code::kTimeout ||
         code == base::Code::kBusy || code == base::Code::kIo;
}

base::Result<InboundEvent> parse(const std::string& text) {
  PATCHBAY_ASSIGN(const nlohmann::json event, base::parse_json(text));
  return event_from_json(event);
}

}  // namespace

struct FileFetcher::Job {
  enum class Step : std::uint8_t { kFetch, kPlace, kComplete };

  store::PendingFilesRecord record;
  InboundEvent event;
  Step step = Step::kFetch;
  std::size_t next_file = 0;
  int attempts = 0;    // at the file, by an instance that works
  int rests = 0;       // in a row
  int placements = 0;  // that the disk did not take
  base::MonotonicTime since;
  std::string content;  // final, once the files are placed; empty: as it is
};

base::Status FileFetcher::start() {
  if (files_ == nullptr) {
    return {base::Code::kInternal, "the router was started without its file port"};
  }
  std::int64_t after = 0;
  for (bool more = true; more;) {
    std::vector<store::PendingFilesRecord> page;
    PATCHBAY_TRY(database_.run([&](store::Repositories& repositories) -> base::Status {
      PATCHBAY_ASSIGN(page, repositories.pending_files.load(after, kPageRows));
      return {};
    }));
    more = page.size() == kPageRows;
    for (store::PendingFilesRecord& record : page) {
      after = record.id;
      loop_.post(lifetime_.guard([this, found = std::move(record)] { add(found); }));
    }
  }
  return {};
}

void FileFetcher::add(store::PendingFilesRecord record) {
  const auto job = std::make_shared<Job>();
  job->record = std::move(record);
  job->since = loop_.now();
  auto event = parse(job->record.event);
  if (event.ok()) {
    job->event = std::move(event).value();
  } else {
    base::log_error("routing.pending_files_unreadable",
                    {{"row", job->record.row_id}, {"reason", event.status().message()}});
    job->step = Job::Step::kComplete;  // or its chat would wait behind it for ever
  }
  enqueue(job);
}

void FileFetcher::enqueue(const JobPointer& job) {
  lanes_[job->event.instance].ready.push_back(job);
  run(job->event.instance);
}

void FileFetcher::run(const base::InstanceName& instance) {
  while (true) {
    const auto lane = lanes_.find(instance);
    if (lane == lanes_.end() || lane->second.under_way == limits::kFetchesUnderWay) {
      return;
    }
    if (lane->second.ready.empty()) {
      if (lane->second.under_way == 0) {
        lanes_.erase(lane);
      }
      return;
    }
    const JobPointer job = std::move(lane->second.ready.front());
    lane->second.ready.pop_front();
    ++lane->second.under_way;
    step(job);
  }
}

void FileFetcher::step(const JobPointer& job) {
  switch (job->step) {
    case Job::Step::kFetch:
      fetch_next(job);
      break;
    case Job::Step::kPlace:
      place(job);
      break;
    case Job::Step::kComplete:
      complete(job);
      break;
  }
}

void FileFetcher::fetch_next(const JobPointer& job) {
  auto& files = job->event.files;
  while (job->next_file < files.size()) {
    const InboundFile& file = files[job->next_file];
    if (!file.reference.empty() && file.staged.empty() && file.error.empty()) {
      break;
    }
    ++job->next_file;
  }
  if (job->next_file == files.size()) {
    place(job);
    return;
  }
  files_->fetch(job->event.instance, files[job->next_file].reference,
                lifetime_.guard([this, job](const base::Result<std::string>& staged) {
                  fetched(job, staged);
                }));
}

void FileFetcher::fetched(const JobPointer& job, const base::Result<std::string>& staged) {
  InboundFile& file = job->event.files[job->next_file];
  if (staged.ok()) {
    file.staged = *staged;
    job->attempts = 0;
    job->rests = 0;
  } else if (may_help_to_repeat(staged.status().code()) && may_try_again(*job)) {
    rest(job);
    return;
  } else {
    file.error = staged.status().message();
    job->attempts = 0;
    job->rests = 0;
    base::log_warning("routing.file_not_fetched", {{"row", job->record.row_id},
                                                   {"instance", job->event.instance.str()},
                                                   {"reason", file.error}});
  }
  fetch_next(job);
}

bool FileFetcher::may_try_again(Job& job) const {
  if (files_->is_paused(job.event.instance)) {
    return loop_.now() - job.since < limits::kFetchMaxPaused;
  }
  return ++job.attempts <= limits::kFetchAttempts;
}

void FileFetcher::place(const JobPointer& job) {
  job->step = Job::Step::kPlace;
  storage_.post([tools = tools_, &loop = loop_, job,
                 placed = lifetime_.guard([this, job](const base::Status& status) {
                   this->placed(job, status);
                 })]() mutable {
    const std::array targets{
        PlacementTarget{{job->record.agent, job->record.session}, job->record.row_id}};
    const auto placements = place_files(tools, job->event.files, targets);
    const auto attachments = base::parse_json(placements.front().attachments);
    job->content = content_of(job->event, attachments.ok() ? *attachments : nlohmann::json());
    loop.post([placed = std::move(placed), status = placements.front().status]() mutable {
      placed(status);
    });
  });
}

void FileFetcher::placed(const JobPointer& job, const base::Status& status) {
  job->rests = 0;
  if (is_trouble_of_disk(status.code()) && ++job->placements < limits::kPlacementAttempts) {
    base::log_warning("routing.files_not_placed", {{"row", job->record.row_id},
                                                   {"instance", job->event.instance.str()},
                                                   {"reason", status.message()}});
    // What was staged may be used up; the platform still has what came by reference.
    for (InboundFile& file : job->event.files) {
      if (!file.reference.empty()) {
        file.staged.clear();
      }
    }
    job->step = Job::Step::kFetch;
    job->next_file = 0;
    rest(job);
    return;
  }
  complete(job);
}

void FileFetcher::complete(const JobPointer& job) {
  job->step = Job::Step::kComplete;
  tools_.sessions->write(
      {job->record.agent, job->record.session},
      session::CompleteAttachments{job->record.row_id, job->content},
      lifetime_.guard([this, job](const base::Result<session::CommandOutcome>& result) {
        completed(job, result.status());
      }));
}

void FileFetcher::completed(const JobPointer& job, const base::Status& status) {
  if (status.ok() || status.code() == base::Code::kNotFound) {
    forget(job);
    return;
  }
  const bool can_never_be =
      status.code() == base::Code::kInvalidArgument || status.code() == base::Code::kTooLarge;
  if (can_never_be) {
    base::log_error("routing.row_not_completed",
                    {{"row", job->record.row_id}, {"reason", status.message()}});
    if (job->content.empty()) {
      forget(job);
    } else {
      job->content.clear();  // the row goes as it is: its chat waits behind it
      complete(job);
    }
    return;
  }
  // The session is locked or damaged: the row waits, and so does what completes it.
  rest(job);
}

void FileFetcher::forget(const JobPointer& job) {
  database_.transact(
      [job](store::Repositories& repositories) -> base::Status {
        return repositories.pending_files.remove(job->record.agent, job->record.session,
                                                 job->record.row_id);
      },
      lifetime_.guard([this, job](const base::Status& removed) {
        if (!removed.ok()) {
          // It is done once more after the next start, which changes nothing.
          base::log_warning("routing.pending_files_kept",
                            {{"row", job->record.row_id}, {"reason", removed.message()}});
        }
        leave(job);
      }));
}

// Gives way to others until its step is worth another try.
void FileFetcher::rest(const JobPointer& job) {
  const auto delay = limits::kReplayFirst * (1 << std::min(job->rests, 10));
  ++job->rests;
  loop_.run_after(std::min<base::Milliseconds>(delay, limits::kReplayLongest),
                  lifetime_.guard([this, job] { enqueue(job); }));
  leave(job);
}

void FileFetcher::leave(const JobPointer& job) {
  --lanes_.at(job->event.instance).under_way;
  run(job->event.instance);
}

}  // namespace patchbay::routing
