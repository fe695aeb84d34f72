// What an instance may call its listeners. The test kit and the host agree: kit_rules_test.cpp and
// tests/unit/adapters/sockets_test.cpp.
#pragma once

#include <cstdint>
#include <string_view>

#include "patchbay/adapter.h"

namespace patchbay::testkit {

struct ListenerCase {
  std::string_view name;
  std::int32_t code;  // what listen() completes with
};

inline constexpr std::string_view kListeningInstance = "scripted";

// One after the other: those at the end are as many as an instance may have.
inline constexpr ListenerCase kListenerCases[] = {
    {"../evil", PBAY_E_INVALID},
    {"Upper", PBAY_E_INVALID},
    {"scripted_two", PBAY_E_INVALID},
    {"-scripted", PBAY_E_INVALID},
    {"scripted-89012345678901234567890-3", PBAY_E_INVALID},
    {"another", PBAY_E_FORBIDDEN},
    {"scriptedly", PBAY_E_FORBIDDEN},
    {"script", PBAY_E_FORBIDDEN},
    {"scripted", PBAY_OK},
    {"scripted-three", PBAY_OK},
    {"scripted", PBAY_E_BUSY},
    {"scripted-", PBAY_OK},
    {"scripted-01234567890123456789012", PBAY_OK},
    {"scripted-5", PBAY_E_BUSY},
};

}  // namespace patchbay::testkit
