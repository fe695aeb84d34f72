#include "base/text.hpp"

#include <gtest/gtest.h>

namespace patchbay::base {
namespace {

TEST(TextTest, KnowsWellFormedUtf8) {
  for (const std::string_view text :
       {"", "plain", "\xC3\xA4", "\xE2\x82\xAC", "\xF0\x9F\x98\x80", "\xC2\x80", "\xDF\xBF",
        "\xE0\xA0\x80", "\xED\x9F\xBF", "\xEE\x80\x80", "\xEF\xBF\xBF", "\xF0\x90\x80\x80",
        "\xF4\x8F\xBF\xBF"}) {
    EXPECT_TRUE(is_valid_utf8(text)) << text;
    EXPECT_EQ(to_valid_utf8(text), text);
  }
  EXPECT_TRUE(is_valid_utf8(std::string_view("\0", 1)));
}

TEST(TextTest, KnowsIllFormedUtf8) {
  for (const std::string_view text :
       {"\x80", "\xBF", "\xC0\x80", "\xC1\xBF", "\xC3", "\xC3\x28", "\xE0\x9F\xBF", "\xE2\x82",
        "\xE2\x28\xA1", "\xED\xA0\x80", "\xED\xBF\xBF", "\xF0\x8F\xBF\xBF", "\xF0\x9F\x98",
        "\xF4\x90\x80\x80", "\xF5\x80\x80\x80", "\xFE", "\xFF", "ok\xC3"}) {
    EXPECT_FALSE(is_valid_utf8(text));
    EXPECT_TRUE(is_valid_utf8(to_valid_utf8(text)));
  }
  EXPECT_EQ(to_valid_utf8("a\xC3z\xFF\xE2\x82\xAC"), "a\xEF\xBF\xBDz\xEF\xBF\xBD\xE2\x82\xAC");
}

TEST(TextTest, CutsBetweenCodePoints) {
  const std::string_view text = "a\xC3\xA4\xE2\x82\xAC\xF0\x9F\x98\x80z";  // 1 + 2 + 3 + 4 + 1
  const std::vector<std::size_t> expected = {0, 1, 1, 3, 3, 3, 6, 6, 6, 6, 10, 11, 11};
  for (std::size_t most = 0; most < expected.size(); ++most) {
    const std::string_view prefix = utf8_prefix(text, most);
    EXPECT_EQ(prefix.size(), expected[most]) << most;
    EXPECT_TRUE(is_valid_utf8(prefix));
  }
}

TEST(TextTest, TrimsAndLowersAsciiOnly) {
  EXPECT_EQ(trim(" \t\r\n\f\v a b \n"), "a b");
  EXPECT_EQ(trim("a"), "a");
  EXPECT_EQ(trim(""), "");
  EXPECT_EQ(trim(" \n "), "");
  EXPECT_EQ(trim("\xC2\xA0x"), "\xC2\xA0x");
  EXPECT_EQ(to_lower("AZaz@[19\xC3\x84"), "azaz@[19\xC3\x84");
}

TEST(TextTest, MatchesGlobsOverTheWholeText) {
  struct Case {
    std::string_view pattern;
    std::string_view text;
    bool matches;
  };
  for (const Case& example : std::initializer_list<Case>{{"", "", true},
                                                         {"", "a", false},
                                                         {"*", "", true},
                                                         {"*", "anything", true},
                                                         {"a*c", "abbbc", true},
                                                         {"a*c", "ac", true},
                                                         {"a*c", "acd", false},
                                                         {"*.example.com", "a.b.example.com", true},
                                                         {"*.example.com", "example.com", false},
                                                         {"a?c", "abc", true},
                                                         {"a?c", "ac", false},
                                                         {"*a*b*", "xxaxxbxx", true},
                                                         {"*a*b*", "xxbxxaxx", false},
                                                         {"***", "", true},
                                                         {"a**", "a", true},
                                                         {"?*", "", false},
                                                         {"*ab", "aab", true},
                                                         {"*aab", "aaab", true},
                                                         {"a.c", "abc", false},
                                                         {"[a]", "a", false},
                                                         {"A", "a", false}}) {
    EXPECT_EQ(glob_matches(example.pattern, example.text), example.matches)
        << example.pattern << " on " << example.text;
  }
}

TEST(TextTest, HostileGlobsEndSoon) {
  std::string pattern;
  for (int i = 0; i < 200; ++i) {
    pattern += "*a";
  }
  EXPECT_FALSE(glob_matches(pattern + "b", std::string(20'000, 'a')));
}

TEST(TextTest, FindsTheNearestWord) {
  const std::vector<std::string_view> keys = {"gateway", "agents", "instances", "net"};
  EXPECT_EQ(nearest("gatway", keys), "gateway");
  EXPECT_EQ(nearest("agent", keys), "agents");
  EXPECT_EQ(nearest("instance", keys), "instances");
  EXPECT_EQ(nearest("net", keys), "net");
  EXPECT_EQ(nearest("something", keys), std::nullopt);
  EXPECT_EQ(nearest("x", {}), std::nullopt);
}

}  // namespace
}  // namespace patchbay::base
