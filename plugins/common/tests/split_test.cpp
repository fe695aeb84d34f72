#include "common/split.hpp"

#include <gtest/gtest.h>
#include <random>

#include "common/markdown.hpp"

namespace patchbay::common {
namespace {

std::vector<std::string> texts(const RichText& rich, std::size_t limit) {
  std::vector<std::string> out;
  for (const RichText& part : split(rich, limit, TextUnit::kUtf16)) {
    out.push_back(part.text);
  }
  return out;
}

using Texts = std::vector<std::string>;

TEST(Split, PrefersParagraphThenLineThenSpace) {
  EXPECT_EQ(texts(plain_text("aaaa bb\n\ncc dd ee"), 14), (Texts{"aaaa bb\n\n", "cc dd ee"}));
  EXPECT_EQ(texts(plain_text("aaaa bb\ncc dd ee"), 14), (Texts{"aaaa bb\n", "cc dd ee"}));
  EXPECT_EQ(texts(plain_text("aaaa bbbb cccc"), 12), (Texts{"aaaa bbbb ", "cccc"}));
  EXPECT_EQ(texts(plain_text("abcdefghij"), 4), (Texts{"abcd", "efgh", "ij"}));
  EXPECT_EQ(texts(plain_text("abcd"), 4), (Texts{"abcd"}));
  EXPECT_TRUE(texts(plain_text(""), 4).empty());
}

TEST(Split, LimitsOfTelegramAtTheEdge) {
  EXPECT_EQ(texts(plain_text(std::string(4096, 'a')), 4096).size(), 1U);
  EXPECT_EQ(texts(plain_text(std::string(4097, 'a')), 4096).size(), 2U);
}

TEST(Split, SurrogatePairsAndJoinedCharactersStayWhole) {
  EXPECT_EQ(texts(plain_text("abc😀"), 4), (Texts{"abc", "😀"}));
  EXPECT_EQ(texts(plain_text("aa👩\u200D💻b"), 6), (Texts{"aa", "👩\u200D💻b"}));
  EXPECT_EQ(texts(plain_text("a🇩🇪🇫🇷"), 6), (Texts{"a🇩🇪", "🇫🇷"}));
}

TEST(Split, SpansAreClosedAndReopened) {
  const RichText rich{"abcdefgh", {{SpanKind::kBold, 1, 7, ""}, {SpanKind::kPre, 2, 6, "py"}}};
  const auto parts = split(rich, 4, TextUnit::kUtf16);
  ASSERT_EQ(parts.size(), 2U);
  EXPECT_EQ(parts[0].spans,
            (std::vector<Span>{{SpanKind::kBold, 1, 4, ""}, {SpanKind::kPre, 2, 4, "py"}}));
  EXPECT_EQ(parts[1].spans,
            (std::vector<Span>{{SpanKind::kBold, 0, 3, ""}, {SpanKind::kPre, 0, 2, "py"}}));
}

TEST(Split, AvoidsCodeBlocksWhenAParagraphEndsOutside) {
  const RichText rich = parse_markdown("introduction text\n\n```\nx\n\ny\n\nz\n```");
  const auto parts = split(rich, 24, TextUnit::kUtf16);
  ASSERT_EQ(parts.size(), 2U);
  EXPECT_EQ(parts[0].text, "introduction text\n\n");
  EXPECT_EQ(parts[1].spans[0].kind, SpanKind::kPre);
}

TEST(Split, FirstLimitIsItsOwn) {
  const auto parts = split(plain_text("abcdefghijkl"), 8, TextUnit::kUtf16, 4);
  ASSERT_EQ(parts.size(), 2U);
  EXPECT_EQ(parts[0].text, "abcd");
  EXPECT_EQ(parts[1].text, "efghijkl");
}

TEST(Split, PropertyJoinedPartsAreTheText) {
  const std::vector<std::string> pieces = {"a",    "bb ",        "\n",       "\n\n",
                                           "😀",   "👩\u200D💻", "🇩🇪",       "e\u0301",
                                           "日本", " ",          "longword", "👍🏽"};
  std::mt19937_64 random(testing::UnitTest::GetInstance()->random_seed());
  for (int round = 0; round < 500; ++round) {
    std::string text;
    for (std::size_t i = random() % 200; i > 0; --i) {
      text += pieces[random() % pieces.size()];
    }
    for (const TextUnit unit : {TextUnit::kBytes, TextUnit::kUtf16, TextUnit::kCodePoints}) {
      const std::size_t limit = 4 + random() % 60;
      std::string joined;
      for (const RichText& part : split(plain_text(text), limit, unit)) {
        EXPECT_LE(text_length(part.text, unit), limit);
        EXPECT_EQ(to_valid_utf8(part.text), part.text);
        EXPECT_FALSE(part.text.empty());
        joined += part.text;
      }
      EXPECT_EQ(joined, text);
    }
  }
}

TEST(Split, LargeTextsTakeLinearTime) {
  const std::string text(4'000'000, 'x');
  EXPECT_EQ(split(plain_text(text), 4096, TextUnit::kUtf16).size(), 977U);
}

}  // namespace
}  // namespace patchbay::common
