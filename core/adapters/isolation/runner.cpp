#include "adapters/isolation/runner.hpp"

#include <array>
#include <cerrno>
#include <ctime>
#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <system_error>
#include <unistd.h>
#include <utility>
#include <vector>

#include "adapters/isolation/details.hpp"
#include "adapters/isolation/protocol.hpp"
#include "adapters/isolation/wire_structs.hpp"
#include "adapters/log_share.hpp"
#include "base/log.hpp"

namespace patchbay::adapters {
namespace {

using base::Code;
using base::Result;
using base::Status;
using base::UniqueFd;
using wire::Writer;

struct Pair {
  UniqueFd ours;
  UniqueFd theirs;
};

Result<Pair> socket_pair() {
  std::array<int, 2> ends{};
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()) != 0) {
    return Status::from_errno(errno, "cannot connect to a process for the adapter");
  }
  return Pair{UniqueFd(ends[0]), UniqueFd(ends[1])};
}

// Neither end ever waits.
Result<Pair> message_pipe() {
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC | O_NONBLOCK) != 0) {
    return Status::from_errno(errno, "cannot connect to a process for the adapter");
  }
  return Pair{UniqueFd(ends[0]), UniqueFd(ends[1])};
}

}  // namespace

// What the host finds in the pbay_adapter. self: the Runner.
struct Runner::Functions {
  static Runner& of(void* self) { return *static_cast<Runner*>(self); }

  static void start(void* self) noexcept { of(self).call(FrameKind::kStart, {}); }
  static void stop(void* self, std::int64_t deadline_ms) noexcept {
    Writer body;
    body(deadline_ms);
    of(self).call(FrameKind::kStop, body);
  }
  static void destroy(void* self) noexcept {
    of(self).call_from_loader(FrameKind::kDestroy, {}, "destroy");
    of(self).end();
  }
  static void deliver(void* self, pbay_op op, const pbay_delivery* delivery) noexcept {
    Writer body;
    body(op);
    body.one(delivery);
    of(self).call(FrameKind::kDeliver, body);
  }
  static void fetch(void* self, pbay_op op, pbay_str reference, std::uint64_t staging) noexcept {
    Writer body;
    body(op, reference, staging);
    of(self).call(FrameKind::kFetch, body);
  }
  // The instance calls Runner's own, with what kind of detail it is.
  static void on_complete(void* self, pbay_op op, const pbay_completion* completion) noexcept {
    of(self).on_complete(op, DetailKind::kNone, *completion, nullptr);
  }
  static void on_event(void* self, pbay_op op, const void* /*detail*/) noexcept {
    of(self).on_event(op, DetailKind::kNone, nullptr);
  }
  static void cancel(void* self, pbay_op op) noexcept {
    Writer body;
    body(op);
    of(self).call(FrameKind::kCancel, body);
  }
  static void capabilities(void* self, const pbay_chat* chat, pbay_caps* out) noexcept {
    Writer body;
    body.one(chat);
    const auto answer = of(self).call(FrameKind::kCapabilities, body);
    if (!answer) {
      return;
    }
    wire::Reader reader = answer->reader();
    const auto caps = known_part(reader.next_one<pbay_caps>());
    if (reader.ok() && caps) {
      *out = *caps;
    }
  }
  static void typing(void* self, const pbay_chat* chat) noexcept {
    Writer body;
    body.one(chat);
    of(self).call(FrameKind::kTyping, body);
  }
  static const void* get_extension(void* self, const char* id) noexcept {
    const bool has_it = of(self).typing_.lasts_ms != 0 && std::string_view(id) == PBAY_EXT_TYPING;
    return has_it ? &of(self).typing_ : nullptr;
  }

  static pbay_adapter table(Runner* self, std::uint32_t functions) {
    const auto has = [functions](Function function) {
      return (functions & static_cast<std::uint32_t>(function)) != 0;
    };
    pbay_adapter out{};
    out.struct_size = sizeof(pbay_adapter);
    out.self = self;
    out.start = has(Function::kStart) ? start : nullptr;
    out.stop = has(Function::kStop) ? stop : nullptr;
    out.destroy = has(Function::kDestroy) ? destroy : nullptr;
    out.deliver = has(Function::kDeliver) ? deliver : nullptr;
    out.fetch = has(Function::kFetch) ? fetch : nullptr;
    out.on_complete = has(Function::kOnComplete) ? on_complete : nullptr;
    out.on_event = has(Function::kOnEvent) ? on_event : nullptr;
    out.cancel = has(Function::kCancel) ? cancel : nullptr;
    out.capabilities = has(Function::kCapabilities) ? capabilities : nullptr;
    out.get_extension = get_extension;
    return out;
  }
};

