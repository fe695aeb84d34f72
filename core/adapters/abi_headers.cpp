#include "adapters/abi_headers.hpp"

#include <string>

#include "adapters/abi_text.hpp"

namespace patchbay::adapters {

std::vector<pbay_header> abi_headers(const std::vector<net::HttpHeader>& headers) {
  std::vector<pbay_header> out;
  out.reserve(headers.size());
  for (const net::HttpHeader& header : headers) {
    out.push_back({.struct_size = sizeof(pbay_header),
                   .reserved = 0,
                   .name = abi(header.name),
                   .value = abi(header.value)});
  }
  return out;
}

std::size_t bytes_of(const std::vector<net::HttpHeader>& headers) {
  std::size_t out = 0;
  for (const net::HttpHeader& header : headers) {
    out += header.name.size() + header.value.size();
  }
  return out;
}

base::Result<std::vector<net::HttpHeader>> copy_headers(const pbay_header* first,
                                                        std::uint32_t count, std::uint32_t stride,
                                                        std::uint32_t most) {
  std::vector<net::HttpHeader> out;
  if (count == 0) {
    return out;
  }
  const base::Status no_list(
      base::Code::kInvalidArgument,
      "its headers are not a list of at most " + std::to_string(most) + " pbay_header");
  if (count > most) {
    return no_list;
  }
  for (std::uint32_t i = 0; i < count; ++i) {
    const auto header = known_element(first, stride, i);
    if (!header) {
      return no_list;
    }
    out.push_back({copy(header->name), copy(header->value)});
  }
  return out;
}

}  // namespace patchbay::adapters
