#include "net/endpoint.hpp"

#include <algorithm>
#include <boost/asio/ip/address.hpp>
#include <charconv>

#include "base/text.hpp"

namespace patchbay::net {
namespace {

using base::Code;
using base::Result;
using base::Status;

Status bad_websocket_url() {
  return {
      Code::kInvalidArgument,
      "the URL is malformed: it must be ws:// or wss://, then a host name, without spaces, user "
      "name or password"};
}

Status bad_endpoint() {
  return {Code::kInvalidArgument,
          "the endpoint is neither tcp://host:port nor unix:/path with an absolute path"};
}

bool is_visible_ascii(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return c > 0x20 && c < 0x7F; });
}

// What comes after "://host:port".
std::string target_of(std::string_view after_scheme) {
  after_scheme = after_scheme.substr(0, after_scheme.find('#'));
  const std::size_t begin = after_scheme.find_first_of("/?");
  if (begin == std::string_view::npos) {
    return "/";
  }
  const std::string target(after_scheme.substr(begin));
  return target.front() == '/' ? target : "/" + target;
}

}  // namespace

Result<WebSocketUrl> parse_websocket_url(std::string_view url) {
  const std::size_t colon = url.find("://");
  if (colon == std::string_view::npos || !is_visible_ascii(url)) {
    return bad_websocket_url();
  }
  const std::string scheme = base::to_lower(url.substr(0, colon));
  if (scheme != "ws" && scheme != "wss") {
    return bad_websocket_url();
  }
  const std::string_view rest = url.substr(colon);
  auto origin = parse_origin((scheme == "ws" ? "http" : "https") + std::string(rest));
  if (!origin.ok()) {
    return bad_websocket_url();
  }
  origin->scheme = scheme;
  return WebSocketUrl{std::move(origin).value(), target_of(rest.substr(3))};
}

std::string StreamEndpoint::str() const {
  if (is_unix()) {
    return "unix:" + path;
  }
  const bool v6 = host.find(':') != std::string::npos;
  return "tcp://" + (v6 ? "[" + host + "]" : host) + ":" + std::to_string(port);
}

Result<StreamEndpoint> parse_stream_endpoint(std::string_view endpoint) {
  constexpr std::string_view kUnix = "unix:";
  constexpr std::string_view kTcp = "tcp://";
  StreamEndpoint out;
  if (endpoint.starts_with(kUnix)) {
    out.path = endpoint.substr(kUnix.size());
    const bool absolute = !out.path.empty() && out.path.front() == '/';
    return absolute && out.path.find('\0') == std::string::npos ? Result<StreamEndpoint>(out)
                                                                : bad_endpoint();
  }
  const std::size_t colon = endpoint.rfind(':');
  if (!endpoint.starts_with(kTcp) || colon < kTcp.size() ||
      endpoint.find_first_of("/?#@", kTcp.size()) != std::string_view::npos) {
    return bad_endpoint();
  }
  const std::string_view place = endpoint.substr(kTcp.size(), colon - kTcp.size());
  const bool is_bare = place.find(':') == std::string_view::npos || place.back() == ']';
  const std::string_view port = endpoint.substr(colon + 1);
  const auto [end, error] = std::from_chars(port.data(), port.data() + port.size(), out.port);
  const auto origin = parse_origin("http://" + std::string(place));
  if (!is_bare || error != std::errc() || end != port.data() + port.size() || out.port == 0 ||
      !origin.ok() || !is_visible_ascii(endpoint)) {
    return bad_endpoint();
  }
  out.host = origin->host;
  return out;
}

std::string canonical_host(std::string_view host) {
  if (host.size() > 2 && host.front() == '[' && host.back() == ']') {
    host = host.substr(1, host.size() - 2);
  }
  boost::system::error_code error;
  const auto address = boost::asio::ip::make_address(std::string(host), error);
  return error ? base::to_lower(host) : address.to_string();
}

bool is_numeric_host(std::string_view host) {
  boost::system::error_code error;
  boost::asio::ip::make_address(std::string(host), error);
  return !error.failed();
}

}  // namespace patchbay::net
