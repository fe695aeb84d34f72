#include "base/random.hpp"

namespace patchbay::base {

std::uint64_t Random::next() {
  const std::lock_guard lock(mutex_);
  return engine_();
}

std::uint64_t Random::below(std::uint64_t bound) {
  const std::lock_guard lock(mutex_);
  return std::uniform_int_distribution<std::uint64_t>(0, bound - 1)(engine_);
}

std::string Random::token(std::size_t length) {
  static constexpr std::string_view kAlphabet = "abcdefghijklmnopqrstuvwxyz0123456789";
  std::string result(length, '0');
  for (char& c : result) {
    c = kAlphabet[below(kAlphabet.size())];
  }
  return result;
}

std::uint64_t system_seed() {
  std::random_device device;
  return (static_cast<std::uint64_t>(device()) << 32) | device();
}

}  // namespace patchbay::base
