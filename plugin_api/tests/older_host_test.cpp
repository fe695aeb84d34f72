// The samples without the SDK (examples/c, examples/rust) in a host that is older than the headers
// they were built with: its structs are shorter, and end where nothing can be read or written.
#include <cstddef>
#include <cstdlib>
#include <cstring>
#include <dlfcn.h>
#include <gtest/gtest.h>
#include <string>
#include <sys/mman.h>
#include <unistd.h>

#include <patchbay/adapter.h>
#include <patchbay/ext/clock.h>
#include <patchbay/ext/listener.h>
#include <patchbay/ext/timer.h>

#include "patchbay/sdk/abi.hpp"

namespace patchbay {
namespace {

using sdk::to_abi;

// The first `size` bytes of a struct, right before a page that is not there.
template <class T>
class Shorter {
 public:
  explicit Shorter(const T& whole, std::size_t size = sizeof(T)) {
    const auto page = static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
    pages_ = ::mmap(nullptr, 2 * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    size_ = 2 * page;
    EXPECT_NE(pages_, MAP_FAILED);
    std::byte* const end = static_cast<std::byte*>(pages_) + page;
    EXPECT_EQ(::mprotect(end, page, PROT_NONE), 0);
    bytes_ = end - size;
    const auto struct_size = static_cast<std::uint32_t>(size);
    std::memcpy(bytes_, &whole, size);
    std::memcpy(bytes_, &struct_size, sizeof(struct_size));
  }
  ~Shorter() { ::munmap(pages_, size_); }
  Shorter(const Shorter&) = delete;
  Shorter& operator=(const Shorter&) = delete;

  [[nodiscard]] T* get() const { return static_cast<T*>(static_cast<void*>(bytes_)); }

 private:
  void* pages_ = nullptr;
  std::size_t size_ = 0;
  std::byte* bytes_ = nullptr;
};

// What the sample asked for, as its host saw it.
struct Asked {
  pbay_op listen = 0;
  pbay_op submit = 0;
  pbay_op alarm = 0;
  std::string sent;  // to the peer
  std::int32_t delivery_code = PBAY_E_UNKNOWN;
  std::uint32_t state = PBAY_STATE_CONNECTING;
  int reachable = 0;
  bool stopped = false;
};
Asked g_asked;

const pbay_listener kListener = {
    sizeof(pbay_listener),
    0,
    [](const pbay_host*, pbay_op op, pbay_str) noexcept { g_asked.listen = op; },
    [](const pbay_host*, std::uint64_t, pbay_str bytes) noexcept -> std::int32_t {
      g_asked.sent += sdk::view(bytes);
      return PBAY_OK;
    },
    [](const pbay_host*, std::uint64_t) noexcept {},
    [](const pbay_host*, pbay_op) noexcept {}};
const pbay_timer kTimer = {
    sizeof(pbay_timer), 0,
    [](const pbay_host*, pbay_op op, std::int64_t) noexcept { g_asked.alarm = op; },
    [](const pbay_host*, pbay_op) noexcept {}};

class OlderHost : public testing::Test {
 protected:
  OlderHost() : host_(table()) { g_asked = Asked(); }

  static pbay_host table() {
    pbay_host out{};
    out.minor = PBAY_ABI_MINOR;
    out.log = [](const pbay_host*, std::uint32_t, pbay_str) noexcept {};
    out.submit = [](const pbay_host*, pbay_op op, const pbay_event*) noexcept {
      g_asked.submit = op;
    };
    out.set_state = [](const pbay_host*, const pbay_state* state) noexcept {
      g_asked.state = state->state;
    };
    out.op_complete = [](const pbay_host*, pbay_op, const pbay_result* result) noexcept {
      g_asked.delivery_code = result->code;
    };
    out.chat_reachable = [](const pbay_host*, const pbay_chat*) noexcept { ++g_asked.reachable; };
    out.stopped = [](const pbay_host*) noexcept { g_asked.stopped = true; };
    out.get_extension = [](const pbay_host* host, const char* id) noexcept -> const void* {
      const auto* self = static_cast<const OlderHost*>(host->data);
      const std::string wanted(id);
      return wanted == PBAY_EXT_LISTENER ? static_cast<const void*>(self->listener_.get())
             : wanted == PBAY_EXT_TIMER  ? static_cast<const void*>(self->timer_.get())
             : wanted == PBAY_EXT_CLOCK  ? static_cast<const void*>(self->clock_.get())
                                         : nullptr;
    };
    return out;
  }