Runner::Runner(RunnerOptions options, RunnerEvents events)
    : options_(std::move(options)), events_(std::move(events)) {}

Runner::~Runner() {
  end();
  if (reader_.joinable()) {
    reader_.join();
  }
}

void Runner::say(std::uint32_t level, const std::string& text) {
  host_->log(host_, level, abi(text));
}

Status Runner::start_process() {
  PATCHBAY_ASSIGN(Pair socket, socket_pair());
  PATCHBAY_ASSIGN(Pair refusals, message_pipe());
  PATCHBAY_ASSIGN(Pair errors, message_pipe());
  PATCHBAY_ASSIGN(
      ChildProcess process,
      spawn_runner(options_.program,
                   {"--serve", std::to_string(kRunnerProtocol), options_.library, options_.channel,
                    std::to_string(options_.memory_bytes)},
                   -1, errors.theirs.get(), {socket.theirs.get(), refusals.theirs.get()}));
  const std::lock_guard lock(mutex_);
  process_ = std::move(process);
  socket_ = std::make_unique<FrameSocket>(std::move(socket.ours));
  refusals_ = std::move(refusals.ours);
  errors_ = std::move(errors.ours);
  if (ended_) {
    kill_process(process_);  // end() came before there was one
  }
  process_id_ = process_.pid;
  runs_ = true;
  try {
    reader_ = std::thread([this] { read(); });
  } catch (const std::system_error& error) {
    end_process(process_);
    process_id_ = 0;
    runs_ = false;
    return {Code::kUnavailable,
            std::string("the system gives no thread for its process: ") + error.what()};
  }
  return {};
}

std::int32_t Runner::create(const pbay_host& host, pbay_str config_json, pbay_adapter* out) {
  host_ = &host;
  if (const Status started = start_process(); !started.ok()) {
    say(PBAY_LOG_ERROR, started.message());
    return PBAY_E_BUG;
  }
  Writer body;
  body(config_json);
  const auto answer = call_from_loader(FrameKind::kCreate, body, "create");
  if (!answer) {
    return PBAY_E_BUG;
  }
  wire::Reader reader = answer->reader();
  const auto code = reader.next<std::int32_t>();
  const auto functions = reader.next<std::uint32_t>();
  const auto typing_ms = reader.next<std::uint32_t>();
  const auto weakness = reader.next<std::string>();
  if (!reader.ok()) {
    say(PBAY_LOG_ERROR, "its process answered create() with a malformed frame");
    return PBAY_E_BUG;
  }
  if (!weakness.empty()) {
    base::log_warning("adapter.weak_isolation",
                      {{"instance", options_.instance}, {"reason", shown_in_log(weakness)}});
  }
  typing_ = {sizeof(pbay_typing), typing_ms, Functions::typing};
  *out = Functions::table(this, functions);
  return code;
}

// The process may have put another descriptor in the place of its socket and left its group, and so
// has to be killed by its own name; and not by the reading thread, which it may keep busy.
void Runner::end() {
  {
    const std::lock_guard lock(mutex_);
    ended_ = true;
    if (socket_) {
      kill_process(process_);
      socket_->shut_down();
    }
  }
  budget_->close();
  changed_.notify_all();
}

bool Runner::await_end(std::chrono::milliseconds patience) {
  std::unique_lock lock(mutex_);
  return changed_.wait_for(lock, patience, [this] { return !runs_; });
}

bool Runner::was_lost() {
  const std::lock_guard lock(mutex_);
  return gone_ && !ended_;
}

// A folder has a link for each folder in it, besides its own two.
std::size_t Runner::threads() const {
  const pid_t pid = process_id_;
  struct stat tasks{};
  const std::string path = "/proc/" + std::to_string(pid) + "/task";
  if (pid == 0 || ::stat(path.c_str(), &tasks) != 0 || tasks.st_nlink < 2) {
    return 0;
  }
  return tasks.st_nlink - 2;
}

