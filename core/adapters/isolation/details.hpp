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

// Valid as long as the reader.
[[nodiscard]] inline const void* next_detail(wire::Reader& reader) {
  switch (static_cast<DetailKind>(reader.next<std::uint8_t>())) {
    case DetailKind::kNone:
      return nullptr;
    case DetailKind::kHttp:
      return reader.next_one<pbay_http_response>();
    case DetailKind::kKvValue:
      return reader.next_one<pbay_kv_value>();
    case DetailKind::kListener:
      return reader.next_one<pbay_listener_event>();
    case DetailKind::kWebhook:
      return reader.next_one<pbay_webhook_request>();
    case DetailKind::kWebSocket:
      return reader.next_one<pbay_websocket_event>();
    case DetailKind::kStream:
      return reader.next_one<pbay_stream_event>();
  }
  return nullptr;
}

}  // namespace patchbay::adapters
