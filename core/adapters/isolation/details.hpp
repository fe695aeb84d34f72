// The structs behind pbay_completion.detail and on_event()'s detail, which travel with a word that
// says which one it is.
#pragma once

#include <cstdint>

#include <patchbay/adapter.h>

#include "adapters/isolation/detail_kind.hpp"
#include "adapters/isolation/wire.hpp"
#include "adapters/isolation/wire_structs.hpp"

namespace patchbay::adapters {

inline void put_detail(wire::Writer& writer, DetailKind kind, const void* detail) {
  writer(static_cast<std::uint8_t>(detail == nullptr ? DetailKind::kNone : kind));
  if (detail == nullptr) {
    return;
  }
  switch (kind) {
    case DetailKind::kNone:
      break;
    case DetailKind::kHttp:
      writer.one(static_cast<const pbay_http_response*>(detail));
      break;
    case DetailKind::kKvValue:
      writer.one(static_cast<const pbay_kv_value*>(detail));
      break;
    case DetailKind::kListener:
      writer.one(static_cast<const pbay_listener_event*>(detail));
      break;
    case DetailKind::kWebhook:
      writer.one(static_cast<const pbay_webhook_request*>(detail));
      break;
    case DetailKind::kWebSocket:
      writer.one(static_cast<const pbay_websocket_event*>(detail));
      break;
    case DetailKind::kStream:
      writer.one(static_cast<const pbay_stream_event*>(detail));
      break;
  }
}

template <class T>
const void* next_one(wire::Reader& reader) {
  const T* out = nullptr;
  reader.one(out);
  return out;
}

// Valid as long as the reader.
[[nodiscard]] inline const void* next_detail(wire::Reader& reader) {
  switch (static_cast<DetailKind>(reader.next<std::uint8_t>())) {
    case DetailKind::kNone:
      return nullptr;
    case DetailKind::kHttp:
      return next_one<pbay_http_response>(reader);
    case DetailKind::kKvValue:
      return next_one<pbay_kv_value>(reader);
    case DetailKind::kListener:
      return next_one<pbay_listener_event>(reader);
    case DetailKind::kWebhook:
      return next_one<pbay_webhook_request>(reader);
    case DetailKind::kWebSocket:
      return next_one<pbay_websocket_event>(reader);
    case DetailKind::kStream:
      return next_one<pbay_stream_event>(reader);
  }
  return nullptr;
}

}  // namespace patchbay::adapters
