// In a runner: the extensions that the daemon lends, each function a frame.
#include <cstddef>
#include <ctime>
#include <string_view>
#include <sys/random.h>

#include <patchbay/ext/clock.h>
#include <patchbay/ext/http.h>
#include <patchbay/ext/kv.h>
#include <patchbay/ext/listener.h>
#include <patchbay/ext/staging.h>
#include <patchbay/ext/stream.h>
#include <patchbay/ext/timer.h>
#include <patchbay/ext/webhook.h>
#include <patchbay/ext/websocket.h>

#include "adapters/isolation/runner_host.hpp"
#include "adapters/isolation/wire_structs.hpp"
#include "base/failpoint.hpp"

namespace patchbay::adapters {
namespace {

using wire::Writer;

void send(const pbay_host* host, FrameKind kind, std::uint64_t id, const Writer& body) {
  RunnerHost::of(host).send(kind, id, body);
}

template <class... Members>
void send_members(const pbay_host* host, FrameKind kind, std::uint64_t id,
                  const Members&... members) {
  Writer body;
  body(members...);
  send(host, kind, id, body);
}

// The code that the daemon answers with. too_large: the one that it has for what no buffer holds,
// given for what cannot even pass.
template <class... Members>
std::int32_t ask_for_code(const pbay_host* host, FrameKind kind, std::int32_t too_large,
                          const Members&... members) {
  Writer body;
  body(members...);
  const auto code = RunnerHost::of(host).ask(kind, body);
  return code ? static_cast<std::int32_t>(*code) : too_large;
}

// In pieces, so that a file passes in one call whatever its size. Nothing comes of one that is half
// there: the daemon takes nothing more for a handle to which it could not write.
std::int32_t write_to_staging(const pbay_host* host, std::uint64_t handle, pbay_str bytes) {
  constexpr std::size_t kPieceBytes = std::size_t{4} << 20U;
  std::string_view rest = view(bytes);
  std::int32_t code = PBAY_OK;
  do {
    const std::string_view piece = rest.substr(0, kPieceBytes);
    rest.remove_prefix(piece.size());
    code = ask_for_code(host, FrameKind::kStagingWrite, PBAY_E_TOO_LARGE, handle, abi(piece));
  } while (code == PBAY_OK && !rest.empty());
  return code;
}

// The daemon's clocks are the system's. The monotonic one is that of deadline_ms.
std::int64_t milliseconds(clockid_t clock) {
  timespec now{};
  ::clock_gettime(clock, &now);
  return std::int64_t{now.tv_sec} * 1000 + now.tv_nsec / 1'000'000;
}

constexpr pbay_clock kClock = {
    .struct_size = sizeof(pbay_clock),
    .reserved = 0,
    .monotonic_ms = [](const pbay_host*) noexcept { return milliseconds(CLOCK_MONOTONIC); },
    .wall_ms = [](const pbay_host*) noexcept { return milliseconds(CLOCK_REALTIME); },
    .random =
        [](const pbay_host*) noexcept {
          std::uint64_t out = 0;
          while (::getrandom(&out, sizeof(out), 0) != sizeof(out)) {
          }
          return out;
        }};

constexpr pbay_timer kTimer = {
    .struct_size = sizeof(pbay_timer),
    .reserved = 0,
    .start =
        [](const pbay_host* host, pbay_op op, std::int64_t delay_ms) noexcept {
          send_members(host, FrameKind::kTimerStart, op, delay_ms);
        },
    .cancel = [](const pbay_host* host,
                 pbay_op op) noexcept { send(host, FrameKind::kTimerCancel, op, {}); }};

constexpr pbay_http kHttp = {
    .struct_size = sizeof(pbay_http),
    .reserved = 0,
    .request =
        [](const pbay_host* host, pbay_op op, const pbay_http_request* request) noexcept {
          PBAY_FAILPOINT("runner.http");
          Writer body;
          body.one(request);
          send(host, FrameKind::kHttpRequest, op, body);
          PBAY_FAILPOINT("runner.http_asked");
        },
    .cancel = [](const pbay_host* host,
                 pbay_op op) noexcept { send(host, FrameKind::kHttpCancel, op, {}); }};

constexpr pbay_kv kKv = {
    .struct_size = sizeof(pbay_kv),
    .reserved = 0,
    .get = [](const pbay_host* host, pbay_op op,
              pbay_str key) noexcept { send_members(host, FrameKind::kKvGet, op, key); },
    .put = [](const pbay_host* host, pbay_op op, pbay_str key,
              pbay_str value) noexcept { send_members(host, FrameKind::kKvPut, op, key, value); },
    .compare_and_set =
        [](const pbay_host* host, pbay_op op, pbay_str key, const pbay_str* expected,
           pbay_str value) noexcept {
          send_members(host, FrameKind::kKvCompareAndSet, op, key,
                       static_cast<std::uint8_t>(expected != nullptr),
                       expected == nullptr ? pbay_str{} : *expected, value);
        },
    .remove = [](const pbay_host* host, pbay_op op,
                 pbay_str key) noexcept { send_members(host, FrameKind::kKvRemove, op, key); }};

constexpr pbay_staging kStaging = {
    .struct_size = sizeof(pbay_staging),
    .reserved = 0,
    .open =
        [](const pbay_host* host, std::int64_t expected_size) noexcept {
          Writer body;
          body(expected_size);
          return RunnerHost::of(host).ask(FrameKind::kStagingOpen, body).value_or(0);
        },
    .write = [](const pbay_host* host, std::uint64_t handle,
                pbay_str bytes) noexcept { return write_to_staging(host, handle, bytes); },
    .commit =
        [](const pbay_host* host, pbay_op op, std::uint64_t handle) noexcept {
          send_members(host, FrameKind::kStagingCommit, op, handle);
        },
    .abort =
        [](const pbay_host* host, std::uint64_t handle) noexcept {
          send_members(host, FrameKind::kStagingAbort, 0, handle);
        }};

constexpr pbay_listener kListener = {
    .struct_size = sizeof(pbay_listener),
    .reserved = 0,
    .listen =
        [](const pbay_host* host, pbay_op op, pbay_str name) noexcept {
          send_members(host, FrameKind::kListenerListen, op, name);
        },
    .send =
        [](const pbay_host* host, std::uint64_t connection, pbay_str bytes) noexcept {
          return ask_for_code(host, FrameKind::kListenerSend, PBAY_E_BUSY, connection, bytes);
        },
    .hang_up =
        [](const pbay_host* host, std::uint64_t connection) noexcept {
          send_members(host, FrameKind::kListenerHangUp, 0, connection);
        },
    .close = [](const pbay_host* host,
                pbay_op op) noexcept { send(host, FrameKind::kListenerClose, op, {}); }};

constexpr pbay_webhook kWebhook = {
    .struct_size = sizeof(pbay_webhook),
    .reserved = 0,
    .open = [](const pbay_host* host,
               pbay_op op) noexcept { send(host, FrameKind::kWebhookOpen, op, {}); },
    .respond =
        [](const pbay_host* host, std::uint64_t request,
           const pbay_webhook_answer* answer) noexcept {
          Writer body;
          body(request);
          body.one(answer);
          send(host, FrameKind::kWebhookRespond, 0, body);
        },
    .close = [](const pbay_host* host,
                pbay_op op) noexcept { send(host, FrameKind::kWebhookClose, op, {}); }};

constexpr pbay_websocket kWebSocket = {
    .struct_size = sizeof(pbay_websocket),
    .reserved = 0,
    .open =
        [](const pbay_host* host, pbay_op op, const pbay_websocket_options* options) noexcept {
          Writer body;
          body.one(options);
          send(host, FrameKind::kWebSocketOpen, op, body);
        },
    .send =
        [](const pbay_host* host, pbay_op op, std::uint32_t kind, pbay_str data) noexcept {
          return ask_for_code(host, FrameKind::kWebSocketSend, PBAY_E_TOO_LARGE, op, kind, data);
        },
    .ping =
        [](const pbay_host* host, pbay_op op, pbay_str data) noexcept {
          return ask_for_code(host, FrameKind::kWebSocketPing, PBAY_E_INVALID, op, data);
        },
    .close =
        [](const pbay_host* host, pbay_op op, std::uint32_t code, pbay_str reason) noexcept {
          send_members(host, FrameKind::kWebSocketClose, op, code, reason);
        }};

constexpr pbay_stream kStream = {
    .struct_size = sizeof(pbay_stream),
    .reserved = 0,
    .open =
        [](const pbay_host* host, pbay_op op, pbay_str endpoint) noexcept {
          send_members(host, FrameKind::kStreamOpen, op, endpoint);
        },
    .send =
        [](const pbay_host* host, pbay_op op, pbay_str bytes) noexcept {
          return ask_for_code(host, FrameKind::kStreamSend, PBAY_E_TOO_LARGE, op, bytes);
        },
    .close = [](const pbay_host* host,
                pbay_op op) noexcept { send(host, FrameKind::kStreamClose, op, {}); }};

struct Extension {
  std::string_view id;
  const void* table;
};
constexpr Extension kExtensions[] = {
    {PBAY_EXT_CLOCK, &kClock},     {PBAY_EXT_TIMER, &kTimer},
    {PBAY_EXT_HTTP, &kHttp},       {PBAY_EXT_KV, &kKv},
    {PBAY_EXT_STAGING, &kStaging}, {PBAY_EXT_LISTENER, &kListener},
    {PBAY_EXT_WEBHOOK, &kWebhook}, {PBAY_EXT_WEBSOCKET, &kWebSocket},
    {PBAY_EXT_STREAM, &kStream},
};

}  // namespace

const void* runner_extension(std::string_view id) {
  for (const Extension& extension : kExtensions) {
    if (extension.id == id) {
      return extension.table;
    }
  }
  return nullptr;
}

}  // namespace patchbay::adapters
