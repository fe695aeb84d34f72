#include "adapters/isolation/runner_host.hpp"

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

void submit(const pbay_host* host, pbay_op op, const pbay_event* event) noexcept {
  PBAY_FAILPOINT("runner.submit");
  Writer body;
  body.one(event);
  RunnerHost::of(host).send(FrameKind::kSubmit, op, body);
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

void op_complete(const pbay_host* host, pbay_op op, const pbay_result* result) noexcept {
  PBAY_FAILPOINT("runner.complete");
  Writer body;
  body.one(result);
  RunnerHost::of(host).send(FrameKind::kOpComplete, op, body);
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
  return RunnerHost::of(host).ask(FrameKind::kHasExtension, body) != 0 ? table : nullptr;
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

void RunnerHost::send(FrameKind kind, std::uint64_t id, const Writer& body) {
  const base::Status sent = socket_.send(kind, id, body);
  if (sent.code() == base::Code::kTooLarge) {
    Writer line;
    line(std::uint32_t{PBAY_LOG_ERROR}, sent.message());
    static_cast<void>(socket_.send(FrameKind::kLog, 0, line));
  } else if (!sent.ok()) {
    end_process(sent);
  }
}

std::uint64_t RunnerHost::ask(FrameKind kind, const Writer& body) {
  std::unique_lock lock(mutex_);
  const std::uint64_t id = ++last_question_;
  questions_[id] = std::nullopt;
  lock.unlock();
  if (const base::Status sent = socket_.send(kind, id, body); !sent.ok()) {
    end_process(sent);  // also what is too large: no adapter writes that much at once and goes on
  }
  lock.lock();
  changed_.wait(lock, [this, id] { return questions_.at(id).has_value(); });
  return *questions_.extract(id).mapped();
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
