#include "base/status.hpp"

#include <cerrno>
#include <gtest/gtest.h>
#include <memory>
#include <set>

namespace patchbay::base {
namespace {

TEST(StatusTest, IsOkUnlessAFailureIsNamed) {
  EXPECT_TRUE(Status().ok());
  EXPECT_EQ(Status().code(), Code::kOk);
  const Status failed(Code::kBusy, "the queue is full");
  EXPECT_FALSE(failed.ok());
  EXPECT_EQ(failed.code(), Code::kBusy);
  EXPECT_EQ(failed.message(), "the queue is full");
}

TEST(StatusTest, ContextPrecedesTheMessageAndKeepsTheCode) {
  const Status failed = Status(Code::kTimeout, "no answer").with_context("telegram");
  EXPECT_EQ(failed.code(), Code::kTimeout);
  EXPECT_EQ(failed.message(), "telegram: no answer");
}

TEST(StatusTest, EveryCodeHasAWordOfItsOwn) {
  std::set<std::string_view> words;
  for (int code = 0; code <= static_cast<int>(Code::kInternal); ++code) {
    words.insert(to_string(static_cast<Code>(code)));
  }
  EXPECT_EQ(words.size(), static_cast<std::size_t>(Code::kInternal) + 1);
  EXPECT_EQ(to_string(Code::kInvalidArgument), "invalid_argument");
}

TEST(StatusTest, TranslatesErrno) {
  const std::vector<std::pair<int, Code>> cases = {
      {ENOENT, Code::kNotFound},   {EEXIST, Code::kAlreadyExists},
      {EACCES, Code::kRefused},    {EPERM, Code::kRefused},
      {ELOOP, Code::kRefused},     {EXDEV, Code::kRefused},
      {EAGAIN, Code::kBusy},       {EBUSY, Code::kBusy},
      {ETIMEDOUT, Code::kTimeout}, {EFBIG, Code::kTooLarge},
      {ENOSPC, Code::kIo},         {EIO, Code::kIo}};
  for (const auto& [number, code] : cases) {
    EXPECT_EQ(Status::from_errno(number, "x").code(), code) << number;
  }
  EXPECT_EQ(Status::from_errno(ENOENT, "a/b").message(), "a/b: No such file or directory");
}

Result<int> half(int number) {
  if (number % 2 != 0) {
    return Status(Code::kInvalidArgument, "odd");
  }
  return number / 2;
}

Status check_half(int number) {
  PATCHBAY_TRY(half(number));
  return {};
}

Result<std::unique_ptr<int>> quarter(int number) {
  PATCHBAY_ASSIGN(const int once, half(number));
  PATCHBAY_ASSIGN(const int twice, half(once));
  return std::make_unique<int>(twice);
}

TEST(ResultTest, HoldsAValueOrAFailure) {
  EXPECT_EQ(half(8).value(), 4);
  EXPECT_TRUE(half(8).status().ok());
  EXPECT_FALSE(half(7).ok());
  EXPECT_EQ(half(7).status().message(), "odd");
}

TEST(ResultTest, FailuresLeaveTheFunctionThatTries) {
  EXPECT_TRUE(check_half(2).ok());
  EXPECT_EQ(check_half(3).code(), Code::kInvalidArgument);
  EXPECT_EQ(*quarter(8).value(), 2);
  EXPECT_EQ(quarter(6).status().message(), "odd");
  auto moved = quarter(12);
  const std::unique_ptr<int> taken = *std::move(moved);
  EXPECT_EQ(*taken, 3);
}

}  // namespace
}  // namespace patchbay::base
