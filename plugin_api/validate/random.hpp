// The same numbers everywhere for the same seed: std's distributions differ between libraries.
#pragma once

#include <cstdint>
#include <string>

namespace patchbay::validate {

class Random {
 public:
  explicit Random(std::uint64_t seed) : state_(seed) {}

  std::uint64_t next() {  // SplitMix64
    std::uint64_t out = (state_ += 0x9E3779B97F4A7C15ULL);
    out = (out ^ (out >> 30U)) * 0xBF58476D1CE4E5B9ULL;
    out = (out ^ (out >> 27U)) * 0x94D049BB133111EBULL;
    return out ^ (out >> 31U);
  }
  // 0 to end - 1; end is not 0.
  std::uint64_t below(std::uint64_t end) { return next() % end; }
  bool one_in(std::uint64_t count) { return below(count) == 0; }
  template <class Container>
  const auto& of(const Container& container) {
    return *std::next(std::begin(container),
                      static_cast<std::ptrdiff_t>(below(std::size(container))));
  }
  std::string bytes(std::size_t most) {
    std::string out(below(most + 1), '\0');
    for (char& byte : out) {
      byte = static_cast<char>(below(256));
    }
    return out;
  }
  // Letters, digits and marks of ASCII.
  std::string visible(std::size_t most) {
    std::string out(below(most + 1), '\0');
    for (char& letter : out) {
      letter = static_cast<char>('!' + below(94));
    }
    return out;
  }

 private:
  std::uint64_t state_;
};

}  // namespace patchbay::validate
