#include "patchbay/sdk/utf8.hpp"

#include <gtest/gtest.h>
#include <stdexcept>

namespace patchbay::sdk {
namespace {

TEST(Utf8, WhatAnExceptionSaysIsText) {
  EXPECT_EQ(words_of(std::runtime_error("caf\xC3\xA9 is closed")), "caf\xC3\xA9 is closed");
  EXPECT_EQ(words_of(std::runtime_error("last read: '\xFF'")), "last read: '?'");
  EXPECT_EQ(words_of(std::runtime_error("caf\xC3\xA9, then \xC0\x80")), "caf??, then ??");
}

}  // namespace
}  // namespace patchbay::sdk
