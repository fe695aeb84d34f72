#include "routing/file_fetcher.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>

#include "base/json.hpp"
#include "base/limits.hpp"
#include "base/log.hpp"
#include "routing/inbound_row.hpp"
#include "routing/while_alive.hpp"
#include "session/session_storage.hpp"
#include "store/repositories.hpp"

namespace patchbay::routing {
namespace {

constexpr std::size_t kPageRows = 256;

bool may_help_to_repeat(base::Code code) {
  return code == base::Code::kUnavailable || code == base::Code::kTimeout ||
         code == base::Code::kBusy || code == base::Code::kIo;
}

base::Result<InboundEvent> parse(const std::string& text) {
  PATCHBAY_ASSIGN(const nlohmann::json json, base::parse_json(text));
  return event_from_json(json);
}

}  // namespace

// One row, shared by the completions that follow each other.
struct FileFetcher::Job {
  store::PendingFilesRecord record;
  InboundEvent event;
  std::size_t next_file = 0;
  int attempts = 0;
  std::string content;  // final, once the files are placed
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
      waiting_.push_back(std::move(record));
    }
  }
  loop_.post(while_alive(alive_, [this] { begin_some(); }));
  return {};
}

void FileFetcher::add(store::PendingFilesRecord record) {
  waiting_.push_back(std::move(record));
  begin_some();
}

void FileFetcher::begin_some() {
  while (under_way_ < limits::kFetchesUnderWay && !waiting_.empty()) {
    const auto job = std::make_shared<Job>();
    job->record = std::move(waiting_.front());
    waiting_.pop_front();
    ++under_way_;
    begin(job);
  }
}

void FileFetcher::begin(const std::shared_ptr<Job>& job) {
  auto event = parse(job->record.event);
  if (!event.ok()) {
    base::log_error("routing.pending_files_unreadable",
                    {{"row", job->record.row_id}, {"reason", event.status().message()}});
    forget(job);
    return;
  }
  job->event = std::move(event).value();
  fetch_next(job);
}

void FileFetcher::fetch_next(const std::shared_ptr<Job>& job) {
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
                while_alive(alive_, [this, job](const base::Result<std::string>& staged) {
                  fetched(job, staged);
                }));
}

void FileFetcher::fetched(const std::shared_ptr<Job>& job,
                          const base::Result<std::string>& staged) {
  InboundFile& file = job->event.files[job->next_file];
  if (staged.ok()) {
    file.staged = *staged;
    job->attempts = 0;
  } else if (may_help_to_repeat(staged.status().code()) && job->attempts < limits::kFetchAttempts) {
    loop_.run_after(next_delay(*job), while_alive(alive_, [this, job] { fetch_next(job); }));
    return;
  } else {
    file.error = staged.status().message();
    job->attempts = 0;
    base::log_warning("routing.file_not_fetched", {{"row", job->record.row_id},
                                                   {"instance", job->event.instance.str()},
                                                   {"reason", file.error}});
  }
  fetch_next(job);
}

base::Milliseconds FileFetcher::next_delay(Job& job) {
  const auto delay = limits::kReplayFirst * (1 << std::min(job.attempts, 10));
  ++job.attempts;
  return std::min<base::Milliseconds>(delay, limits::kReplayLongest);
}

void FileFetcher::place(const std::shared_ptr<Job>& job) {
  storage_.post(
      [this, tools = tools_, &loop = loop_, job, alive = std::weak_ptr<const char>(alive_)] {
        const std::array targets{
            PlacementTarget{{job->record.agent, job->record.session}, job->record.row_id}};
        const auto placements = place_files(tools, job->event.files, targets);
        const auto attachments = base::parse_json(placements.front().attachments);
        job->content = content_of(job->event, attachments.ok() ? *attachments : nlohmann::json());
        loop.post([this, job, alive] {
          if (!alive.expired()) {
            job->attempts = 0;
            complete(job);
          }
        });
      });
}

void FileFetcher::complete(const std::shared_ptr<Job>& job) {
  tools_.sessions->write(
      {job->record.agent, job->record.session},
      session::CompleteAttachments{job->record.row_id, job->content},
      while_alive(alive_, [this, job](const base::Result<session::CommandOutcome>& result) {
        const base::Code code = result.status().code();
        if (result.ok() || code == base::Code::kNotFound || code == base::Code::kInvalidArgument ||
            code == base::Code::kTooLarge) {
          if (!result.ok()) {
            base::log_error("routing.row_not_completed",
                            {{"row", job->record.row_id}, {"reason", result.status().message()}});
          }
          forget(job);
          return;
        }
        // The session is locked or damaged: the row waits, and so does what completes it.
        loop_.run_after(next_delay(*job), while_alive(alive_, [this, job] { complete(job); }));
      }));
}

void FileFetcher::forget(const std::shared_ptr<Job>& job) {
  database_.transact(
      [job](store::Repositories& repositories) -> base::Status {
        return repositories.pending_files.remove(job->record.agent, job->record.session,
                                                 job->record.row_id);
      },
      while_alive(alive_, [this, job](const base::Status& removed) {
        if (!removed.ok()) {
          // It is done once more after the next start, which changes nothing.
          base::log_warning("routing.pending_files_kept",
                            {{"row", job->record.row_id}, {"reason", removed.message()}});
        }
        ended();
      }));
}

void FileFetcher::ended() {
  --under_way_;
  begin_some();
}

}  // namespace patchbay::routing
