#include "base/json.hpp"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace patchbay::base {
namespace {

std::string nested(std::size_t depth, char open, char close) {
  std::string text;
  for (std::size_t i = 0; i < depth; ++i) {
    text += open;
    if (open == '{' && i + 1 < depth) {
      text += "\"k\":";
    }
  }
  return text + std::string(depth, close);
}

TEST(JsonTest, ParsesValues) {
  const auto value = parse_json(R"({"a":[1,2.5,"\u00e4",null,true]})");
  ASSERT_TRUE(value.ok());
  EXPECT_EQ(value.value()["a"][2], "\xC3\xA4");
  EXPECT_EQ(parse_json("7").value(), 7);
}

TEST(JsonTest, LimitsTheDepthOfWhatItBuilds) {
  for (const auto& [open, close] : {std::pair{'[', ']'}, std::pair{'{', '}'}}) {
    EXPECT_TRUE(parse_json(nested(kMaxJsonDepth, open, close)).ok());
    for (const std::size_t depth : {kMaxJsonDepth + 1, std::size_t{300'000}}) {
      const auto refused = parse_json(nested(depth, open, close));
      EXPECT_EQ(refused.status().code(), Code::kInvalidArgument);
      EXPECT_EQ(refused.status().message(), "JSON is nested deeper than 64 levels");
    }
  }
  // Wide is not deep.
  std::string wide = "[";
  for (int i = 0; i < 10'000; ++i) {
    wide += "[],";
  }
  EXPECT_TRUE(parse_json(wide + "[]]").ok());
  EXPECT_FALSE(parse_json(std::string(300'000, '[')).ok());
}

TEST(JsonTest, RefusesWhatIsNotJsonAndNeverThrows) {
  for (const std::string_view text : {"", "{", "[1,]", "{\"a\":1,}", "nul", "1e999", "-1e999",
                                      "NaN", "\"\xFF\"", "\"\xED\xA0\x80\"", "\"\\ud800\"",
                                      "\"a\nb\"", "{} {}", "// comment\n1", "01", "+1", "'a'"}) {
    const auto refused = parse_json(text);
    EXPECT_EQ(refused.status().code(), Code::kInvalidArgument) << text;
    EXPECT_FALSE(refused.status().message().empty());
    EXPECT_EQ(refused.status().message().find("json.exception"), std::string::npos);
  }
}

TEST(JsonTest, SaysWhere) {
  EXPECT_NE(parse_json("{\n  \"a\": x\n}").status().message().find("line 2, column 8"),
            std::string::npos);
}

TEST(JsonTest, TakesCommentsInConfigurationsAndKeepsTheOrder) {
  const auto value = parse_json_with_comments("{ // one\n \"z\": 1, /* two */ \"a\": 2 }");
  ASSERT_TRUE(value.ok());
  EXPECT_EQ(value.value().dump(), R"({"z":1,"a":2})");
  EXPECT_FALSE(parse_json_with_comments(nested(kMaxJsonDepth + 1, '[', ']')).ok());
}

}  // namespace
}  // namespace patchbay::base
