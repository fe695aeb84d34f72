// Stands in the place of patchbay-adapter-runner and says what no adapter can say: an attacker who
// has taken over its process. It plays a well-behaved adapter until a delivery's text commands
// otherwise; see obey().
#include <csignal>
#include <cstdlib>
#include <fcntl.h>
#include <string>
#include <string_view>
#include <sys/mman.h>
#include <thread>
#include <unistd.h>
#include <vector>

#include <patchbay/ext/timer.h>

#include "adapters/isolation/details.hpp"
#include "adapters/isolation/frame_socket.hpp"
#include "adapters/isolation/protocol.hpp"
#include "adapters/isolation/wire_structs.hpp"

namespace patchbay::adapters {
namespace {

using wire::Writer;

constexpr pbay_op kOp = 9;

class HostileRunner {
 public:
  [[noreturn]] void run() {
    while (true) {
      auto frame = socket_.receive();
      if (!frame.ok()) {
        ::_exit(0);
      }
      take(*frame);
    }
  }

 private:
  void take(const Frame& frame) {
    wire::Reader reader = frame.reader();
    switch (frame.kind) {
      case FrameKind::kCreate: {
        Writer body;
        body(std::int32_t{PBAY_OK}, ~std::uint32_t{0}, std::uint32_t{0}, std::string());
        send(FrameKind::kReturn, frame.id, body);
        return;
      }
      case FrameKind::kStart:
        set_state(PBAY_STATE_ONLINE);
        break;
      case FrameKind::kStop:
        send(FrameKind::kStopped, 0, {});
        break;
      case FrameKind::kDeliver: {
        const auto op = reader.next<pbay_op>();
        const pbay_delivery* delivery = nullptr;
        reader.one(delivery);
        send(FrameKind::kReturn, frame.id, {});
        obey(op, copy(delivery->text));
        return;
      }
      case FrameKind::kOnComplete:
        if (submits_) {
          submitted(reader);
        } else {
          completed(reader);
        }
        break;
      default:
        break;
    }
    send(FrameKind::kReturn, frame.id, {});
  }

  void obey(pbay_op op, const std::string& text) {
    const std::size_t space = text.find(' ');
    const std::string command = text.substr(0, space);
    const int count = space == std::string::npos ? 0 : std::atoi(text.c_str() + space);
    if (command == "ok") {
      complete(op, "ok");
    } else if (command == "confuse") {
      confuse(op);
    } else if (command == "malformed") {
      send_text(FrameKind::kSubmit, "no event");
    } else if (command == "unknown") {
      send(static_cast<FrameKind>(999), 1, {});
    } else if (command == "huge") {
      send_header(0x40000000, 0);
    } else if (command == "no-descriptors") {
      send_header(0, 3);
    } else if (command == "foreign-answer") {
      send(FrameKind::kReturn, 12345, {});
      send(FrameKind::kTaken, 0, {});
      complete(op, "ok");
    } else if (command == "submit") {
      answers_to_ = op;
      submits_ = true;
      says_taken_ = count == 0;
      submit(kOp, "m1");
    } else if (command == "submit-again") {
      submit(kOp + 2, "m1");
      complete(op, "submitted");
    } else if (command == "leave") {
      leave();
    } else if (command == "leave-noisily") {
      leave_noisily();
    } else if (command == "flood") {
      flood(count);
    } else if (command == "same-request") {
      request_files(count, [](int) { return kOp; });
      complete(op, "sent");
    } else if (command == "hold-files") {
      answers_to_ = op;
      answers_awaited_ = 3;
      request_files(count, [](int i) { return kOp + static_cast<pbay_op>(i); });
    } else if (command == "questions") {
      ask(count);
      request_files(750, [](int) { return kOp; });  // more than a process without rights may pass
      complete(op, "asked");
    } else if (command == "requests") {
      for (int i = 0; i < count; ++i) {
        send_request(1, kOp + static_cast<pbay_op>(i));
      }
      while (true) {
        ::pause();
      }
    } else if (command == "deaf") {
      ask(count);
      send(FrameKind::kStopped, 0, {});
      while (true) {
        ::pause();
      }
    } else if (command == "threads") {
      for (int i = 0; i < count; ++i) {
        std::thread([] { ::pause(); }).detach();
      }
      complete(op, "there they are");
    }
  }

  // One operation, asked for as three kinds: its answer must be read as what it is.
  void confuse(pbay_op delivery) {
    answers_to_ = delivery;
    send_request(1);
    send(FrameKind::kWebhookClose, kOp, {});
    send_text(FrameKind::kKvGet, "key");
  }

  // A thread of its own submits m2 while the daemon calls on_complete() for m1, which is to be
  // submitted again. Both are, once the adapter has heard of it.
  void submitted(wire::Reader& reader) {
    const auto op = reader.next<pbay_op>();
    const auto tells = reader.next<std::uint8_t>();
    if (!says_taken_) {
      return;
    }
    if (op == kOp) {
      submit(kOp + 1, "m2");
    }
    if (tells != 0) {
      send(FrameKind::kTaken, 0, {});
    }
    if (op == kOp + 1) {
      submit(kOp + 2, "m1");
      submit(kOp + 3, "m2");
    } else if (op == kOp + 3) {
      complete(answers_to_, "done");
    }
  }

