// HTTP headers as they cross the ABI, in both directions.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include <patchbay/ext/http.h>

#include "base/status.hpp"
#include "net/http_message.hpp"

namespace patchbay::adapters {

// Of all names and values.
[[nodiscard]] std::size_t bytes_of(const std::vector<net::HttpHeader>& headers);

// Point into `headers`.
[[nodiscard]] std::vector<pbay_header> abi_headers(const std::vector<net::HttpHeader>& headers);

// kInvalidArgument: no list of at most `most` pbay_header.
[[nodiscard]] base::Result<std::vector<net::HttpHeader>> copy_headers(const pbay_header* first,
                                                                      std::uint32_t count,
                                                                      std::uint32_t stride,
                                                                      std::uint32_t most);

}  // namespace patchbay::adapters
