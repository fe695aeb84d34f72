#include "address.hpp"

#include <algorithm>
#include <arpa/inet.h>
#include <charconv>
#include <cstdint>

namespace patchbay::testkit {
namespace {

std::string lower(std::string_view text) {
  std::string out(text);
  std::transform(out.begin(), out.end(), out.begin(), [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  });
  return out;
}

bool is_letter_or_digit(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

bool is_ipv6(std::string_view text) {
  unsigned char address[16];
  return ::inet_pton(AF_INET6, std::string(text).c_str(), address) == 1;
}

// Names of other alphabets are the resolver's business.
bool is_name(std::string_view text, std::string_view more) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [more](char c) {
    return is_letter_or_digit(c) || c == '-' || c == '.' || c == '_' ||
           static_cast<unsigned char>(c) >= 0x80 || more.find(c) != std::string_view::npos;
  });
}

std::string_view without_brackets(std::string_view host) {
  const bool has_brackets = host.size() > 2 && host.front() == '[' && host.back() == ']';
  return has_brackets ? host.substr(1, host.size() - 2) : host;
}

bool is_port(std::string_view text) {
  std::uint16_t port = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
  return error == std::errc() && end == text.data() + text.size() && port != 0;
}

bool is_ascii(std::string_view text) {
  return std::all_of(text.begin(), text.end(),
                     [](char c) { return static_cast<unsigned char>(c) < 0x80; });
}

}  // namespace

std::optional<Address> address_of(std::string_view url) {
  const auto colon = url.find("://");
  const bool is_clean = std::none_of(url.begin(), url.end(), [](char c) {
    return static_cast<unsigned char>(c) <= 0x20 || c == 0x7F;
  });
  if (colon == std::string_view::npos || !is_clean) {
    return std::nullopt;
  }
  Address out;
  out.scheme = lower(url.substr(0, colon));
  std::string_view place = url.substr(colon + 3);
  place = place.substr(0, place.find_first_of("/?#"));
  const auto bracket = place.rfind(']');
  const auto port = place.find(':', bracket == std::string_view::npos ? 0 : bracket);
  if (port != std::string_view::npos) {
    out.has_port = true;
    if (!is_port(place.substr(port + 1))) {
      return std::nullopt;
    }
    place = place.substr(0, port);
  }
  const std::string_view host = without_brackets(place);
  const bool is_good = host.size() != place.size() ? is_ipv6(host) : is_name(host, "");
  out.host = lower(host);
  return is_good ? std::optional(std::move(out)) : std::nullopt;
}

std::optional<Address> http_address_of(std::string_view url) {
  auto out = address_of(url);
  return out && (out->scheme == "http" || out->scheme == "https") ? out : std::nullopt;
}

std::optional<Address> websocket_address_of(std::string_view url) {
  auto out = is_ascii(url) ? address_of(url) : std::nullopt;
  return out && (out->scheme == "ws" || out->scheme == "wss") ? out : std::nullopt;
}

std::optional<Address> stream_address_of(std::string_view endpoint) {
  constexpr std::string_view kTcp = "tcp://";
  const bool is_bare = endpoint.starts_with(kTcp) && is_ascii(endpoint) &&
                       endpoint.find_first_of("/?#", kTcp.size()) == std::string_view::npos;
  auto out = is_bare ? address_of(endpoint) : std::nullopt;
  return out && out->has_port ? out : std::nullopt;
}

bool is_unix_endpoint(std::string_view endpoint) {
  return endpoint.starts_with("unix:/") && endpoint.find('\0') == std::string_view::npos;
}

std::string canonical_host(std::string_view host) { return lower(without_brackets(host)); }

bool is_host_pattern(std::string_view text) {
  const std::string_view host = without_brackets(text);
  return is_ipv6(host) || (host.size() == text.size() && is_name(host, "*"));
}

}  // namespace patchbay::testkit
