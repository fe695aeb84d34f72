#include "adapters/isolation/runner_host.hpp"

#include <algorithm>
#include <cstdio>
#include <string_view>
#include <unistd.h>
#include <utility>

#include "adapters/isolation/wire_structs.hpp"
#include "base/failpoint.hpp"

namespace patchbay::adapters {
namespace {

using wire::Writer;

void log_line(const pbay_host* host, std::uint32_t level, pbay_str message) noexcept {
  Writer body;
  body(level, message);
  RunnerHost::of(host).send(FrameKind::kLog, 0, body);
}

// Of an event that is not stored: see PBAY_NOT_STORED.
void let_files_go(const pbay_host* host, const pbay_event* event) {
  const pbay_event known = known_part(event).value_or(pbay_event{});
  for (std::uint32_t i = 0; i < std::min(known.file_count, wire::kMostElements); ++i) {
    const auto file = known_element(known.files, known.file_stride, i);
    if (file && file->staging != 0) {
      Writer body;
      body(file->staging);
      RunnerHost::of(host).send(FrameKind::kStagingAbort, 0, body);
    }
  }
}

void submit(const pbay_host* host, pbay_op op, const pbay_event* event) noexcept {
  PBAY_FAILPOINT("runner.submit");
  Writer body;
  body.one(event);
  if (!RunnerHost::of(host).send(FrameKind::kSubmit, op, body)) {
    let_files_go(host, event);
  }
  PBAY_FAILPOINT("runner.submitted");
}

void set_state(const pbay_host* host, const pbay_state* state) noexcept {
  Writer body;
  body.one(state);
  RunnerHost::of(host).send(FrameKind::kSetState, 0, body);
}

void op_part(const pbay_host* host, pbay_op op, pbay_op delivery_op, std::uint32_t part,
             pbay_str remote_id, pbay_str cursor) noexcept {
  PBAY_FAILPOINT("runner.part");
  Writer body;
  body(delivery_op, part, remote_id, cursor);
  RunnerHost::of(host).send(FrameKind::kOpPart, op, body);
  PBAY_FAILPOINT("runner.part_told");
}

// What counts of one that is too large: how it ended.
void complete_in_short(const pbay_host* host, pbay_op op, const pbay_result* result) {
  const std::string why = too_large_to_pass().message();
  pbay_result known = known_part(result).value_or(pbay_result{});
  known.text = abi(why);
  known.remote_ids = nullptr;
  known.remote_id_count = 0;
  Writer body;
  body.one(&known);
  RunnerHost::of(host).send(FrameKind::kOpComplete, op, body);
}

void op_complete(const pbay_host* host, pbay_op op, const pbay_result* result) noexcept {
  PBAY_FAILPOINT("runner.complete");
  Writer body;
  body.one(result);
  if (!RunnerHost::of(host).send(FrameKind::kOpComplete, op, body)) {
    complete_in_short(host, op, result);
  }
  RunnerHost::of(host).delivery_completed(op);
  PBAY_FAILPOINT("runner.completed");
}

void report(const pbay_host* host, const pbay_report* told) noexcept {
  Writer body;
  body.one(told);
  RunnerHost::of(host).send(FrameKind::kReport, 0, body);
}

void metadata(const pbay_host* host, pbay_str fact_json) noexcept {
  Writer body;
  body(fact_json);
  RunnerHost::of(host).send(FrameKind::kMetadata, 0, body);
}

void chat_reachable(const pbay_host* host, const pbay_chat* chat) noexcept {
  Writer body;
  body.one(chat);
  RunnerHost::of(host).send(FrameKind::kChatReachable, 0, body);
}

void stopped(const pbay_host* host) noexcept {
  RunnerHost::of(host).send(FrameKind::kStopped, 0, {});
}

const void* get_extension(const pbay_host* host, const char* id) noexcept {
  const void* table = id == nullptr ? nullptr : runner_extension(id);
  if (table == nullptr) {
    return nullptr;
  }
  Writer body;
  body(std::string(id));
  return RunnerHost::of(host).ask(FrameKind::kHasExtension, body).value_or(0) != 0 ? table
                                                                                   : nullptr;
}

// Those whose completion the adapter awaits, and that have a member of any size.
bool begins_operation(FrameKind kind) {
  switch (kind) {
    case FrameKind::kSubmit:
    case FrameKind::kOpPart:
    case FrameKind::kHttpRequest:
    case FrameKind::kKvGet:
    case FrameKind::kKvPut:
    case FrameKind::kKvCompareAndSet:
    case FrameKind::kKvRemove:
    case FrameKind::kListenerListen:
    case FrameKind::kWebSocketOpen:
    case FrameKind::kStreamOpen:
      return true;
    default:
      return false;
  }
}

// An adapter that goes on without what it asked for would wait for its completion for ever.
[[noreturn]] void end_process(const base::Status& why) {
  std::fprintf(stderr, "what the adapter asked for could not be sent: %s\n", why.message().c_str());
  ::_exit(1);
}

}  // namespace

RunnerHost::RunnerHost(FrameSocket& socket)
    : socket_(socket),
      host_{.struct_size = sizeof(pbay_host),
            .minor = PBAY_ABI_MINOR,
            .data = this,
            .log = log_line,
            .submit = submit,
            .set_state = set_state,
            .op_part = op_part,
            .op_complete = op_complete,
            .report = report,
            .metadata = metadata,
            .chat_reachable = chat_reachable,
            .stopped = stopped,
            .get_extension = get_extension} {}

bool RunnerHost::pass(FrameKind kind, std::uint64_t id, const Writer& body) {
  const base::Status sent = socket_.send(kind, id, body);
  if (sent.ok()) {
    return true;
  }
  if (sent.code() != base::Code::kTooLarge) {
    end_process(sent);
  }
  Writer line;
  line(std::uint32_t{PBAY_LOG_ERROR}, sent.message());
  pass(FrameKind::kLog, 0, line);
  return false;
}

bool RunnerHost::send(FrameKind kind, std::uint64_t id, const Writer& body) {
  const bool passed = pass(kind, id, body);
  if (!passed && begins_operation(kind)) {
    Writer what;
    what(static_cast<std::uint16_t>(kind));
    pass(FrameKind::kTooLarge, id, what);
  }
  return passed;
}

std::optional<std::uint64_t> RunnerHost::ask(FrameKind kind, const Writer& body) {
  std::unique_lock lock(mutex_);
  const std::uint64_t id = ++last_question_;
  questions_[id] = std::nullopt;
  lock.unlock();
  const bool passed = pass(kind, id, body);
  lock.lock();
  if (!passed) {
    questions_.erase(id);
    return std::nullopt;
  }
  changed_.wait(lock, [this, id] { return questions_.at(id).has_value(); });
  return questions_.extract(id).mapped();
}

void RunnerHost::answered(const Frame& frame) {
  const auto value = frame.reader().next<std::uint64_t>();
  {
    const std::lock_guard lock(mutex_);
    if (const auto question = questions_.find(frame.id); question != questions_.end()) {
      question->second = value;
    }
  }
  changed_.notify_all();
}

void RunnerHost::keep_files(pbay_op delivery, std::vector<base::UniqueFd> files) {
  if (!files.empty()) {
    const std::lock_guard lock(mutex_);
    files_[delivery] = std::move(files);
  }
}

void RunnerHost::delivery_completed(pbay_op op) {
  const std::lock_guard lock(mutex_);
  files_.erase(op);
}

}  // namespace patchbay::adapters
