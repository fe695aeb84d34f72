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

base::Result<std::vector<net::HttpHeader>> copy_headers(const pbay_header* first,
                                                        std::uint32_t count, std::uint32_t stride,
                                                        std::uint32_t most) {
  std::vector<net::HttpHeader> out;
  if (count == 0) {
    return out;
  }
  if (first == nullptr || stride < sizeof(pbay_header) || count > most) {
    return base::Status(base::Code::kInvalidArgument, "its headers are not a list of at most " +
                                                          std::to_string(most) + " pbay_header");
  }
  for (std::uint32_t i = 0; i < count; ++i) {
    const pbay_header& header = element(first, stride, i);
    out.push_back({copy(header.name), copy(header.value)});
  }
  return out;
}

}  // namespace patchbay::adapters
