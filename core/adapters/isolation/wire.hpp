// How the structs of the ABI travel between the daemon and a runner. Both are of one build, so that
// the form is theirs alone: members in order, integers as they are in memory, no names.
//
// fields(codec, struct) names each member once; a Writer takes them, a Reader gives them.
//
// A struct that is left out, one that is too short for any release and a list that is none arrive
// as such: the other side refuses them in its own words, as it would without a process between.
// Never as zeros by chance, which may say that all is well.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include <patchbay/adapter.h>

#include "adapters/abi_text.hpp"
#include "base/limits.hpp"
#include "base/unique_fd.hpp"

namespace patchbay::adapters::wire {

template <class T>
concept Integer = std::is_integral_v<T>;

// Texts without a struct_size of their own stand in arrays, too.
template <class T>
concept Sized = requires(const T& value) { value.struct_size; };

// Of one array: more than any rule of the ABI lets through.
inline constexpr std::uint32_t kMostElements = 4096;

enum class ListForm : std::uint8_t {
  kNone,    // a null pointer
  kBroken,  // its elements cannot be found, or are too many, for all that its count says
  kWhole,   // a struct among them may be too short
};

// What is more than a frame carries is left out, so that it costs no memory.
class Writer {
 public:
  template <class T>
  using Ref = const T&;

  template <class... Members>
  Writer& operator()(const Members&... members) {
    (put(members), ...);
    return *this;
  }

  // A struct behind a pointer, which may be null.
  template <Sized T>
  void one(const T* value) {
    put(static_cast<std::uint8_t>(value != nullptr));
    if (value != nullptr) {
      put_known(known_part(value));
    }
  }
  template <class T>
  void array(const T* first, std::uint32_t count, std::uint32_t stride) {
    const bool is_list = count == 0 || (stride >= kFirstSize<T> && count <= kMostElements);
    const ListForm form = first == nullptr ? ListForm::kNone
                          : is_list        ? ListForm::kWhole
                                           : ListForm::kBroken;
    put(count);
    put(static_cast<std::uint8_t>(form));
    for (std::uint32_t i = 0; form == ListForm::kWhole && i < count; ++i) {
      put_element(first, stride, i);
    }
  }
  // -1: none. The descriptor stays the caller's.
  void descriptor(int fd) {
    put(static_cast<std::uint8_t>(fd >= 0));
    if (fd >= 0) {
      descriptors_.push_back(fd);
    }
  }

  [[nodiscard]] const std::string& bytes() const { return bytes_; }
  // Something was left out: the bytes are not to be sent.
  [[nodiscard]] bool is_too_large() const { return is_too_large_; }
  [[nodiscard]] const std::vector<int>& descriptors() const { return descriptors_; }

 private:
  void append(std::string_view bytes) {
    is_too_large_ = is_too_large_ || bytes.size() > limits::kRunnerFrameBytes - bytes_.size();
    if (is_too_large_) {
      return;
    }
    if (bytes.size() >= kLongText) {
      // Not to be moved, and so held twice and more, for the little that follows it.
      bytes_.reserve(bytes_.size() + bytes.size() + kRoomBehind);
    }
    bytes_.append(bytes);
  }
  template <Integer T>
  void put(T number) {
    append({reinterpret_cast<const char*>(&number), sizeof(number)});
  }
  void put(pbay_str text) {
    const std::string_view bytes = view(text);
    put(static_cast<std::uint64_t>(bytes.size()));
    append(bytes);
  }
  void put(const std::string& text) { put(abi(text)); }

  template <Sized T>
  void put_known(const std::optional<T>& value) {
    put(static_cast<std::uint8_t>(value.has_value()));
    if (value) {
      fields(*this, *value);
    }
  }
  template <Sized T>
  void put_element(const T* first, std::uint32_t stride, std::uint32_t index) {
    put_known(known_element(first, stride, index));
  }
  void put_element(const pbay_str* first, std::uint32_t stride, std::uint32_t index) {
    put(*element(first, stride, index));
  }

