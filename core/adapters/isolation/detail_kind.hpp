// Which struct stands behind pbay_completion.detail, or on_event()'s detail.
#pragma once

#include <cstdint>
#include <string_view>

namespace patchbay::adapters {

enum class DetailKind : std::uint8_t {
  kNone,
  kHttp,
  kKvValue,
  kListener,
  kWebhook,
  kWebSocket,
  kStream,
};

// What an operation can give back, by the name under which an extension begins it
// (ExtensionOwner::begin()). Only the host's own word counts: what an isolated adapter says that it
// has asked for could make one struct be read as another.
[[nodiscard]] constexpr DetailKind detail_of(std::string_view operation) {
  if (operation == "http") {
    return DetailKind::kHttp;
  }
  if (operation.starts_with("kv.")) {
    return DetailKind::kKvValue;
  }
  if (operation == "listener") {
    return DetailKind::kListener;
  }
  if (operation == "webhook") {
    return DetailKind::kWebhook;
  }
  if (operation == "websocket") {
    return DetailKind::kWebSocket;
  }
  if (operation == "stream") {
    return DetailKind::kStream;
  }
  return DetailKind::kNone;
}

}  // namespace patchbay::adapters
