// Texts and structs as they cross the ABI.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include <patchbay/adapter.h>

namespace patchbay::adapters {

// Valid as long as what it points to. A size that no object can have is an error of the sender; it
// becomes the empty text here, since nothing better can be done with it.
[[nodiscard]] inline std::string_view view(pbay_str text) {
  constexpr std::uint64_t kMost = PTRDIFF_MAX;
  return text.data == nullptr || text.size > kMost ? std::string_view()
                                                   : std::string_view(text.data, text.size);
}
[[nodiscard]] inline std::string copy(pbay_str text) { return std::string(view(text)); }
// Valid as long as `text`.
[[nodiscard]] inline pbay_str abi(std::string_view text) { return {text.data(), text.size()}; }

// Element `index` of an array whose sender's element is `stride` bytes.
template <class T>
[[nodiscard]] const T& element(const T* first, std::uint32_t stride, std::uint32_t index) {
  const auto* bytes = reinterpret_cast<const std::byte*>(first);
  return *reinterpret_cast<const T*>(bytes + std::size_t{stride} * index);
}

}  // namespace patchbay::adapters
