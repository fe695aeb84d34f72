// How the test kit fails a test. The library that authors link does it by GoogleTest; a program
// without tests, such as patchbay-validate, says it in its own way.
#pragma once

#include <string>

namespace patchbay::testkit {

void report_failure(const std::string& what);

}  // namespace patchbay::testkit
