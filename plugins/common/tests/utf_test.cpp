#include "common/utf.hpp"

#include <gtest/gtest.h>

namespace patchbay::common {
namespace {

TEST(Utf, CountsAsPlatformsDo) {
  EXPECT_EQ(text_length("aé😀", TextUnit::kBytes), 7U);
  EXPECT_EQ(text_length("aé😀", TextUnit::kUtf16), 4U);
  EXPECT_EQ(text_length("aé😀", TextUnit::kCodePoints), 3U);
  EXPECT_EQ(utf16_length(""), 0U);
}

TEST(Utf, FindsEntitiesByUtf16Offsets) {
  const std::string_view text = "😀 hi @bot!";
  EXPECT_EQ(utf16_slice(text, 6, 4), "@bot");
  EXPECT_EQ(utf16_slice(text, 0, 2), "😀");
  EXPECT_EQ(utf16_slice(text, 1, 1), "");  // half of a surrogate pair is nothing
  EXPECT_EQ(utf16_slice(text, 100, 4), "");
  EXPECT_EQ(utf16_slice(text, 6, 400), "@bot!");
  EXPECT_EQ(byte_offset_of_utf16(text, 3), 5U);
}

TEST(Utf, ReplacesEveryMalformedByte) {
  EXPECT_EQ(to_valid_utf8("ok \xFF\xC0\x80 \xE2\x82"), "ok \uFFFD\uFFFD\uFFFD \uFFFD\uFFFD");
  EXPECT_EQ(to_valid_utf8("\xED\xA0\x80"), "\uFFFD\uFFFD\uFFFD");  // a lone surrogate
  EXPECT_EQ(to_valid_utf8("\xF4\x90\x80\x80"), "\uFFFD\uFFFD\uFFFD\uFFFD");
  EXPECT_EQ(to_valid_utf8("grüße 😀"), "grüße 😀");
}

TEST(Utf, KnowsWhereACharacterWouldTear) {
  const auto tears = [](std::string_view first, std::string_view second) {
    return tears_character(std::string(first) + std::string(second), first.size());
  };
  EXPECT_TRUE(tears("\xF0\x9F", "\x98\x80"));  // inside a code point
  EXPECT_TRUE(tears("e", "\u0301"));           // combining accent
  EXPECT_TRUE(tears("👍", "🏽"));              // skin tone
  EXPECT_TRUE(tears("❤", "\uFE0F"));           // variation selector
  EXPECT_TRUE(tears("👩\u200D", "💻"));        // joined
  EXPECT_TRUE(tears("👩", "\u200D💻"));
  EXPECT_TRUE(tears("🇩", "🇪"));     // a flag
  EXPECT_FALSE(tears("🇩🇪", "🇫🇷"));  // two flags
  EXPECT_TRUE(tears("\r", "\n"));
  EXPECT_FALSE(tears("a", "b"));
  EXPECT_FALSE(tears("😀", "😀"));
  EXPECT_FALSE(tears("", "a"));
}

TEST(Utf, PrefixNeverTearsWhatFits) {
  EXPECT_EQ(prefix_within("a👩\u200D💻", 4, TextUnit::kUtf16), "a");
  EXPECT_EQ(prefix_within("a👩\u200D💻", 6, TextUnit::kUtf16), "a👩\u200D💻");
  EXPECT_EQ(prefix_within("😀😀", 3, TextUnit::kUtf16), "😀");
  // Larger than the limit as a whole: torn between code points, since something must go.
  EXPECT_EQ(prefix_within("👩\u200D👩\u200D👧", 4, TextUnit::kUtf16), "👩\u200D");
}

}  // namespace
}  // namespace patchbay::common
