// Where WebSockets and streams lead.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/status.hpp"
#include "net/http_message.hpp"

namespace patchbay::net {

struct WebSocketUrl {
  HttpOrigin origin;   // scheme "ws" or "wss"
  std::string target;  // path and query: it may hold a token
};

// kInvalidArgument, without any part of the URL in the text, unless it is an absolute ws or wss URL
// without user name and password. A fragment is dropped.
[[nodiscard]] base::Result<WebSocketUrl> parse_websocket_url(std::string_view url);

// "tcp://host:port" or "unix:/path".
struct StreamEndpoint {
  std::string path;  // of a Unix socket; else host and port
  std::string host;  // lower case; an IPv6 address without brackets
  std::uint16_t port = 0;

  [[nodiscard]] bool is_unix() const { return !path.empty(); }
  [[nodiscard]] std::string str() const;
};

// kInvalidArgument: it is neither.
[[nodiscard]] base::Result<StreamEndpoint> parse_stream_endpoint(std::string_view endpoint);

// A host as it is compared: lower case, an address in its shortest form and without brackets.
[[nodiscard]] std::string canonical_host(std::string_view host);

// Whether the host is an address, and not a name.
[[nodiscard]] bool is_numeric_host(std::string_view host);

}  // namespace patchbay::net