  void submit(pbay_op op, std::string_view id) {
    const pbay_chat chat{sizeof(pbay_chat), PBAY_CHAT_GROUP, abi("-100"), {}};
    pbay_sender sender{};
    sender.struct_size = sizeof(sender);
    sender.id = abi("42");
    pbay_event event{};
    event.struct_size = sizeof(event);
    event.kind = PBAY_EVENT_MESSAGE;
    event.message_id = abi(id);
    event.chat = &chat;
    event.sender = &sender;
    event.text = abi("hello");
    Writer body;
    body.one(&event);
    send(FrameKind::kSubmit, op, body);
  }

  // Where neither its group nor its socket is found.
  static void leave() {
    ::setpgid(0, ::getpgid(::getppid()));
    ::dup2(::open("/dev/null", O_RDWR | O_CLOEXEC), kRunnerSocket);
    while (true) {
      ::pause();
    }
  }
  // With the socket open: the host's reading thread has enough to do with this.
  void leave_noisily() {
    ::setpgid(0, ::getpgid(::getppid()));
    set_state(PBAY_STATE_DEGRADED);
    std::signal(SIGPIPE, SIG_IGN);
    const std::string noise(4096, 'x');
    while (true) {
      static_cast<void>(::write(STDERR_FILENO, noise.data(), noise.size()) < 0);
    }
  }

  void flood(int count) {
    constexpr std::int64_t kYear = 365LL * 24 * 3600 * 1000;
    for (int i = 0; i < count; ++i) {
      Writer body;
      body(kYear);
      send(FrameKind::kTimerStart, kOp + static_cast<pbay_op>(i), body);
    }
  }

  // The answers are not read.
  void ask(int count) {
    constexpr std::uint64_t kNoCall = 1'000'000;
    for (int i = 0; i < count; ++i) {
      Writer body;
      body(std::string(PBAY_EXT_TIMER));
      send(FrameKind::kHasExtension, kNoCall + static_cast<std::uint64_t>(i), body);
    }
  }

  template <class OpOf>
  void request_files(int count, OpOf op_of) {
    for (int i = 0; i < count; i += 100) {
      send_request(100, op_of(i));
    }
  }

  // With a file in each part, if there are several.
  void send_request(int files, pbay_op op = kOp) {
    const base::UniqueFd file(::memfd_create("part", MFD_CLOEXEC));
    std::vector<pbay_http_part> parts(static_cast<std::size_t>(files == 1 ? 0 : files));
    for (pbay_http_part& part : parts) {
      part.struct_size = sizeof(part);
      part.name = abi("file");
      part.fd = file.get();
    }
    pbay_http_request request{};
    request.struct_size = sizeof(request);
    request.method = abi("POST");
    request.url = abi("https://api.example.org/x");
    request.body_fd = -1;
    request.parts = parts.empty() ? nullptr : parts.data();
    request.part_count = static_cast<std::uint32_t>(parts.size());
    request.part_stride = sizeof(pbay_http_part);
    Writer body;
    body.one(&request);
    send(FrameKind::kHttpRequest, op, body);
  }

  // Tells the delivery that waits: "<code> as <kind of the detail>", or that one was refused.
  void completed(wire::Reader& reader) {
    static_cast<void>(reader.next<pbay_op>());
    static_cast<void>(reader.next<std::uint8_t>());
    const pbay_completion* completion = nullptr;
    reader.one(completion);
    const auto kind = reader.next<std::uint8_t>();
    if (answers_awaited_ <= 0) {
      complete(answers_to_, std::to_string(completion->code) + " as " + std::to_string(int{kind}));
      return;
    }
    if (completion->code == PBAY_E_BUSY && --answers_awaited_ == 0) {
      complete(answers_to_, "busy");
    }
  }

  void set_state(std::uint32_t now) {
    pbay_state state{};
    state.struct_size = sizeof(state);
    state.state = now;
    Writer body;
    body.one(&state);
    send(FrameKind::kSetState, 0, body);
  }
  void complete(pbay_op delivery, const std::string& text) {
    pbay_result result{};
    result.struct_size = sizeof(result);
    result.sent_state = PBAY_SENT;
    result.retry_after_ms = -1;
    result.text = abi(text);
    Writer body;
    body.one(&result);
    send(FrameKind::kOpComplete, delivery, body);
  }
  void send_text(FrameKind kind, const std::string& text) {
    Writer body;
    body(text);
    send(kind, kOp, body);
  }
  // As FrameSocket writes it.
  static void send_header(std::uint32_t size, std::uint16_t descriptors) {
    struct {
      std::uint32_t size;
      std::uint16_t kind;
      std::uint16_t descriptors;
      std::uint64_t id;
    } const header{size, static_cast<std::uint16_t>(FrameKind::kLog), descriptors, 0};
    static_cast<void>(::write(kRunnerSocket, &header, sizeof(header)) < 0);
  }
  void send(FrameKind kind, std::uint64_t id, const Writer& body) {
    if (!socket_.send(kind, id, body).ok()) {
      ::_exit(0);
    }
  }

  FrameSocket socket_{base::UniqueFd(kRunnerSocket)};
  pbay_op answers_to_ = 0;
  int answers_awaited_ = 0;
  bool submits_ = false;
  bool says_taken_ = false;  // when an on_complete() begins
};

}  // namespace
}  // namespace patchbay::adapters

int main(int count, char** arguments) {
  if (count > 1 && std::string_view(arguments[1]) == "--probe") {
    ::execv(PATCHBAY_ADAPTER_RUNNER, arguments);
    return 1;
  }
  patchbay::adapters::HostileRunner().run();
}