  static constexpr std::size_t kLongText = std::size_t{1} << 20U;
  static constexpr std::size_t kRoomBehind = std::size_t{64} << 10U;

  std::string bytes_;
  std::vector<int> descriptors_;
  bool is_too_large_ = false;
};

// Of bytes that cannot be trusted: what is malformed is read as zeros and empty texts, and ok() is
// false from then on. Texts and arrays point into the bytes and into the reader.
class Reader {
 public:
  template <class T>
  using Ref = T&;

  // descriptors: those that came with the bytes; they stay the caller's.
  Reader(std::string_view bytes, const std::vector<base::UniqueFd>& descriptors)
      : rest_(bytes), descriptors_(descriptors) {}

  template <class... Members>
  Reader& operator()(Members&... members) {
    (get(members), ...);
    return *this;
  }

  template <Sized T>
  void one(const T*& value) {
    std::uint8_t given = 0;
    get(given);
    value = nullptr;
    if (given != 0) {
      T* made = make<T>(1);
      get_element(*made);
      value = made;
    }
  }
  template <class T>
  void array(const T*& first, std::uint32_t& count, std::uint32_t& stride) {
    static constexpr T kNothing{};
    std::uint8_t form = 0;
    get(count);
    get(form);
    first = nullptr;
    stride = 0;
    if (form == static_cast<std::uint8_t>(ListForm::kBroken)) {
      first = &kNothing;  // whose stride says that it is no list
    } else if (form == static_cast<std::uint8_t>(ListForm::kWhole) && count <= kMostElements) {
      T* made = make<T>(std::max(count, 1U));
      for (std::uint32_t i = 0; i < count; ++i) {
        get_element(made[i]);
      }
      first = made;
      stride = sizeof(T);
    } else if (form != static_cast<std::uint8_t>(ListForm::kNone)) {
      fail();
      count = 0;
    }
  }
  void descriptor(std::int32_t& fd) {
    std::uint8_t given = 0;
    get(given);
    fd = -1;
    if (given == 0) {
      return;
    }
    if (next_descriptor_ == descriptors_.size()) {
      fail();
      return;
    }
    fd = descriptors_[next_descriptor_++].get();
  }

  // Of a number or a text.
  template <class T>
  [[nodiscard]] T next() {
    T out{};
    get(out);
    return out;
  }
  // As one(). Valid as long as the reader.
  template <Sized T>
  [[nodiscard]] const T* next_one() {
    const T* out = nullptr;
    one(out);
    return out;
  }

  // Everything was there, and nothing else.
  [[nodiscard]] bool ok() const { return ok_ && rest_.empty(); }

 private:
  template <Integer T>
  void get(T& number) {
    number = 0;
    if (rest_.size() < sizeof(number)) {
      fail();
      return;
    }
    std::memcpy(&number, rest_.data(), sizeof(number));
    rest_.remove_prefix(sizeof(number));
  }
  void get(pbay_str& text) {
    std::uint64_t size = 0;
    get(size);
    if (size > rest_.size()) {
      fail();
      size = 0;
    }
    text = abi(rest_.substr(0, size));
    rest_.remove_prefix(size);
  }
  void get(std::string& text) {
    pbay_str read{};
    get(read);
    text = copy(read);
  }

  template <Sized T>
  void get_element(T& value) {
    std::uint8_t known = 0;
    get(known);
    if (known != 0) {
      fields(*this, value);
      value.struct_size = sizeof(T);
    }
  }
  void get_element(pbay_str& text) { get(text); }

  template <class T>
  T* make(std::size_t count) {
    static_assert(std::is_trivial_v<T>);
    auto memory = std::make_shared<T[]>(count);
    T* out = memory.get();
    made_.push_back(std::move(memory));
    return out;
  }
  void fail() {
    ok_ = false;
    rest_ = {};
  }

  std::string_view rest_;
  const std::vector<base::UniqueFd>& descriptors_;
  std::size_t next_descriptor_ = 0;
  std::vector<std::shared_ptr<void>> made_;  // arrays of many types
  bool ok_ = true;
};

}  // namespace patchbay::adapters::wire
