#include "adapters/isolation/serve.hpp"

#include <condition_variable>
#include <cstdio>
#include <deque>
#include <mutex>
#include <thread>
#include <unistd.h>
#include <utility>

#include <patchbay/ext/typing.h>

#include "adapters/isolation/details.hpp"
#include "adapters/isolation/frame_socket.hpp"
#include "adapters/isolation/protocol.hpp"
#include "adapters/isolation/runner_host.hpp"
#include "adapters/isolation/sandbox.hpp"
#include "adapters/isolation/wire_structs.hpp"
#include "adapters/module.hpp"
#include "base/failpoint.hpp"

namespace patchbay::adapters {
namespace {

using wire::Reader;
using wire::Writer;

// Calls as they come, for the one thread that is the instance's.
class CallQueue {
 public:
  void push(Frame frame) {
    {
      const std::lock_guard lock(mutex_);
      frames_.push_back(std::move(frame));
    }
    changed_.notify_one();
  }
  Frame pop() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return !frames_.empty(); });
    Frame out = std::move(frames_.front());
    frames_.pop_front();
    return out;
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<Frame> frames_;  // guarded by mutex_
};

class Server {
 public:
  Server(std::string weakness, ServeOptions options)
      : socket_(base::UniqueFd(kRunnerSocket)),
        host_(socket_),
        weakness_(std::move(weakness)),
        options_(std::move(options)) {}

  [[noreturn]] void run() {
    std::thread([this] { read(); }).detach();
    while (true) {
      Frame frame = calls_.pop();
      Writer answer;
      call(frame, answer);
      if (!socket_.send(FrameKind::kReturn, frame.id, answer).ok()) {
        ::_exit(0);
      }
    }
  }

 private:
  [[noreturn]] void read() {
    while (true) {
      auto frame = socket_.receive();
      if (!frame.ok()) {
        ::_exit(0);  // the daemon has gone, or is done with this process
      }
      if (frame->kind == FrameKind::kReturn) {
        host_.answered(*frame);
      } else {
        calls_.push(std::move(*frame));
      }
    }
  }

  void create(Reader& reader, Writer& answer) {
    const auto config = reader.next<pbay_str>();
    std::int32_t code = PBAY_E_BUG;
    adapter_.struct_size = sizeof(pbay_adapter);
    if (const auto module = open_library(options_.library, options_.channel); module.ok()) {
      code = (*module)->create(&host_.host(), config, &adapter_);
    } else {
      code = PBAY_E_INVALID;
      host_.host().log(&host_.host(), PBAY_LOG_ERROR, abi(module.status().message()));
    }
    const pbay_typing* typing = code == PBAY_OK ? find_typing() : nullptr;
    answer(code, functions(), typing == nullptr ? std::uint32_t{0} : typing->lasts_ms, weakness_);
  }

  [[nodiscard]] const pbay_typing* find_typing() const {
    if (adapter_.get_extension == nullptr) {
      return nullptr;
    }
    const auto* typing =
        static_cast<const pbay_typing*>(adapter_.get_extension(adapter_.self, PBAY_EXT_TYPING));
    const bool whole = typing != nullptr && typing->struct_size >= sizeof(pbay_typing) &&
                       typing->typing != nullptr;
    return whole ? typing : nullptr;
  }

  [[nodiscard]] std::uint32_t functions() const {
    std::uint32_t out = 0;
    const auto add = [&out](auto* pointer, Function function) {
      out |= pointer == nullptr ? 0U : static_cast<std::uint32_t>(function);
    };
    add(adapter_.start, Function::kStart);
    add(adapter_.stop, Function::kStop);
    add(adapter_.destroy, Function::kDestroy);
    add(adapter_.deliver, Function::kDeliver);
    add(adapter_.fetch, Function::kFetch);
    add(adapter_.on_complete, Function::kOnComplete);
    add(adapter_.on_event, Function::kOnEvent);
    add(adapter_.cancel, Function::kCancel);
    add(adapter_.capabilities, Function::kCapabilities);
    return out;
  }

  void deliver(Frame& frame, Reader& reader) {
    PBAY_FAILPOINT("runner.deliver");
    const auto op = reader.next<pbay_op>();
    const auto* delivery = reader.next_one<pbay_delivery>();
    // Before the call, which may complete it.
    host_.keep_files(op, std::move(frame.descriptors));
    adapter_.deliver(adapter_.self, op, delivery);
    PBAY_FAILPOINT("runner.delivering");
  }

  void complete(Reader& reader) {
    PBAY_FAILPOINT("runner.on_complete");
    const auto op = reader.next<pbay_op>();
    const auto tells = reader.next<std::uint8_t>();
    pbay_completion completion = *reader.next_one<pbay_completion>();
    completion.detail = next_detail(reader);
    if (tells != 0) {
      host_.send(FrameKind::kTaken, 0, {});
    }
    adapter_.on_complete(adapter_.self, op, &completion);
    PBAY_FAILPOINT("runner.on_complete_done");
  }

  void call(Frame& frame, Writer& answer) {
    Reader reader = frame.reader();
    switch (frame.kind) {
      case FrameKind::kCreate:
        create(reader, answer);
        break;
      case FrameKind::kStart:
        adapter_.start(adapter_.self);
        break;
      case FrameKind::kStop:
        adapter_.stop(adapter_.self, reader.next<std::int64_t>());
        break;
      case FrameKind::kDestroy:
        adapter_.destroy(adapter_.self);
        break;
      case FrameKind::kDeliver:
        deliver(frame, reader);
        break;
      case FrameKind::kFetch: {
        const auto op = reader.next<pbay_op>();
        const auto reference = reader.next<pbay_str>();
        adapter_.fetch(adapter_.self, op, reference, reader.next<std::uint64_t>());
        break;
      }
      case FrameKind::kOnComplete:
        complete(reader);
        break;
      case FrameKind::kOnEvent: {
        const auto op = reader.next<pbay_op>();
        if (const void* detail = next_detail(reader); detail != nullptr) {
          adapter_.on_event(adapter_.self, op, detail);
        }
        break;
      }
      case FrameKind::kCancel:
        adapter_.cancel(adapter_.self, reader.next<pbay_op>());
        break;
      case FrameKind::kCapabilities: {
        pbay_caps caps{};
        caps.struct_size = sizeof(pbay_caps);
        adapter_.capabilities(adapter_.self, reader.next_one<pbay_chat>(), &caps);
        caps.struct_size = sizeof(pbay_caps);
        answer.one(&caps);
        break;
      }
      case FrameKind::kTyping:
        find_typing()->typing(adapter_.self, reader.next_one<pbay_chat>());
        break;
      default:
        ::_exit(1);  // the daemon is of this build and sends no other
    }
  }

  FrameSocket socket_;
  RunnerHost host_;
  std::string weakness_;
  ServeOptions options_;
  CallQueue calls_;
  pbay_adapter adapter_{};
};

}  // namespace

void serve(const ServeOptions& options) {
  const auto weakness = enter_sandbox({.library = options.library,
                                       .refusals = kRunnerRefusals,
                                       .memory_bytes = options.memory_bytes});
  if (!weakness.ok()) {
    std::fprintf(stderr, "the adapter cannot be isolated: %s\n",
                 weakness.status().message().c_str());
    ::_exit(1);
  }
  Server(*weakness, options).run();
}

}  // namespace patchbay::adapters
