#include "common/json_value.hpp"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace patchbay::common {
namespace {

TEST(JsonValue, DepthIsLimitedWhileReading) {
  const auto nested = [](int depth) {
    return std::string(static_cast<std::size_t>(depth), '[') +
           std::string(static_cast<std::size_t>(depth), ']');
  };
  EXPECT_TRUE(parse_json(nested(60)).has_value());
  EXPECT_FALSE(parse_json(nested(100)).has_value());
  EXPECT_FALSE(parse_json(std::string(300'000, '[')).has_value());
  EXPECT_FALSE(parse_json("{\"a\":").has_value());
  EXPECT_FALSE(parse_json("").has_value());
}

TEST(JsonValue, OtherTypesReadAsNothing) {
  const auto value = parse_json(R"({"s":"x","n":7,"b":true,"o":{},"big":18446744073709551615})");
  ASSERT_TRUE(value.has_value());
  EXPECT_EQ(string_of(*value, "s"), "x");
  EXPECT_EQ(string_of(*value, "n"), "");
  EXPECT_EQ(integer_of(*value, "n"), 7);
  EXPECT_EQ(integer_of(*value, "s", -1), -1);
  EXPECT_EQ(integer_of(*value, "big", -1), -1);
  EXPECT_TRUE(flag_of(*value, "b"));
  EXPECT_EQ(id_of(*value, "n"), "7");
  EXPECT_EQ(id_of(*value, "s"), "x");
  EXPECT_FALSE(has(*value, "none"));
  EXPECT_FALSE(has(nlohmann::json::array(), "s"));
  EXPECT_EQ(string_of(member(*value, "none"), "deeper"), "");
}

TEST(JsonValue, WritesWhateverBytes) { EXPECT_EQ(to_text({{"a", "\xFF"}}), "{\"a\":\"\uFFFD\"}"); }

}  // namespace
}  // namespace patchbay::common
