// Texts and structs as they cross the ABI.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
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

// The size of a struct in its first release: less than that nobody may send. Whoever appends a
// field to T specialises it with the size that T had.
template <class T>
inline constexpr std::size_t kFirstSize = sizeof(T);

// What the sender of a struct knew of it; what it did not know is zero, which means "not said".
// Nothing: there is none, or less than the first release had.
template <class T>
[[nodiscard]] std::optional<T> known_part(const T* given) {
  if (given == nullptr || given->struct_size < kFirstSize<T>) {
    return std::nullopt;
  }
  T out{};
  std::memcpy(&out, given, std::min<std::size_t>(given->struct_size, sizeof(T)));
  return out;
}

// Element `index` of an array whose sender's element is `stride` bytes.
template <class T>
[[nodiscard]] const T* element(const T* first, std::uint32_t stride, std::uint32_t index) {
  const auto* bytes = reinterpret_cast<const std::byte*>(first);
  return reinterpret_cast<const T*>(bytes + std::size_t{stride} * index);
}

// The same, of structs with a struct_size: no more than `stride` bytes of it are read.
template <class T>
[[nodiscard]] std::optional<T> known_element(const T* first, std::uint32_t stride,
                                             std::uint32_t index) {
  if (first == nullptr || stride < kFirstSize<T>) {
    return std::nullopt;
  }
  std::optional<T> out;
  const T* given = element(first, stride, index);
  if (given->struct_size <= stride) {
    out = known_part(given);
  }
  return out;
}

}  // namespace patchbay::adapters
