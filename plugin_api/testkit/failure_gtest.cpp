#include <gtest/gtest.h>

#include "failure.hpp"

namespace patchbay::testkit {

void report_failure(const std::string& what) { ADD_FAILURE() << what; }

}  // namespace patchbay::testkit
