// Small bridges between the C structs of the ABI and C++.
#ifndef PATCHBAY_SDK_ABI_HPP
#define PATCHBAY_SDK_ABI_HPP

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "../adapter.h"

namespace patchbay::sdk {

// Valid as long as the text is.
[[nodiscard]] inline pbay_str to_abi(std::string_view text) noexcept {
  return pbay_str{text.data(), text.size()};
}

// Valid as long as the string is: within a call of the other side, until the call returns.
[[nodiscard]] inline std::string_view view(pbay_str text) noexcept {
  return text.data == nullptr ? std::string_view{}
                              : std::string_view{text.data, static_cast<std::size_t>(text.size)};
}

[[nodiscard]] inline std::string copy(pbay_str text) { return std::string{view(text)}; }

// A struct for the other side, zeroed, its struct_size filled in.
template <class Struct>
[[nodiscard]] Struct make_abi() noexcept {
  Struct out{};
  out.struct_size = sizeof(Struct);
  return out;
}

// Calls visit(const T&) for each element of an array of the ABI, stepping by the sender's stride.
template <class T, class Visit>
void for_each_abi(const T* first, std::uint32_t count, std::uint32_t stride, Visit&& visit) {
  const auto* at = static_cast<const unsigned char*>(static_cast<const void*>(first));
  for (std::uint32_t i = 0; i < count; ++i, at += stride) {
    visit(*static_cast<const T*>(static_cast<const void*>(at)));
  }
}

[[nodiscard]] inline std::vector<std::string> copy_strings(const pbay_str* first,
                                                           std::uint32_t count,
                                                           std::uint32_t stride) {
  std::vector<std::string> out;
  out.reserve(count);
  for_each_abi(first, count, stride, [&out](const pbay_str& text) { out.push_back(copy(text)); });
  return out;
}

}  // namespace patchbay::sdk

#endif  // PATCHBAY_SDK_ABI_HPP
