#include "net/http_message.hpp"

#include <algorithm>
#include <array>
#include <boost/asio/ip/address.hpp>
#include <charconv>
#include <cstdlib>
#include <curl/curl.h>

#include "base/text.hpp"

namespace patchbay::net {
namespace {

using base::Code;
using base::Status;

// RFC 9110, 5.6.2.
bool is_token(std::string_view text) {
  static constexpr std::string_view kMarks = "!#$%&'*+-.^_`|~";
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           kMarks.find(c) != std::string_view::npos;
  });
}

struct CurlUrl {
  CurlUrl() : handle(curl_url()) {}
  ~CurlUrl() { curl_url_cleanup(handle); }
  CurlUrl(const CurlUrl&) = delete;
  CurlUrl& operator=(const CurlUrl&) = delete;

  // Empty if the URL has no such part.
  [[nodiscard]] std::string part(CURLUPart which, unsigned flags = 0) const {
    char* text = nullptr;
    if (curl_url_get(handle, which, &text, flags) != CURLUE_OK || text == nullptr) {
      return {};
    }
    std::string result(text);
    curl_free(text);
    return result;
  }

  CURLU* handle;
};

struct Network {
  std::array<std::uint8_t, 4> address;
  int bits;
};

// The IANA registry of special-purpose addresses, without those that are globally reachable. So has
// plugin_api/testkit/private_host.cpp; plugin_api/tests/private_host_cases.hpp holds both together.
constexpr std::array<Network, 15> kNotPublic4 = {{{{0, 0, 0, 0}, 8},
                                                  {{10, 0, 0, 0}, 8},
                                                  {{100, 64, 0, 0}, 10},
                                                  {{127, 0, 0, 0}, 8},
                                                  {{169, 254, 0, 0}, 16},
                                                  {{172, 16, 0, 0}, 12},
                                                  {{192, 0, 0, 0}, 24},
                                                  {{192, 0, 2, 0}, 24},
                                                  {{192, 88, 99, 0}, 24},
                                                  {{192, 168, 0, 0}, 16},
                                                  {{198, 18, 0, 0}, 15},
                                                  {{198, 51, 100, 0}, 24},
                                                  {{203, 0, 113, 0}, 24},
                                                  {{224, 0, 0, 0}, 4},
                                                  {{240, 0, 0, 0}, 4}}};

bool is_private_v4(const boost::asio::ip::address_v4& address) {
  const std::uint32_t value = address.to_uint();
  return std::any_of(kNotPublic4.begin(), kNotPublic4.end(), [value](const Network& network) {
    const std::uint32_t first = boost::asio::ip::address_v4(network.address).to_uint();
    return ((value ^ first) >> (32 - network.bits)) == 0;
  });
}

bool is_private_v6(const boost::asio::ip::address_v6& address) {
  const auto bytes = address.to_bytes();
  const auto embedded_v4 = [&bytes](std::size_t at) {
    return boost::asio::ip::address_v4({bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]});
  };
  if (address.is_v4_mapped()) {
    return is_private_v4(embedded_v4(12));
  }
  // Only 2000::/3 is handed out for the public internet, besides the prefix of NAT64.
  static constexpr std::array<std::uint8_t, 12> kNat64 = {0x00, 0x64, 0xFF, 0x9B};
  if (std::equal(kNat64.begin(), kNat64.end(), bytes.begin())) {
    return is_private_v4(embedded_v4(12));
  }
  if ((bytes[0] & 0xE0) != 0x20) {
    return true;
  }
  if (bytes[0] == 0x20 && bytes[1] == 0x02) {  // 6to4 carries an IPv4 address
    return is_private_v4(embedded_v4(2));
  }
  const bool special_2001 = bytes[0] == 0x20 && bytes[1] == 0x01 && bytes[2] < 0x02;
  const bool documentation =
      (bytes[0] == 0x20 && bytes[1] == 0x01 && bytes[2] == 0x0D && bytes[3] == 0xB8) ||
      (bytes[0] == 0x3F && bytes[1] == 0xFF && (bytes[2] & 0xF0) == 0);
  return special_2001 || documentation;
}

}  // namespace

