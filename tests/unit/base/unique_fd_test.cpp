#include "base/unique_fd.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>

namespace patchbay::base {
namespace {

int open_null() { return ::open("/dev/null", O_RDONLY | O_CLOEXEC); }
bool is_open(int fd) { return ::fcntl(fd, F_GETFD) != -1; }

TEST(UniqueFdTest, ClosesWhatItOwnsOnce) {
  int number = -1;
  {
    const UniqueFd fd(open_null());
    number = fd.get();
    EXPECT_TRUE(fd.valid());
    EXPECT_TRUE(is_open(number));
  }
  EXPECT_FALSE(is_open(number));
  EXPECT_FALSE(UniqueFd().valid());
}

TEST(UniqueFdTest, MovesReleasesAndReplaces) {
  UniqueFd one(open_null());
  const int first = one.get();
  UniqueFd two(std::move(one));
  EXPECT_EQ(two.get(), first);
  UniqueFd three(open_null());
  const int second = three.get();
  three = std::move(two);
  EXPECT_EQ(three.get(), first);
  EXPECT_FALSE(is_open(second));
  const int released = three.release();
  EXPECT_FALSE(three.valid());
  EXPECT_TRUE(is_open(released));
  three.reset(released);
  three.reset();
  EXPECT_FALSE(is_open(released));
}

}  // namespace
}  // namespace patchbay::base
