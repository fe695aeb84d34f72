// LentMemory: what an adapter is given for the time of one call. Afterwards nobody can touch it: an
// adapter that kept a pointer dies of SIGSEGV in its own test.
#ifndef PATCHBAY_TESTKIT_LENT_MEMORY_HPP
#define PATCHBAY_TESTKIT_LENT_MEMORY_HPP

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include "patchbay/adapter.h"

namespace patchbay::testkit {

class LentMemory {
 public:
  LentMemory() = default;
  LentMemory(const LentMemory&) = delete;
  LentMemory& operator=(const LentMemory&) = delete;
  ~LentMemory() { revoke(); }

  // Whole pages become unreadable. Done by the destructor, too.
  void revoke() noexcept;

  // Whether the address lies in something that was lent and is revoked. Also from the handler of a
  // signal that came while no LentMemory was at work.
  [[nodiscard]] static bool was_lent(const void* at) noexcept;

  // An empty text gets data == NULL, as the ABI allows.
  [[nodiscard]] pbay_str text(std::string_view bytes);

  // A copy of a struct of the ABI that is larger than the adapter knows, as a newer host's would
  // be.
  template <class T>
  [[nodiscard]] const T* object(T value) {
    static_assert(std::is_trivially_copyable_v<T>);
    if constexpr (requires { value.struct_size; }) {
      value.struct_size = sizeof(T) + kUnknownFields;
    }
    return static_cast<const T*>(place(&value, sizeof(T), kUnknownFields));
  }
  // The same for an array; `stride` gets the size of an element.
  template <class T>
  [[nodiscard]] const T* array(const std::vector<T>& values, std::uint32_t& stride) {
    static_assert(std::is_trivially_copyable_v<T>);
    stride = sizeof(T) + kUnknownFields;
    const T* first = nullptr;
    auto* at = static_cast<unsigned char*>(values.empty() ? nullptr : take(values.size() * stride));
    for (T value : values) {
      if constexpr (requires { value.struct_size; }) {
        value.struct_size = stride;
      }
      first = first == nullptr ? static_cast<const T*>(static_cast<const void*>(at)) : first;
      fill(at, &value, sizeof(T), kUnknownFields);
      at += stride;
    }
    return first;
  }

 private:
  static constexpr std::size_t kUnknownFields = 16;

  struct Block {
    unsigned char* first;
    std::size_t size;
  };

  [[nodiscard]] void* take(std::size_t size);
  [[nodiscard]] const void* place(const void* bytes, std::size_t size, std::size_t unknown);
  static void fill(void* at, const void* bytes, std::size_t size, std::size_t unknown) noexcept;

  std::vector<Block> blocks_;
  std::size_t used_ = 0;  // of the last block
};

}  // namespace patchbay::testkit

#endif  // PATCHBAY_TESTKIT_LENT_MEMORY_HPP
