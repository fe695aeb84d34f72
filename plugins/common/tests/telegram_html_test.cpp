#include "common/telegram_html.hpp"

#include <gtest/gtest.h>
#include <random>

#include "common/markdown.hpp"
#include "common/utf.hpp"

namespace patchbay::common {
namespace {

std::string html(std::string_view markdown) { return to_telegram_html(parse_markdown(markdown)); }

TEST(TelegramHtml, OnlyTagsThatTelegramReads) {
  const std::pair<const char*, const char*> cases[] = {
      {"**b** *i* ~~s~~ `c`", "<b>b</b> <i>i</i> <s>s</s> <code>c</code>"},
      {"# Title", "<b>Title</b>"},
      {"# A **bold** title", "<b>A bold title</b>"},
      {"a & b < c > d", "a &amp; b &lt; c &gt; d"},
      {"<think>x</think>", "&lt;think&gt;x&lt;/think&gt;"},
      {"```python\na < b\n```", "<pre><code class=\"language-python\">a &lt; b</code></pre>"},
      {"```\nx\n```", "<pre>x</pre>"},
      {"```a\"onclick=\nx\n```", "<pre><code class=\"language-a\">x</code></pre>"},
      {"[t](https://e.org/?a=1&b=\"2\")",
       "<a href=\"https://e.org/?a=1&amp;b=&quot;2&quot;\">t</a>"},
      {"> a\n>> b", "<blockquote>a\n\nb</blockquote>"},
      {"**`c`**", "<b><code>c</code></b>"},
      {"| a |\n|---|\n| <b> |", "<pre>a\n---\n&lt;b&gt;</pre>"},
      {"an odd_number of _ in https://e.org/a_b",
       "an odd_number of _ in <a href=\"https://e.org/a_b\">https://e.org/a_b</a>"},
  };
  for (const auto& [markdown, expected] : cases) {
    EXPECT_EQ(html(markdown), expected) << markdown;
  }
}

TEST(TelegramHtml, AddressesOverTheLimitLeaveTheirText) {
  EXPECT_EQ(html("[t](https://e.org/" + std::string(3'000, 'a') + ")"), "t");
}

TEST(TelegramParts, SourceStaysUnderTelegramsByteLimit) {
  std::string markdown;
  for (int i = 0; i < 200; ++i) {
    markdown += "[link](https://example.org/" + std::string(900, 'a') + ") ";
  }
  std::string joined;
  for (const TelegramPart& part : to_telegram_parts(parse_markdown(markdown), 4096)) {
    EXPECT_LE(part.html.size(), 32'000U);
    joined += part.plain;
  }
  EXPECT_EQ(joined, parse_markdown(markdown).text);
}

TEST(TelegramParts, FourUnitsOfLinksStillEnd) {
  std::string markdown;
  for (const char letter : {'a', 'b', 'c', 'd', 'e'}) {
    markdown += "[" + std::string(1, letter) + "](https://e.org/" + std::string(680, '"') + ")";
  }
  EXPECT_FALSE(to_telegram_parts(parse_markdown(markdown), 4096).empty());
}

TEST(TelegramParts, ThreeHundredAmpersandsAreOneMessage) {
  const auto parts = to_telegram_parts(parse_markdown(std::string(300, '&')), 1024);
  ASSERT_EQ(parts.size(), 1U);
  EXPECT_EQ(utf16_length(parts[0].plain), 300U);
}

TEST(TelegramParts, CaptionOverflowGoesOn) {
  std::string emoji;
  for (int i = 0; i < 513; ++i) {
    emoji += "😀";
  }
  const auto parts = to_telegram_parts(parse_markdown(emoji), 4096, 1024);
  ASSERT_EQ(parts.size(), 2U);
  EXPECT_EQ(utf16_length(parts[0].plain), 1024U);
  EXPECT_EQ(parts[1].plain, "😀");
}

TEST(TelegramParts, BlankPartsAreLeftOut) {
  EXPECT_TRUE(to_telegram_parts(plain_text("\n\n \n"), 4096).empty());
  EXPECT_EQ(to_telegram_parts(plain_text(std::string(9'000, '\n').append("x")), 4096).size(), 1U);
}

// Every "<tag …>" has its "</tag>" in the right order, and nothing else stands in angle brackets.
testing::AssertionResult balanced(const std::string& markup) {
  std::vector<std::string> open;
  for (std::size_t at = markup.find('<'); at != std::string::npos; at = markup.find('<', at + 1)) {
    const std::size_t end = markup.find('>', at);
    if (end == std::string::npos) {
      return testing::AssertionFailure() << "unfinished tag in " << markup;
    }
    std::string tag = markup.substr(at + 1, end - at - 1);
    if (tag.starts_with('/')) {
      if (open.empty() || open.back() != tag.substr(1)) {
        return testing::AssertionFailure() << "</" << tag << "> in " << markup;
      }
      open.pop_back();
    } else {
      open.push_back(tag.substr(0, tag.find(' ')));
    }
  }
  return open.empty() ? testing::AssertionSuccess()
                      : testing::AssertionFailure() << "open: " << open.back() << " in " << markup;
}

// What Telegram shows of our markup.
std::string shown(const std::string& markup) {
  constexpr std::pair<std::string_view, char> kEntities[] = {
      {"&lt;", '<'}, {"&gt;", '>'}, {"&amp;", '&'}, {"&quot;", '"'}};
  std::string out;
  for (std::size_t at = 0; at < markup.size();) {
    if (markup[at] == '<') {
      at = markup.find('>', at) + 1;
      continue;
    }
    std::size_t size = 1;
    char c = markup[at];
    for (const auto& [entity, character] : kEntities) {
      if (std::string_view(markup).substr(at).starts_with(entity)) {
        size = entity.size();
        c = character;
      }
    }
    out += c;
    at += size;
  }
  return out;
}

TEST(TelegramParts, PropertyOverRandomMarkdown) {
  const std::vector<std::string> pieces = {"*",
                                           "**",
                                           "_",
                                           "`",
                                           "```",
                                           "```py\n",
                                           "\n",
                                           "\n\n",
                                           "- ",
                                           "1. ",
                                           "> ",
                                           "[",
                                           "](https://e.org/x)",
                                           "<",
                                           ">",
                                           "&",
                                           "&amp;",
                                           "~~",
                                           "word ",
                                           "a long run of words ",
                                           "😀",
                                           "👩\u200D💻",
                                           "🇩🇪",
                                           "e\u0301",
                                           "| a | b |\n|---|---|\n| c | d |\n",
                                           "# ",
                                           "https://e.org/a_b ",
                                           "\\",
                                           "\xFF",
                                           "    ",
                                           "日本語"};
  std::mt19937_64 random(testing::UnitTest::GetInstance()->random_seed());
  for (int round = 0; round < 400; ++round) {
    std::string markdown;
    for (std::size_t i = random() % 300; i > 0; --i) {
      markdown += pieces[random() % pieces.size()];
    }
    const RichText rich = parse_markdown(markdown);
    const std::size_t limit = 8 + random() % 200;
    EXPECT_TRUE(balanced(to_telegram_html(rich))) << markdown;
    for (const TelegramPart& part : to_telegram_parts(rich, limit)) {
      EXPECT_LE(utf16_length(part.plain), limit);
      EXPECT_EQ(to_valid_utf8(part.html), part.html);
      EXPECT_EQ(shown(part.html), part.plain) << markdown;
      EXPECT_TRUE(balanced(part.html)) << markdown;
    }
  }
}

}  // namespace
}  // namespace patchbay::common
