// Small bridges between the C structs of the ABI and C++.
#ifndef PATCHBAY_SDK_ABI_HPP
#define PATCHBAY_SDK_ABI_HPP

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
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

// What the sender of a struct knew of it. One that was built with older headers has a shorter
// struct: what it did not know is zero here, which means "not said", and is not read.
template <class Struct>
class Known {
 public:
  // NOLINTNEXTLINE(google-explicit-constructor): whoever takes a struct takes it by this
  Known(const Struct& given) noexcept : Known(&given, sizeof(Struct)) {}
  // Of an element of an array: at most `stride` bytes of it are read.
  Known(const Struct* given, std::size_t stride) noexcept {
    std::uint32_t struct_size = 0;
    if (stride >= sizeof(struct_size)) {
      std::memcpy(&struct_size, given, sizeof(struct_size));  // the first field of each struct
    }
    std::memcpy(&value_, given, std::min({sizeof(Struct), std::size_t{struct_size}, stride}));
  }

  [[nodiscard]] const Struct& operator*() const noexcept { return value_; }
  [[nodiscard]] const Struct* operator->() const noexcept { return &value_; }

 private:
  Struct value_{};
};

// The size of a table of functions in its first release: a shorter one is none. Whoever appends a
// function to Table specialises it with the size that Table had.
template <class Table>
inline constexpr std::size_t kFirstSize = sizeof(Table);

// Calls visit(const T&) for each element of an array of the ABI, stepping by the sender's stride.
// A struct is a copy of what the sender knew of it, for the time of the call.
template <class T, class Visit>
void for_each_abi(const T* first, std::uint32_t count, std::uint32_t stride, Visit&& visit) {
  const auto* at = static_cast<const unsigned char*>(static_cast<const void*>(first));
  for (std::uint32_t i = 0; i < count; ++i, at += stride) {
    const T* element = static_cast<const T*>(static_cast<const void*>(at));
    if constexpr (requires { element->struct_size; }) {
      const Known<T> known(element, stride);
      visit(*known);
    } else {
      visit(*element);
    }
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
