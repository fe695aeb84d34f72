// What tests that run both ways are called.
#pragma once

#include <gtest/gtest.h>
#include <string>

#include "adapters/isolation.hpp"

namespace patchbay::adapters {

inline std::string isolation_name(const ::testing::TestParamInfo<Isolation>& info) {
  return info.param == Isolation::kProcess ? "InAProcess" : "InTheDaemon";
}

}  // namespace patchbay::adapters
