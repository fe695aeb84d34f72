// The daemon: every part, put together in one place. Nothing else in core knows all of them.
#pragma once

#include <memory>

#include "base/status.hpp"
#include "host/command_line.hpp"
#include "host/config.hpp"

namespace patchbay::host {

class Host {
 public:
  // Opens the data folder (which it locks) and everything in it, loads the adapters. `overrides`
  // are kept, to read the configuration again on SIGHUP.
  [[nodiscard]] static base::Result<std::unique_ptr<Host>> open(Config config,
                                                                ConfigOverrides overrides);
  ~Host();
  Host(const Host&) = delete;
  Host& operator=(const Host&) = delete;

  // [the main thread] Runs until SIGTERM or SIGINT, then drains; the exit code.
  [[nodiscard]] int run();

 private:
  class Parts;
  explicit Host(std::unique_ptr<Parts> parts);
  std::unique_ptr<Parts> parts_;
};

}  // namespace patchbay::host
