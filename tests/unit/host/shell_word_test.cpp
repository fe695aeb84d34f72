#include "host/shell_word.hpp"

#include <gtest/gtest.h>

namespace patchbay::host {
namespace {

TEST(ShellWord, IsQuotedWhereItHasToBe) {
  EXPECT_EQ(shell_word("/usr/bin/patchbay"), "/usr/bin/patchbay");
  EXPECT_EQ(shell_word("/x/my data"), "'/x/my data'");
  EXPECT_EQ(shell_word("it's"), "'it'\\''s'");
  EXPECT_EQ(shell_word(""), "''");
}

}  // namespace
}  // namespace patchbay::host
