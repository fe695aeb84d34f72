// What a host demands of a request and of an endpoint before it connects: core/net refuses the
// same.
#include <algorithm>
#include <array>
#include <strings.h>

#include "address.hpp"
#include "fake_host_impl.hpp"
#include "glob.hpp"
#include "limits.hpp"

namespace patchbay::testkit {
namespace {

// RFC 9110, 5.6.2.
bool is_token(std::string_view text) {
  static constexpr std::string_view kMarks = "!#$%&'*+-.^_`|~";
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           kMarks.find(c) != std::string_view::npos;
  });
}

bool is_header_value(std::string_view text) {
  return std::none_of(text.begin(), text.end(), [](char c) {
    return (static_cast<unsigned char>(c) < 0x20 && c != '\t') || c == 0x7F;
  });
}

bool is_method(std::string_view text) {
  return !text.empty() && text.size() <= kMostMethodBytes && text != "CONNECT" && text != "TRACE" &&
         std::all_of(text.begin(), text.end(),
                     [](char c) { return (c >= 'A' && c <= 'Z') || c == '-'; });
}

// RFC 6455, 4.1: what a WebSocket's client offers.
bool is_list_of_tokens(std::string_view list) {
  while (true) {
    const auto comma = list.find(',');
    const std::string_view item = list.substr(0, comma);
    const auto first = item.find_first_not_of(" \t");
    const auto last = item.find_last_not_of(" \t");
    if (first == std::string_view::npos || !is_token(item.substr(first, last - first + 1))) {
      return false;
    }
    if (comma == std::string_view::npos) {
      return true;
    }
    list.remove_prefix(comma + 1);
  }
}

bool is_named(const sdk::Header& header, const char* name) {
  return ::strcasecmp(header.name.c_str(), name) == 0;
}

// What the host's own clients write.
bool is_of_the_client(const sdk::Header& header) {
  static constexpr std::array<const char*, 5> kNames = {
      "host", "content-length", "transfer-encoding", "connection", "expect"};
  return std::any_of(kNames.begin(), kNames.end(),
                     [&header](const char* name) { return is_named(header, name); });
}
bool is_of_the_handshake(const sdk::Header& header) {
  static constexpr std::string_view kAll = "sec-websocket-";
  return is_named(header, "host") || is_named(header, "upgrade") ||
         is_named(header, "connection") ||
         ::strncasecmp(header.name.c_str(), kAll.data(), kAll.size()) == 0;
}

}  // namespace

std::optional<std::vector<sdk::Header>> FakeHost::Impl::headers_of(std::string_view where,
                                                                   const pbay_header* first,
                                                                   std::uint32_t count,
                                                                   std::uint32_t stride,
                                                                   std::uint32_t most) {
  const std::string what(where);
  if (!check_array(what + ": headers", first, count, stride)) {
    return std::nullopt;
  }
  if (count > most) {
    breach(Rule::kHttp, what + ": " + std::to_string(count) + " headers, at most " +
                            std::to_string(most) + " are taken");
    return std::nullopt;
  }
  std::vector<sdk::Header> out = sdk::copy_headers(first, count, stride);
  std::erase_if(out, [&](const sdk::Header& header) {
    if (!is_token(header.name)) {
      breach(Rule::kHttp, what + ": '" + header.name + "' is no name of a header");
      return true;
    }
    if (!is_header_value(header.value)) {
      breach(Rule::kHttp, what + ": the value of header " + header.name +
                              " has a line break or another control character");
      return true;
    }
    return false;
  });
  return out;
}

std::int32_t FakeHost::Impl::refusal_since(std::size_t breaches) const {
  std::int32_t out = PBAY_OK;
  for (std::size_t i = breaches; i < breaches_.size(); ++i) {
    const bool is_host = breaches_[i].rule == Rule::kAllowedHosts;
    out = is_host && out == PBAY_OK ? PBAY_E_FORBIDDEN : is_host ? out : PBAY_E_INVALID;
  }
  return out;
}

void FakeHost::Impl::check_address(std::string_view where, std::string_view url,
                                   const std::optional<Address>& address,
                                   std::string_view should_be, Rule rule) {
  if (address) {
    check_host(where, address->host);
  } else {
    std::string what(where);
    breach(rule, what.append(": '").append(url).append("' is ").append(should_be));
  }
}

void FakeHost::Impl::check_host(std::string_view where, const std::string& host) {
  const auto& allowed = options_.allowed_hosts;
  if (allowed && std::none_of(allowed->begin(), allowed->end(), [&host](const std::string& rule) {
        return glob_matches(rule, host);
      })) {
    breach(Rule::kAllowedHosts,
           std::string(where) + ": " + host +
               " is no host of the sidecar's allowed_hosts, nor of a setting of format \"uri\"");
  }
}

void FakeHost::Impl::check_request(const RecordedRequest& request) {
  if (!is_method(request.method)) {
    breach(Rule::kHttp, "http.request: '" + request.method + "' is no method that can be sent");
  }
  for (const sdk::Header& header : request.headers) {
    if (is_of_the_client(header)) {
      breach(Rule::kHttp, "http.request: header " + header.name + " is the host's to write");
    }
  }
  check_address("http.request", request.url, http_address_of(request.url),
                "no URL: http:// or https://, then a host, without spaces, user name or password",
                Rule::kHttp);
}

void FakeHost::Impl::check_upgrade(const PeerOpening& opening) {
  check_address("websocket.open", opening.endpoint, websocket_address_of(opening.endpoint),
                "no URL: ws:// or wss://, then a host, in visible ASCII, without user name or "
                "password",
                Rule::kConnection);
  int offers = 0;
  for (const sdk::Header& header : opening.headers) {
    if (is_named(header, "sec-websocket-protocol")) {
      ++offers;
      if (!is_list_of_tokens(header.value)) {
        breach(Rule::kConnection, "websocket.open: the value of header " + header.name +
                                      " is no list of subprotocols");
      }
    } else if (is_of_the_handshake(header)) {
      breach(Rule::kConnection,
             "websocket.open: header " + header.name + " is the host's to write");
    }
  }
  if (offers > 1) {
    breach(Rule::kConnection,
           "websocket.open: header Sec-WebSocket-Protocol is there twice: give one list");
  }
}

void FakeHost::Impl::check_stream(std::string_view endpoint) {
  if (!is_unix_endpoint(endpoint)) {
    check_address("stream.open", endpoint, stream_address_of(endpoint),
                  "neither tcp://host:port nor unix:/path", Rule::kConnection);
  }
}

}  // namespace patchbay::testkit
