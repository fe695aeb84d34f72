// Where only the operator can let an adapter connect: the edges of every range of addresses that is
// not for the public internet. The test kit has a list of its own of them, and the host has one;
// both are given these: kit_rules_test.cpp and tests/unit/adapters/kit_test.cpp.
#pragma once

#include <arpa/inet.h>
#include <array>
#include <cstdio>
#include <string>
#include <string_view>
#include <vector>

namespace patchbay::testkit {

// The one before its first and the one after its last are public; empty: another range begins.
struct PrivateRange {
  std::string_view before;
  std::string_view first;
  std::string_view last;
  std::string_view after;
};

inline constexpr PrivateRange kPrivateRanges4[] = {
    {"", "0.0.0.0", "0.255.255.255", "1.0.0.0"},
    {"9.255.255.255", "10.0.0.0", "10.255.255.255", "11.0.0.0"},
    {"100.63.255.255", "100.64.0.0", "100.127.255.255", "100.128.0.0"},
    {"126.255.255.255", "127.0.0.0", "127.255.255.255", "128.0.0.0"},
    {"169.253.255.255", "169.254.0.0", "169.254.255.255", "169.255.0.0"},
    {"172.15.255.255", "172.16.0.0", "172.31.255.255", "172.32.0.0"},
    {"191.255.255.255", "192.0.0.0", "192.0.0.255", "192.0.1.0"},
    {"192.0.1.255", "192.0.2.0", "192.0.2.255", "192.0.3.0"},
    {"192.88.98.255", "192.88.99.0", "192.88.99.255", "192.88.100.0"},
    {"192.167.255.255", "192.168.0.0", "192.168.255.255", "192.169.0.0"},
    {"198.17.255.255", "198.18.0.0", "198.19.255.255", "198.20.0.0"},
    {"198.51.99.255", "198.51.100.0", "198.51.100.255", "198.51.101.0"},
    {"203.0.112.255", "203.0.113.0", "203.0.113.255", "203.0.114.0"},
    {"223.255.255.255", "224.0.0.0", "239.255.255.255", ""},
    {"", "240.0.0.0", "255.255.255.255", ""},
};

inline constexpr PrivateRange kPrivateRanges6[] = {
    // All before 2000::/3 but for the two prefixes that carry an IPv4 address.
    {"", "::", "::fffe:ffff:ffff", "::ffff:1.0.0.0"},
    {"::ffff:223.255.255.255", "::1:0:0:0", "64:ff9a:ffff:ffff:ffff:ffff:ffff:ffff",
     "64:ff9b::1.0.0.0"},
    {"64:ff9b::223.255.255.255", "64:ff9b::1:0:0", "1fff:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
     "2000::"},
    {"2000:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "2001::", "2001:1ff:ffff:ffff:ffff:ffff:ffff:ffff",
     "2001:200::"},
    {"2001:db7:ffff:ffff:ffff:ffff:ffff:ffff",
     "2001:db8::", "2001:db8:ffff:ffff:ffff:ffff:ffff:ffff", "2001:db9::"},
    // 2002::/16 carries an IPv4 address.
    {"2001:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "2002::", "2002:ff:ffff:ffff:ffff:ffff:ffff:ffff",
     "2002:100::"},
    {"2002:dfff:ffff:ffff:ffff:ffff:ffff:ffff",
     "2002:e000::", "2002:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "2003::"},
    {"3ffe:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "3fff::", "3fff:fff:ffff:ffff:ffff:ffff:ffff:ffff",
     "3fff:1000::"},
    {"3fff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "4000::", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
     ""},
};

struct AddressCase {
  std::string address;
  bool is_private;
};

// An IPv4 address by itself, mapped, through NAT64 and as that of a 6to4 network.
inline std::vector<std::string> written_in_every_way(std::string_view address) {
  const std::string plain(address);
  std::array<unsigned char, 4> bytes{};
  ::inet_pton(AF_INET, plain.c_str(), bytes.data());
  char network[32];
  std::snprintf(network, sizeof(network), "2002:%x:%x::1", bytes[0] * 256U + bytes[1],
                bytes[2] * 256U + bytes[3]);
  return {plain, "::ffff:" + plain, "64:ff9b::" + plain, network};
}

inline std::vector<AddressCase> address_cases() {
  std::vector<AddressCase> out;
  const auto add = [&out](std::string_view address, bool is_private) {
    const bool is_v4 = address.find(':') == std::string_view::npos;
    for (std::string& text :
         is_v4 ? written_in_every_way(address) : std::vector<std::string>{std::string(address)}) {
      out.push_back({std::move(text), is_private});
    }
  };
  const auto add_range = [&add](const PrivateRange& range) {
    add(range.first, true);
    add(range.last, true);
    for (const std::string_view outside : {range.before, range.after}) {
      if (!outside.empty()) {
        add(outside, false);
      }
    }
  };
  for (const PrivateRange& range : kPrivateRanges4) {
    add_range(range);
  }
  for (const PrivateRange& range : kPrivateRanges6) {
    add_range(range);
  }
  for (const char* address : {"127.0.0.1", "::1", "fc00::1", "fdff:ffff::1", "fe80::1", "fe80::1%1",
                              "fe80::1%lo", "ff02::1", "64:ff9b:1::1", "::127.0.0.1"}) {
    out.push_back({address, true});
  }
  for (const char* address : {"8.8.8.8", "2606:4700::1111", "2001:67c:4e8:f004::9"}) {
    add(address, false);
  }
  return out;
}

// Names of this machine. Everything else that is no address is judged when it has been resolved.
inline constexpr std::string_view kPrivateNames[] = {
    "localhost", "LocalHost", "localhost.", "a.localhost", "A.Localhost.", "a.b.localhost",
};
inline constexpr std::string_view kOtherNames[] = {
    "api.example.com", "localhost.example.com",
    "notlocalhost",    "localhosts",
    "localhost..",     "local",
    "127.1",           "0x7f.0.0.1",
    "2130706433",      "127.0.0.1.",
    "010.0.0.1",       "256.0.0.1",
};

// What can stand in a sidecar's list of hosts, for the validator.
inline constexpr std::string_view kPrivateHosts[] = {
    "10.0.0.5",     "127.0.0.1",       "172.16.0.1",
    "192.168.1.1",  "169.254.1.1",     "100.64.0.1",
    "::1",          "[::1]",           "fd00::1",
    "fe80::1",      "::ffff:10.0.0.1", "64:ff9b::10.0.0.1",
    "2002:a00:1::", "2001:db8::1",     "localhost",
    "A.Localhost.",
};
inline constexpr std::string_view kPublicHosts[] = {
    "api.example.com", "8.8.8.8",          "172.32.0.1",
    "2606:4700::1111", "64:ff9b::8.8.8.8", "localhost.example.com",
};

}  // namespace patchbay::testkit
