// [a runner's reading thread] What the adapter in a runner asks of the host: each frame becomes the
// call of pbay_host, or of one of its extensions, that the adapter made.
#pragma once

#include <cstdint>

#include <patchbay/adapter.h>
#include <patchbay/ext/http.h>
#include <patchbay/ext/kv.h>
#include <patchbay/ext/listener.h>
#include <patchbay/ext/staging.h>
#include <patchbay/ext/stream.h>
#include <patchbay/ext/timer.h>
#include <patchbay/ext/webhook.h>
#include <patchbay/ext/websocket.h>

#include "adapters/isolation/frame_socket.hpp"
#include "base/status.hpp"
#include "base/unique_function.hpp"

namespace patchbay::adapters {

class HostCalls {
 public:
  // What was asked for under `op` could not pass: it is to be completed as too large, in the way of
  // its kind. The adapter's process says which; it may be any.
  using TooLarge = base::UniqueFunction<void(pbay_op op, FrameKind kind)>;

  // All outlive this object.
  HostCalls(const pbay_host& host, FrameSocket& socket, const TooLarge& too_large)
      : host_(host), socket_(socket), too_large_(too_large) {}

  // An error says what the runner sent that no adapter can ask for: it is not to be trusted any
  // more.
  [[nodiscard]] base::Status take(const Frame& frame);

 private:
  base::Status take_core(const Frame& frame, wire::Reader& reader);
  base::Status take_http(const Frame& frame, wire::Reader& reader);
  base::Status take_kv(const Frame& frame, wire::Reader& reader);
  base::Status take_staging(const Frame& frame, wire::Reader& reader);
  base::Status take_listener(const Frame& frame, wire::Reader& reader);
  base::Status take_webhook(const Frame& frame, wire::Reader& reader);
  base::Status take_websocket(const Frame& frame, wire::Reader& reader);
  base::Status take_stream(const Frame& frame, wire::Reader& reader);
  template <class Table>
  const Table* table(const Table*& known, const char* id);
  base::Status answer(const Frame& frame, std::uint64_t value);

  const pbay_host& host_;
  FrameSocket& socket_;
  const TooLarge& too_large_;
  const pbay_timer* timer_ = nullptr;
  const pbay_http* http_ = nullptr;
  const pbay_kv* kv_ = nullptr;
  const pbay_staging* staging_ = nullptr;
  const pbay_listener* listener_ = nullptr;
  const pbay_webhook* webhook_ = nullptr;
  const pbay_websocket* websocket_ = nullptr;
  const pbay_stream* stream_ = nullptr;
};

}  // namespace patchbay::adapters
