// Values that are more than their type: what a bad one is called, and what a good one means.
#pragma once

#include <string>

#include "base/status.hpp"
#include "host/config.hpp"

namespace patchbay::host {

// Each failure goes on after the key's name: "must be …".

// "127.0.0.1:8087", "[::1]:8087". The address is numeric; public_url stays empty.
[[nodiscard]] base::Result<WebhookSettings> parse_listen(const std::string& text);
// "http://host:port", "socks5h://host:port"; empty: no proxy.
[[nodiscard]] base::Status check_proxy(const std::string& text);
// An IANA name that this machine knows; any is taken where there is no zone database. Empty: the
// host's own.
[[nodiscard]] base::Status check_timezone(const std::string& name);
// A file that this user can read.
[[nodiscard]] base::Status check_readable(const std::string& path);

}  // namespace patchbay::host
