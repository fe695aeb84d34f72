// One adapter library: known by its sidecar, opened when an instance is to run in this process.
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
  Module(std::string path, Sidecar sidecar)
      : path_(std::move(path)), sidecar_(std::move(sidecar)) {}

  // [core thread] Opens the library, for good; again: nothing. An error is one line with the
  // remedy.
  [[nodiscard]] base::Status open();
  // After open().
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
  const pbay_module* abi_ = nullptr;  // static in the library, which stays
  std::string path_;
  Sidecar sidecar_;
  CallGate calls_;
  std::atomic<bool> given_up_{false};
};

// Opens the library for good and checks what its entry point says. `path` is absolute, channel the
// one that its sidecar names. The error is one line with the remedy, without the path.
[[nodiscard]] base::Result<const pbay_module*> open_library(const std::string& path,
                                                            const std::string& channel);

}  // namespace patchbay::adapters