  void create() {
    const char* const given = std::getenv("PATCHBAY_SAMPLE");
    const std::string path = given != nullptr ? given : PATCHBAY_SAMPLE_OF_C;
    void* const library = ::dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE);
    ASSERT_NE(library, nullptr) << ::dlerror();
    void* const symbol = ::dlsym(library, PBAY_ENTRY_SYMBOL);
    pbay_entry_v1 entry = nullptr;
    std::memcpy(&entry, &symbol, sizeof(entry));
    ASSERT_NE(entry, nullptr);
    const pbay_module* const module = entry(PBAY_ABI_MINOR);
    ASSERT_NE(module, nullptr);
    host_.get()->data = this;
    const std::string settings = R"({"instance":"lines"})";
    ASSERT_EQ(module->create(host_.get(), to_abi(settings), adapter_.get()), PBAY_OK);
    EXPECT_EQ(adapter_.get()->struct_size, offsetof(pbay_adapter, translate));
    self_ = adapter_.get()->self;
  }

  void complete(pbay_op op, std::int32_t code, std::uint64_t value = 0) {
    pbay_completion completion{};
    completion.code = code;
    completion.value = value;
    const Shorter<pbay_completion> given(completion, offsetof(pbay_completion, detail));
    adapter_.get()->on_complete(self_, op, given.get());
  }
  void event(std::uint32_t kind, const std::string& data) {
    pbay_listener_event event{};
    event.kind = kind;
    event.connection = 7;
    event.data = to_abi(data);
    const Shorter<pbay_listener_event> given(event);
    adapter_.get()->on_event(self_, g_asked.listen, given.get());
  }
  // It listens, and its peer is there.
  void begin() {
    create();
    if (HasFatalFailure()) {
      return;
    }
    adapter_.get()->start(self_);
    complete(g_asked.listen, PBAY_OK);
    EXPECT_EQ(g_asked.state, PBAY_STATE_ONLINE);
    event(PBAY_LISTENER_ACCEPTED, "");
    EXPECT_EQ(g_asked.reachable, 1);
  }
  void end() {
    adapter_.get()->stop(self_, 10'000);
    EXPECT_TRUE(g_asked.stopped);
    adapter_.get()->destroy(self_);
  }

  Shorter<pbay_host> host_;
  Shorter<pbay_listener> listener_{kListener};
  Shorter<pbay_timer> timer_{kTimer};
  Shorter<pbay_clock> clock_{
      {sizeof(pbay_clock), 0, [](const pbay_host*) noexcept -> std::int64_t { return 5'000; },
       nullptr, nullptr},
      offsetof(pbay_clock, wall_ms)};
  Shorter<pbay_adapter> adapter_{{}, offsetof(pbay_adapter, translate)};
  void* self_ = nullptr;
};

TEST_F(OlderHost, AMessageComesIn) {
  begin();
  ASSERT_FALSE(HasFatalFailure());
  event(PBAY_LISTENER_DATA, "say 1 hello\n");
  ASSERT_NE(g_asked.submit, 0U);
  complete(g_asked.submit, PBAY_OK, PBAY_STORED);
  EXPECT_EQ(g_asked.sent, "ok 1\n");
  end();
}

TEST_F(OlderHost, AMessageGoesOut) {
  begin();
  ASSERT_FALSE(HasFatalFailure());
  pbay_chat desk{};
  desk.id = to_abi("desk");
  const Shorter<pbay_chat> chat(desk, offsetof(pbay_chat, thread_id));
  pbay_delivery message{};
  message.operation = PBAY_DELIVER_MESSAGE;
  message.chat = chat.get();
  message.text = to_abi("hello");
  message.idempotency_key = to_abi("key");
  message.deadline_ms = 65'000;
  const Shorter<pbay_delivery> given(message, offsetof(pbay_delivery, extra_json));
  adapter_.get()->deliver(self_, 1, given.get());
  EXPECT_EQ(g_asked.sent, "msg key:0 5\nhello\n");
  event(PBAY_LISTENER_DATA, "got key:0\n");
  EXPECT_EQ(g_asked.delivery_code, PBAY_OK);
  ASSERT_NE(g_asked.alarm, 0U);
  complete(g_asked.alarm, PBAY_E_CANCELLED);
  end();
}

TEST_F(OlderHost, ItSaysWhatItCan) {
  begin();
  ASSERT_FALSE(HasFatalFailure());
  const Shorter<pbay_chat> chat({}, offsetof(pbay_chat, thread_id));
  const Shorter<pbay_caps> caps({}, offsetof(pbay_caps, caption_limit));
  adapter_.get()->capabilities(self_, chat.get(), caps.get());
  EXPECT_EQ(caps.get()->bits, PBAY_CAN_TEXT | PBAY_CAN_IDEMPOTENT_SEND);
  EXPECT_EQ(caps.get()->text_limit, 64U * 1024U);
  EXPECT_EQ(caps.get()->struct_size, offsetof(pbay_caps, caption_limit)) << "that is the host's";
  end();
}

}  // namespace
}  // namespace patchbay
