// One loaded adapter library.
#pragma once

#include <atomic>
#include <memory>
#include <string>

#include <patchbay/adapter.h>

#include "adapters/call_gate.hpp"
#include "adapters/sidecar.hpp"
#include "base/status.hpp"

namespace patchbay::adapters {

class Module {
 public:
  Module(const pbay_module* abi, std::string path, Sidecar sidecar)
      : abi_(abi), path_(std::move(path)), sidecar_(std::move(sidecar)) {}

  [[nodiscard]] const pbay_module& abi() const { return *abi_; }
  [[nodiscard]] const std::string& path() const { return path_; }
  [[nodiscard]] const Sidecar& sidecar() const { return sidecar_; }
  // Keeps [loader] calls and [instance] calls of this module apart.
  [[nodiscard]] CallGate& calls() { return calls_; }

  // [any thread] create() or destroy() never came back: no more instances of it.
  void give_up() {
    given_up_ = true;
    calls_.open();
  }
  [[nodiscard]] bool given_up() const { return given_up_; }

 private:
  const pbay_module* abi_;  // static in the library, which stays
  std::string path_;
  Sidecar sidecar_;
  CallGate calls_;
  std::atomic<bool> given_up_{false};
};

// Opens the library for good and checks what its entry point says. `path` is absolute. The error is
// one line with the remedy, without the path.
[[nodiscard]] base::Result<const pbay_module*> open_library(const std::string& path);

}  // namespace patchbay::adapters
