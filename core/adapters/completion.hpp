// What is handed to an adapter later, on its own thread: it owns all that the ABI structs point to.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

#include <patchbay/adapter.h>

#include "adapters/isolation/detail_kind.hpp"
#include "base/status.hpp"

namespace patchbay::adapters {

// Owner of a struct that an extension defines.
class Detail {
 public:
  virtual ~Detail() = default;
  // Which struct abi() is.
  [[nodiscard]] virtual DetailKind kind() const = 0;
  // Valid as long as this object.
  [[nodiscard]] virtual const void* abi() const = 0;
  // How much it keeps in memory, but for a few words.
  [[nodiscard]] virtual std::size_t bytes() const = 0;
};

struct Completion {
  std::int32_t code = PBAY_OK;
  std::uint64_t value = 0;
  std::string text = {};
  std::unique_ptr<Detail> detail = {};
};

// The ABI's code for a failure of ours.
[[nodiscard]] std::int32_t code_of(const base::Status& status);
[[nodiscard]] inline Completion completion_of(const base::Status& status) {
  return {.code = code_of(status), .text = status.message()};
}

// The reverse, for results of adapters: the class of the code, and its text. Not for PBAY_OK.
[[nodiscard]] base::Status status_of(std::int32_t code, const std::string& text);

}  // namespace patchbay::adapters
