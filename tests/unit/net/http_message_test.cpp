#include "net/http_message.hpp"

#include <gtest/gtest.h>

#include "base/iso_time.hpp"

namespace patchbay::net {
namespace {

using base::Milliseconds;

TEST(HttpMessageTest, FindsHeadersWhateverTheirCase) {
  const HttpHeaders headers = {{"Retry-After", "3"}, {"retry-after", "4"}, {"X", ""}};
  EXPECT_EQ(*find_header(headers, "RETRY-AFTER"), "3");
  EXPECT_EQ(*find_header(headers, "x"), "");
  EXPECT_EQ(find_header(headers, "Retry"), nullptr);
}

TEST(HttpMessageTest, ChecksHeaders) {
  EXPECT_TRUE(check_header({"X-A_b.1", "any \t text \xC3\xA4"}).ok());
  EXPECT_TRUE(check_header({"X", ""}).ok());
  for (const HttpHeader& header :
       {HttpHeader{"", "x"}, HttpHeader{"a b", "x"}, HttpHeader{"a:", "x"},
        HttpHeader{"\xC3\xA4", "x"}, HttpHeader{"X", "a\nb"}, HttpHeader{"X", "a\r"},
        HttpHeader{"X", std::string(1, '\0')}, HttpHeader{"X", "\x7F"}}) {
    EXPECT_FALSE(check_header(header).ok()) << header.name << ": " << header.value;
  }
}

TEST(HttpMessageTest, ReadsRetryAfter) {
  const base::WallTime now = base::parse_time("2026-01-31T09:00:00.500Z").value();
  const std::vector<std::pair<std::string, std::optional<Milliseconds>>> cases = {
      {"0", Milliseconds(0)},
      {"120", Milliseconds(120'000)},
      {"  7 ", Milliseconds(7000)},
      {"0.75", Milliseconds(750)},
      {"1.0001", Milliseconds(1001)},
      {"64.5", Milliseconds(64'500)},
      {"9999999999", Milliseconds(9'999'999'999'000)},
      {"Sat, 31 Jan 2026 09:00:30 GMT", Milliseconds(29'500)},
      {"Saturday, 31-Jan-26 09:00:30 GMT", Milliseconds(29'500)},
      {"Sat Jan 31 09:00:30 2026", Milliseconds(29'500)},
      {"Sat, 31 Jan 2026 08:00:00 GMT", Milliseconds(0)},
      {"", std::nullopt},
      {"-5", std::nullopt},
      {"5 minutes", std::nullopt},
      {"5s", std::nullopt},
      {"1.", std::nullopt},
      {".5", std::nullopt},
      {"1.5.5", std::nullopt},
      {"99999999999", std::nullopt},
      {"soon", std::nullopt},
  };
  for (const auto& [text, expected] : cases) {
    EXPECT_EQ(parse_retry_after(text, now), expected) << text;
  }
}

TEST(HttpMessageTest, TakesTheOriginOfAUrl) {
  const std::vector<std::pair<std::string, std::string>> cases = {
      {"https://api.telegram.org/bot1:x/send?y=1#z", "https://api.telegram.org:443"},
      {"HTTP://Example.COM", "http://example.com:80"},
      {"http://127.0.0.1:8081/", "http://127.0.0.1:8081"},
      {"http://[::1]:8081/", "http://[::1]:8081"},
      {"https://host?query", "https://host:443"}};
  for (const auto& [url, origin] : cases) {
    const auto parsed = parse_origin(url);
    ASSERT_TRUE(parsed.ok()) << url;
    EXPECT_EQ(parsed->str(), origin);
  }
  EXPECT_EQ(parse_origin("http://[::1]:8081/")->host, "::1");
  for (const char* url :
       {"", "/path", "host/path", "mailto:a@b", "file:///x", "ws://host/", "http://",
        "https://user@host/", "https://user:secret@host/", "https://:secret@host/",
        "http://host:99999/", "http://host:x/", "http://a b/"}) {
    const auto parsed = parse_origin(url);
    EXPECT_EQ(parsed.status().code(), base::Code::kInvalidArgument) << url;
    EXPECT_EQ(parsed.status().message().find("secret"), std::string::npos);
  }
}

TEST(HttpMessageTest, TellsPrivateAddressesFromPublicOnes) {
  for (const char* address : {"127.0.0.1",
                              "127.255.255.255",
                              "0.0.0.0",
                              "10.1.2.3",
                              "100.64.0.1",
                              "169.254.169.254",
                              "172.16.0.1",
                              "172.31.255.255",
                              "192.168.1.1",
                              "198.18.0.1",
                              "224.0.0.1",
                              "255.255.255.255",
                              "::1",
                              "::",
                              "fe80::1",
                              "fe80::1%1",
                              "fc00::1",
                              "fd12::1",
                              "ff02::1",
                              "::ffff:127.0.0.1",
                              "::ffff:10.0.0.1",
                              "64:ff9b::7f00:1",
                              "2002:7f00:1::",
                              "2001:db8::1",
                              "3fff::1",
                              "192.88.99.1",
                              "64:ff9b:1::1",
                              "::7f00:1",
                              "2001::1",
                              "localhost",
                              "",
                              "1.2.3",
                              "127.1"}) {
    EXPECT_TRUE(is_private_address(address)) << address;
  }
  for (const char* address :
       {"8.8.8.8", "149.154.167.220", "172.32.0.1", "172.15.255.255", "100.128.0.1", "11.0.0.1",
        "223.255.255.255", "2001:67c:4e8:f004::9", "2606:4700::1111", "::ffff:8.8.8.8",
        "64:ff9b::808:808", "2002:808:808::"}) {
    EXPECT_FALSE(is_private_address(address)) << address;
  }
}

}  // namespace
}  // namespace patchbay::net
