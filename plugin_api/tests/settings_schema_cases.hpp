// Schemas of settings, and whether a host reads them: {"schema", "good"}. The validator and the
// host agree: tests/unit/adapters/kit_test.cpp.
#pragma once

#include <fstream>
#include <nlohmann/json.hpp>

namespace patchbay::testkit {

inline nlohmann::json settings_schema_cases() {
  std::ifstream file(SETTINGS_SCHEMA_CASES);
  return nlohmann::json::parse(file);
}

}  // namespace patchbay::testkit
