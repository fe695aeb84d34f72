#include "host/config_values.hpp"

#include <algorithm>
#include <arpa/inet.h>
#include <array>
#include <cerrno>
#include <charconv>
#include <filesystem>
#include <optional>
#include <string_view>
#include <unistd.h>

namespace patchbay::host {
namespace {

namespace fs = std::filesystem;
using base::Code;
using base::Result;
using base::Status;

constexpr const char* kZones = "/usr/share/zoneinfo";

bool is_numeric_address(const std::string& text) {
  std::array<unsigned char, sizeof(in6_addr)> address{};
  return ::inet_pton(AF_INET, text.c_str(), address.data()) == 1 ||
         ::inet_pton(AF_INET6, text.c_str(), address.data()) == 1;
}

std::optional<std::uint16_t> parse_port(std::string_view text) {
  std::uint16_t port = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
  if (error != std::errc{} || end != text.data() + text.size()) {
    return std::nullopt;
  }
  return port;
}

// "host", "host:port", "[address]:port"; "user:password@" before it.
bool is_authority(std::string_view text) {
  const std::size_t at = text.rfind('@');
  text.remove_prefix(at == std::string_view::npos ? 0 : at + 1);
  const std::size_t bracket = text.starts_with('[') ? text.find(']') : 0;
  if (bracket == std::string_view::npos) {
    return false;
  }
  const std::size_t colon = text.find(':', bracket);
  if (text.substr(0, colon).empty()) {
    return false;
  }
  return colon == std::string_view::npos || parse_port(text.substr(colon + 1)).value_or(0) != 0;
}

}  // namespace

Result<WebhookSettings> parse_listen(const std::string& text) {
  const Status wrong(Code::kInvalidArgument, "must be address:port, like \"127.0.0.1:8087\"");
  const std::size_t colon = text.rfind(':');
  const auto port = parse_port(
      colon == std::string::npos ? std::string_view() : std::string_view(text).substr(colon + 1));
  if (!port) {
    return wrong;
  }
  WebhookSettings result;
  result.port = *port;
  result.address = text.substr(0, colon);
  if (result.address.starts_with('[') && result.address.ends_with(']')) {
    result.address = result.address.substr(1, result.address.size() - 2);
  }
  if (!is_numeric_address(result.address)) {
    return Status(Code::kInvalidArgument,
                  "\"" + result.address +
                      "\" is no numeric address; write one like \"127.0.0.1:8087\" or "
                      "\"[::1]:8087\"");
  }
  return result;
}

Status check_proxy(const std::string& text) {
  if (text.empty()) {
    return {};
  }
  static constexpr std::array<std::string_view, 6> kSchemes{"http",    "https",  "socks4",
                                                            "socks4a", "socks5", "socks5h"};
  const std::size_t scheme_end = text.find("://");
  const std::string_view scheme = std::string_view(text).substr(0, scheme_end);
  if (scheme_end != std::string::npos &&
      std::find(kSchemes.begin(), kSchemes.end(), scheme) != kSchemes.end()) {
    std::string_view authority = std::string_view(text).substr(scheme_end + 3);
    authority = authority.substr(0, authority.find('/'));
    if (is_authority(authority)) {
      return {};
    }
  }
  return {Code::kInvalidArgument,
          "must be a proxy like \"http://host:port\" or \"socks5h://host:port\""};
}

Status check_timezone(const std::string& name) {
  std::error_code error;
  if (name.empty() || !fs::is_directory(kZones, error)) {
    return {};
  }
  const bool inside = name.find("..") == std::string::npos && name.front() != '/';
  if (inside && fs::is_regular_file(fs::path(kZones) / name, error)) {
    return {};
  }
  return {Code::kInvalidArgument,
          "there is no time zone \"" + name + "\" here; give an IANA name like \"Europe/Berlin\""};
}

Status check_readable(const std::string& path) {
  std::error_code error;
  if (fs::is_directory(path, error)) {
    return {Code::kInvalidArgument, path + " is a folder; give a file"};
  }
  if (::access(path.c_str(), R_OK) != 0) {
    const Status why = Status::from_errno(errno, "cannot read " + path);
    return {why.code(), why.message() + "; give a file that this user can read"};
  }
  return {};
}

}  // namespace patchbay::host
