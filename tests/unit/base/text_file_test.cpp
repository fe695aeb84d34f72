#include "base/text_file.hpp"

#include <gtest/gtest.h>
#include <unistd.h>

namespace patchbay::base {
namespace {

TEST(TextFile, ReadsFilesWhoseSizeIsNotKnown) {
  const auto status = read_text_file("/proc/self/stat");
  ASSERT_TRUE(status.ok());
  EXPECT_TRUE(status->starts_with(std::to_string(::getpid()) + " ("));
}

TEST(TextFile, AMissingFileAndAFolderAreFailuresThatNameThePath) {
  for (const std::string path : {"/nowhere/at/all", "/proc/self"}) {
    const auto read = read_text_file(path);
    ASSERT_FALSE(read.ok());
    EXPECT_NE(read.status().message().find(path), std::string::npos);
  }
}

TEST(TextFile, AFileWithoutEndIsAFailure) {
  EXPECT_EQ(read_text_file("/dev/zero").status().code(), Code::kTooLarge);
}

}  // namespace
}  // namespace patchbay::base
