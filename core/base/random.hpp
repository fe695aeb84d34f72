// The one source of chance, seeded, so that a run can be repeated. Not for secrets.
#pragma once

#include <cstdint>
#include <mutex>
#include <random>
#include <string>

namespace patchbay::base {

class Random {
 public:
  explicit Random(std::uint64_t seed) : engine_(seed) {}

  // [any thread] Uniform in 0 … 2^64-1.
  [[nodiscard]] std::uint64_t next();
  // [any thread] Uniform in [0, bound); bound > 0.
  [[nodiscard]] std::uint64_t below(std::uint64_t bound);
  // [any thread] `length` characters of [a-z0-9].
  [[nodiscard]] std::string token(std::size_t length);

 private:
  std::mutex mutex_;
  std::mt19937_64 engine_;  // guarded by mutex_
};

// A seed from the kernel.
[[nodiscard]] std::uint64_t system_seed();

}  // namespace patchbay::base
