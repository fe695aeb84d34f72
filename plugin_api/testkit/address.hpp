// Where an adapter connects to: URLs and host names, as strictly as a host reads them.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace patchbay::testkit {

struct Address {
  std::string scheme;  // in lower case
  std::string host;    // in lower case; an IPv6 address without its brackets
  bool has_port = false;
};

// Nothing: the text is no URL with a host that a request could be sent to. Spaces, control
// characters and a user name make it none.
[[nodiscard]] std::optional<Address> address_of(std::string_view url);

// The same for one kind each, as a host reads it: a request may go there, a WebSocket, a stream.
[[nodiscard]] std::optional<Address> http_address_of(std::string_view url);
[[nodiscard]] std::optional<Address> websocket_address_of(std::string_view url);
[[nodiscard]] std::optional<Address> stream_address_of(std::string_view endpoint);  // over TCP
[[nodiscard]] bool is_unix_endpoint(std::string_view endpoint);

// In lower case, without the brackets of an IPv6 address.
[[nodiscard]] std::string canonical_host(std::string_view host);

// "api.example.org", "*.example.org", "10.0.0.5", "[::1]": what may stand in a list of hosts.
[[nodiscard]] bool is_host_pattern(std::string_view text);

}  // namespace patchbay::testkit
