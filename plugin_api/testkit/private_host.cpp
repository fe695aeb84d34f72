#include "private_host.hpp"

#include <algorithm>
#include <arpa/inet.h>
#include <array>
#include <cstdint>
#include <initializer_list>
#include <string>

#include "address.hpp"

namespace patchbay::testkit {
namespace {

struct Network {
  std::array<std::uint8_t, 4> address;
  int bits;
};

// The IANA registry of special-purpose addresses, without those that are globally reachable:
// core/net/http_message.cpp has the same, and plugin_api/tests/private_host_cases.hpp the edges.
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

std::uint32_t number_of(const std::uint8_t* bytes) {
  return std::uint32_t{bytes[0]} << 24U | std::uint32_t{bytes[1]} << 16U |
         std::uint32_t{bytes[2]} << 8U | bytes[3];
}

bool is_private_v4(const std::uint8_t* bytes) {
  return std::any_of(kNotPublic4.begin(), kNotPublic4.end(), [bytes](const Network& network) {
    return ((number_of(bytes) ^ number_of(network.address.data())) >> (32 - network.bits)) == 0;
  });
}

bool begins(const std::array<std::uint8_t, 16>& bytes, std::initializer_list<std::uint8_t> with) {
  return std::equal(with.begin(), with.end(), bytes.begin());
}

bool is_private_v6(const std::array<std::uint8_t, 16>& bytes) {
  if (begins(bytes, {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF}) ||
      begins(bytes, {0, 0x64, 0xFF, 0x9B, 0, 0, 0, 0, 0, 0, 0, 0})) {  // mapped, NAT64
    return is_private_v4(bytes.data() + 12);
  }
  if ((bytes[0] & 0xE0U) != 0x20) {
    return true;
  }
  if (begins(bytes, {0x20, 0x02})) {  // 6to4
    return is_private_v4(bytes.data() + 2);
  }
  return (begins(bytes, {0x20, 0x01}) && bytes[2] < 0x02) ||
         begins(bytes, {0x20, 0x01, 0x0D, 0xB8}) ||
         (begins(bytes, {0x3F, 0xFF}) && (bytes[2] & 0xF0U) == 0);
}

}  // namespace

bool is_private_host(std::string_view host) {
  std::string name = canonical_host(host);
  std::array<std::uint8_t, 16> bytes{};
  if (::inet_pton(AF_INET, name.c_str(), bytes.data()) == 1) {
    return is_private_v4(bytes.data());
  }
  const std::string unscoped = name.substr(0, name.find('%'));
  if (::inet_pton(AF_INET6, unscoped.c_str(), bytes.data()) == 1) {
    return is_private_v6(bytes);
  }
  if (name.ends_with('.')) {
    name.pop_back();
  }
  return name == "localhost" || name.ends_with(".localhost");
}

}  // namespace patchbay::testkit
