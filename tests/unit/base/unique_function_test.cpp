#include "base/unique_function.hpp"

#include <gtest/gtest.h>
#include <memory>
#include <string>

namespace patchbay::base {
namespace {

TEST(UniqueFunctionTest, HoldsMoveOnlyCaptures) {
  UniqueFunction<int(int)> add = [owned = std::make_unique<int>(40)](int more) {
    return *owned + more;
  };
  EXPECT_TRUE(static_cast<bool>(add));
  EXPECT_EQ(add(2), 42);
  UniqueFunction<int(int)> moved = std::move(add);
  EXPECT_EQ(moved(3), 43);
}

TEST(UniqueFunctionTest, IsEmptyUntilGivenSomething) {
  UniqueFunction<void()> nothing;
  EXPECT_FALSE(static_cast<bool>(nothing));
  UniqueFunction<void()> null = nullptr;
  EXPECT_FALSE(static_cast<bool>(null));
  bool ran = false;
  nothing = [&ran] { ran = true; };
  nothing();
  EXPECT_TRUE(ran);
}

TEST(UniqueFunctionTest, PassesArgumentsAsDeclared) {
  UniqueFunction<void(std::string&)> change = [](std::string& text) { text += "!"; };
  std::string text = "a";
  change(text);
  EXPECT_EQ(text, "a!");
  UniqueFunction<std::size_t(std::unique_ptr<std::string>)> take =
      [](const std::unique_ptr<std::string>& owned) { return owned->size(); };
  EXPECT_EQ(take(std::make_unique<std::string>("four")), 4U);
}

TEST(UniqueFunctionTest, DestroysItsCapturesOnce) {
  const auto witness = std::make_shared<int>(1);
  {
    UniqueFunction<void()> first = [witness] {};
    UniqueFunction<void()> second = std::move(first);
    EXPECT_EQ(witness.use_count(), 2);
    second = nullptr;
    EXPECT_EQ(witness.use_count(), 1);
  }
}

}  // namespace
}  // namespace patchbay::base