const std::string* find_header(const HttpHeaders& headers, std::string_view name) {
  const std::string wanted = base::to_lower(name);
  for (const HttpHeader& header : headers) {
    if (header.name.size() == wanted.size() && base::to_lower(header.name) == wanted) {
      return &header.value;
    }
  }
  return nullptr;
}

Status check_header(const HttpHeader& header) {
  if (!is_token(header.name)) {
    return {Code::kInvalidArgument,
            "a header's name is empty or has characters that HTTP does not allow there"};
  }
  const bool clean = std::none_of(header.value.begin(), header.value.end(), [](char c) {
    return (static_cast<unsigned char>(c) < 0x20 && c != '\t') || c == 0x7F;
  });
  if (!clean) {
    return {Code::kInvalidArgument, "the value of header " + header.name +
                                        " has a line break or another control character"};
  }
  return {};
}

std::optional<base::Milliseconds> parse_retry_after(std::string_view value, base::WallTime now) {
  value = base::trim(value);
  // Ten digits are three hundred years, far over every clamp and far under an overflow.
  const std::string_view digits = value.substr(0, 10);
  std::uint64_t seconds = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), seconds);
  std::string_view rest = value.substr(static_cast<std::size_t>(end - value.data()));
  if (error == std::errc()) {
    std::int64_t milliseconds = 0;
    if (rest.size() > 1 && rest.front() == '.') {
      rest.remove_prefix(1);
      std::int64_t scale = 100;
      while (!rest.empty() && rest.front() >= '0' && rest.front() <= '9') {
        // Rounded up at the last place: never sooner than asked.
        milliseconds += scale > 0 ? (rest.front() - '0') * scale : (rest.front() > '0' ? 1 : 0);
        scale /= 10;
        rest.remove_prefix(1);
      }
    }
    if (rest.empty()) {
      return base::Milliseconds(static_cast<std::int64_t>(seconds) * 1000 + milliseconds);
    }
    return std::nullopt;
  }
  const std::time_t date = curl_getdate(std::string(value).c_str(), nullptr);
  if (date == -1) {
    return std::nullopt;
  }
  const base::WallTime when{std::chrono::seconds(date)};
  return std::max(base::Milliseconds(0), when - now);
}

std::string HttpOrigin::str() const {
  const bool v6 = host.find(':') != std::string::npos;
  return scheme + "://" + (v6 ? "[" + host + "]" : host) + ":" + std::to_string(port);
}

base::Result<HttpOrigin> parse_origin(std::string_view url) {
  const CurlUrl parsed;
  const bool has_nul = url.find('\0') != std::string_view::npos;
  if (has_nul ||
      curl_url_set(parsed.handle, CURLUPART_URL, std::string(url).c_str(), 0) != CURLUE_OK) {
    return Status(Code::kInvalidArgument,
                  "the URL is malformed: it must be http:// or https://, "
                  "then a host name, without spaces");
  }
  HttpOrigin origin;
  origin.scheme = base::to_lower(parsed.part(CURLUPART_SCHEME));
  if (origin.scheme != "http" && origin.scheme != "https") {
    return Status(Code::kInvalidArgument, "the URL's scheme is neither http nor https");
  }
  if (!parsed.part(CURLUPART_USER).empty() || !parsed.part(CURLUPART_PASSWORD).empty()) {
    return Status(Code::kInvalidArgument,
                  "the URL holds a user name or password: send an Authorization header instead");
  }
  origin.host = base::to_lower(parsed.part(CURLUPART_HOST));
  if (origin.host.size() > 2 && origin.host.front() == '[') {
    origin.host = origin.host.substr(1, origin.host.size() - 2);
  }
  const std::string port = parsed.part(CURLUPART_PORT, CURLU_DEFAULT_PORT);
  std::from_chars(port.data(), port.data() + port.size(), origin.port);
  return origin;
}

bool is_private_address(std::string_view address) {
  boost::system::error_code error;
  const auto parsed = boost::asio::ip::make_address(std::string(address), error);
  if (error) {
    return true;
  }
  return parsed.is_v4() ? is_private_v4(parsed.to_v4()) : is_private_v6(parsed.to_v6());
}

}  // namespace patchbay::net
