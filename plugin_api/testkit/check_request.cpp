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

// What the host's own client writes.
bool is_of_the_client(const sdk::Header& header) {
  static constexpr std::array<const char*, 5> kNames = {
      "host", "content-length", "transfer-encoding", "connection", "expect"};
  return std::any_of(kNames.begin(), kNames.end(), [&header](const char* name) {
    return ::strcasecmp(header.name.c_str(), name) == 0;
  });
}

}  // namespace

std::vector<sdk::Header> FakeHost::Impl::headers_of(std::string_view where,
                                                    const pbay_header* first, std::uint32_t count,
                                                    std::uint32_t stride) {
  const std::string what(where);
  check_array(what + ": headers", first, count, stride);
  if (count > kMostHeaders) {
    breach(Rule::kHttp, what + ": " + std::to_string(count) + " headers, at most " +
                            std::to_string(kMostHeaders) + " are taken");
    return {};
  }
  std::vector<sdk::Header> out = sdk::copy_headers(first, count, stride);
  for (const sdk::Header& header : out) {
    if (!is_token(header.name)) {
      breach(Rule::kHttp, what + ": '" + header.name + "' is no name of a header");
    } else if (!is_header_value(header.value)) {
      breach(Rule::kHttp, what + ": the value of header " + header.name +
                              " has a line break or another control character");
    }
  }
  return out;
}

void FakeHost::Impl::check_endpoint(std::string_view where, const std::string& url,
                                    std::initializer_list<std::string_view> schemes, Rule rule) {
  const auto address = address_of(url);
  if (!address || std::find(schemes.begin(), schemes.end(), address->scheme) == schemes.end()) {
    std::string list;
    for (const std::string_view scheme : schemes) {
      list.append(list.empty() ? "" : " or ").append(scheme).append("://");
    }
    breach(rule, std::string(where) + ": '" + url + "' is no URL: " + list +
                     ", then a host, without spaces, user name or password");
  } else {
    check_host(where, address->host);
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
  check_endpoint("http.request", request.url, {"http", "https"}, Rule::kHttp);
}

}  // namespace patchbay::testkit
