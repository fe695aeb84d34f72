#include "telegram/downloader.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

#include <patchbay/sdk/event_queue.hpp>

#include "common/json_value.hpp"
#include "telegram/message_files.hpp"

namespace patchbay::telegram {
namespace {

using nlohmann::json;
using sdk::Completion;
using sdk::Event;
using sdk::HttpResponse;
using sdk::InboundFile;
using sdk::Result;
using sdk::Task;

constexpr std::size_t kAtOnce = 4;
constexpr std::chrono::milliseconds kBatchTime{60'000};
constexpr std::chrono::milliseconds kFetchTimeout{300'000};
constexpr std::chrono::milliseconds kFirstWait{1'000};

bool may_work_later(const Result& result) {
  return result.code <= PBAY_E_RETRY && result.code > PBAY_E_PERMANENT;
}

}  // namespace

// Shared, because the workers outlive the one who waits for them when the instance stops.
struct Downloader::Batch {
  explicit Batch(sdk::Runtime& runtime) : finished(runtime) {}

  std::vector<InboundFile> files;
  std::size_t next = 0;
  std::int64_t deadline_ms = 0;   // monotonic
  sdk::EventQueue<int> finished;  // one entry a worker
};

Task<> Downloader::stage_files(std::vector<Event>& events) {
  std::vector<InboundFile*> wanted;
  const auto batch = std::make_shared<Batch>(adapter_.runtime());
  batch->deadline_ms = adapter_.clock.monotonic_ms() + kBatchTime.count();
  for (Event& event : events) {
    for (InboundFile& file : event.files) {
      if (!file.reference.empty()) {
        wanted.push_back(&file);
        batch->files.push_back(file);
      }
    }
  }
  const std::size_t workers = std::min(kAtOnce, wanted.size());
  for (std::size_t i = 0; i < workers; ++i) {
    adapter_.spawn("download", work(batch));
  }
  for (std::size_t i = 0; i < workers; ++i) {
    const int one = co_await batch->finished.next();
    static_cast<void>(one);
  }
  for (std::size_t i = 0; i < wanted.size(); ++i) {
    *wanted[i] = batch->files[i];
  }
}

Task<> Downloader::work(std::shared_ptr<Batch> batch) {
  try {
    co_await take_turns(batch);
  } catch (...) {
    static_cast<void>(batch->finished.push(0));
    throw;
  }
  static_cast<void>(batch->finished.push(1));
}

Task<> Downloader::take_turns(std::shared_ptr<Batch> batch) {
  while (batch->next < batch->files.size()) {
    InboundFile& file = batch->files[batch->next++];
    co_await stage(file, batch->deadline_ms);
  }
}

Task<> Downloader::stage(InboundFile& file, std::int64_t deadline_ms) {
  std::chrono::milliseconds wait = kFirstWait;
  while (true) {
    const std::chrono::milliseconds left(deadline_ms - adapter_.clock.monotonic_ms());
    const std::uint64_t handle = left.count() > 0 ? adapter_.staging.open(file.size) : 0;
    if (handle == 0) {
      co_return;  // no time, or too many are open
    }
    const Result result = co_await into(handle, file.reference, left);
    if (result.ok()) {
      file.staging = handle;
      file.reference.clear();
      co_return;
    }
    adapter_.staging.abort(handle);
    if (!may_work_later(result)) {
      file.error = result.text;
      file.reference.clear();
      co_return;
    }
    const std::chrono::milliseconds told(std::max<std::int64_t>(result.retry_after_ms, 0));
    const std::chrono::milliseconds pause = std::max(told, wait);
    if (adapter_.clock.monotonic_ms() + pause.count() >= deadline_ms) {
      adapter_.log_warning("a file was not had in time; its message goes on, the file follows: " +
                           result.text);
      co_return;
    }
    if (wait == kFirstWait) {
      adapter_.log_warning("a file cannot be had yet, its message waits for it: " + result.text);
    }
    co_await adapter_.timer.sleep(pause);
    wait *= 2;
  }
}

Task<Result> Downloader::fetch(std::string file_id, std::uint64_t staging) {
  const Result result = co_await into(staging, file_id, kFetchTimeout);
  co_return result;
}

Task<Result> Downloader::into(std::uint64_t staging, std::string file_id,
                              std::chrono::milliseconds timeout) {
  CallOptions options;
  options.idempotent = true;
  options.timeout = std::min(options.timeout, timeout);
  const json arguments = {{"file_id", std::move(file_id)}};
  const Answer answer = co_await api_.call("getFile", arguments, options);
  if (!answer.ok) {
    Result refused = result_of(answer, Repeated::kIsHarmless);
    if (refused.code == PBAY_E_TOO_LARGE) {
      refused.text = too_big_to_download(-1);
    }
    co_return refused;
  }
  const std::string path = common::string_of(answer.result, "file_path");
  if (path.empty() || path.starts_with('/')) {
    co_return Result::not_sent(
        PBAY_E_UNSUPPORTED,
        "the Bot API server keeps the file on its own disk; run it without --local");
  }
  const HttpResponse response = co_await api_.download(path, staging, timeout);
  if (response.code == PBAY_E_TOO_LARGE) {
    co_return Result::not_sent(PBAY_E_TOO_LARGE, "the file is larger than this host takes");
  }
  if (!response.success()) {
    const std::string why = response.answered() ? "HTTP " + std::to_string(response.status)
                                                : api_.redact(response.error);
    const bool gone = response.status == 404 || response.status == 400;
    co_return Result::not_sent(gone ? PBAY_E_NOT_FOUND : PBAY_E_NETWORK,
                               "the file could not be downloaded from Telegram: " + why);
  }
  const Completion committed = co_await adapter_.staging.commit(staging);
  if (!committed.ok()) {
    co_return Result::not_sent(committed.code, "the file could not be stored: " + committed.text);
  }
  co_return Result::sent();
}

}  // namespace patchbay::telegram
