// What HTTP requests and answers, of the client and of the server, have in common.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.hpp"
#include "base/status.hpp"

namespace patchbay::net {

struct HttpHeader {
  std::string name;
  std::string value;
};
using HttpHeaders = std::vector<HttpHeader>;

// The value of the first header of that name (ASCII case does not matter), or null.
[[nodiscard]] const std::string* find_header(const HttpHeaders& headers, std::string_view name);

// kInvalidArgument unless the name is a token and the value has no control character but the tab:
// a line break would smuggle in headers of its own.
[[nodiscard]] base::Status check_header(const HttpHeader& header);

// How long `Retry-After` asks to wait, never negative: seconds ("120", and "1.5" as some platforms
// send it) or an HTTP date in any of its three forms, relative to `now`. Nothing if it is neither.
// Not clamped: limits::kRetryAfterLeast and kRetryAfterMost are for the caller.
[[nodiscard]] std::optional<base::Milliseconds> parse_retry_after(std::string_view value,
                                                                  base::WallTime now);

// scheme://host:port of a URL, all that may be shown of it: path and query hold tokens.
struct HttpOrigin {
  std::string scheme;  // "http" or "https"
  std::string host;    // lower case; an IPv6 address without brackets
  int port = 0;

  [[nodiscard]] std::string str() const;
  bool operator==(const HttpOrigin&) const = default;
};

// kInvalidArgument, without any part of the URL in the text, unless it is an absolute http or https
// URL without user name and password.
[[nodiscard]] base::Result<HttpOrigin> parse_origin(std::string_view url);

// True for loopback, link-local, private, multicast, unspecified and other addresses that the
// public internet does not route, also in their IPv4-mapped forms, and for what is no address at
// all: for rules about hosts that strangers name.
[[nodiscard]] bool is_private_address(std::string_view address);

}  // namespace patchbay::net