std::optional<std::chrono::nanoseconds> Runner::processor_time() const {
  const pid_t pid = process_id_;
  clockid_t clock{};
  timespec used{};
  if (pid == 0 || ::clock_getcpuclockid(pid, &clock) != 0 || ::clock_gettime(clock, &used) != 0) {
    return std::nullopt;
  }
  return std::chrono::seconds(used.tv_sec) + std::chrono::nanoseconds(used.tv_nsec);
}

// ---- calls --------------------------------------------------------------------------------------

void Runner::on_complete(pbay_op op, DetailKind kind, const pbay_completion& completion,
                         base::UniqueFunction<void()> begins) {
  const std::uint8_t tells = begins ? 1 : 0;
  {
    const std::lock_guard lock(mutex_);
    begins_ = std::move(begins);
  }
  Writer body;
  body(op, tells);
  body.one(&completion);
  put_detail(body, kind, completion.detail);
  if (body.is_too_large()) {
    complete_as_too_large(op, tells, completion);
  } else {
    call(FrameKind::kOnComplete, body);
  }
  call_has_begun();  // of a process that has gone, or does not say so
}

void Runner::complete_as_too_large(pbay_op op, std::uint8_t tells,
                                   const pbay_completion& completion) {
  pbay_completion too_large = completion;
  too_large.code = PBAY_E_TOO_LARGE;
  too_large.text =
      abi("the answer is larger than what can pass to an isolated adapter: let it "
          "be streamed into staging");
  Writer without;
  without(op, tells);
  without.one(&too_large);
  put_detail(without, DetailKind::kNone, nullptr);
  call(FrameKind::kOnComplete, without);
}

void Runner::call_has_begun() {
  base::UniqueFunction<void()> begins;
  {
    const std::lock_guard lock(mutex_);
    begins = std::exchange(begins_, nullptr);
  }
  if (begins) {
    begins();
  }
}

void Runner::on_event(pbay_op op, DetailKind kind, const void* detail) {
  Writer body;
  body(op);
  put_detail(body, kind, detail);
  call(FrameKind::kOnEvent, body);
}

std::optional<Frame> Runner::call(FrameKind kind, const Writer& body) {
  const std::uint64_t id = send_call(kind, body, std::nullopt);
  return id == 0 ? std::nullopt : await(id, std::nullopt);
}

std::optional<Frame> Runner::call_from_loader(FrameKind kind, const Writer& body,
                                              const char* name) {
  const auto until = std::chrono::steady_clock::now() + options_.hung_call;
  const std::uint64_t id = send_call(kind, body, options_.hung_call);
  if (id == 0) {
    return std::nullopt;
  }
  auto answer = await(id, until);
  std::unique_lock lock(mutex_);
  const bool hangs = !answer && !answers_no_more();
  lock.unlock();
  if (hangs) {
    say(PBAY_LOG_ERROR, std::string("the adapter's ") + name + "() did not come back within " +
                            std::to_string(options_.hung_call.count()) + " ms");
    end();
  }
  return answer;
}

std::uint64_t Runner::send_call(FrameKind kind, const Writer& body,
                                std::optional<std::chrono::milliseconds> patience) {
  std::uint64_t id = 0;
  {
    const std::lock_guard lock(mutex_);
    if (answers_no_more()) {
      return 0;
    }
    id = ++last_call_;
    answers_[id] = std::nullopt;
  }
  if (const Status sent = socket_->send(kind, id, body, patience); sent.code() == Code::kTooLarge) {
    say(PBAY_LOG_ERROR, sent.message());
    const std::lock_guard lock(mutex_);
    answers_.erase(id);
    return 0;
  }
  return id;  // of a runner that has gone or does not read, too: await() sees that
}

std::optional<Frame> Runner::await(std::uint64_t id, std::optional<base::MonotonicTime> until) {
  std::unique_lock lock(mutex_);
  const auto over = [this, id] { return answers_no_more() || answers_.at(id).has_value(); };
  if (until) {
    changed_.wait_until(lock, *until, over);
  } else {
    changed_.wait(lock, over);
  }
  return std::move(answers_.extract(id).mapped());
}

}  // namespace patchbay::adapters
