#include "common/markdown.hpp"

#include <gtest/gtest.h>

namespace patchbay::common {
namespace {

std::string visible(std::string_view markdown) { return parse_markdown(markdown).text; }

TEST(Markdown, VisibleText) {
  const std::pair<const char*, const char*> cases[] = {
      {"", ""},
      {"hello", "hello"},
      {"one\ntwo", "one\ntwo"},
      {"one\n\n\n\ntwo", "one\n\ntwo"},
      {"**b** *i* ~~s~~ `c`", "b i s c"},
      {"# Title\ntext", "Title\n\ntext"},
      {"- a\n- b\n  - c\n- d", "• a\n• b\n  • c\n• d"},
      {"3. x\n4. y", "3. x\n4. y"},
      {"- a\n\n  more\n- b", "• a\n\n  more\n\n• b"},
      {"-\n- b", "• \n• b"},
      {"- [ ] open\n- [x] done", "☐ open\n☑ done"},
      {"> quoted\n> more\n\nafter", "quoted\nmore\n\nafter"},
      {"```cpp\nint x;\n\n  y\n```\ntail", "int x;\n\n  y\n\ntail"},
      {"a\n\n---\n\nb", "a\n\n———\n\nb"},
      {"[docs](https://example.org/a_b)", "docs"},
      {"[bad](javascript:alert(1))", "bad (javascript:alert(1))"},
      {"[file](notes.txt)", "file (notes.txt)"},
      {"![cat](https://example.org/cat.png)", "cat"},
      {"![](https://example.org/cat.png)", "https://example.org/cat.png"},
      {"see https://example.org/a_b_c*d*_e now", "see https://example.org/a_b_c*d*_e now"},
      {"&lt;b&gt; &amp; &#8212; &#x1F600; &unknown; &", "<b> & — 😀 &unknown; &"},
      {"<think>no tag</think>", "<think>no tag</think>"},
      {"<div>\nraw\n</div>", "<div>\nraw\n</div>"},
      {"| a | bb |\n|---|---|\n| ccc | d |", "a   | bb\n----+---\nccc | d"},
      {"bad \xFF byte", "bad \uFFFD byte"},
      {"snake_case_name and 2*3*4", "snake_case_name and 234"},
  };
  for (const auto& [markdown, expected] : cases) {
    EXPECT_EQ(visible(markdown), expected) << markdown;
  }
}

TEST(Markdown, SpansNestAndCoverWhatTheyMark) {
  const RichText rich = parse_markdown("**bold *both*** and [`code`](https://e.org)");
  EXPECT_EQ(rich.text, "bold both and code");
  const std::vector<Span> expected = {{SpanKind::kBold, 0, 9, ""},
                                      {SpanKind::kItalic, 5, 9, ""},
                                      {SpanKind::kLink, 14, 18, "https://e.org"},
                                      {SpanKind::kCode, 14, 18, ""}};
  EXPECT_EQ(rich.spans, expected);
}

TEST(Markdown, CodeKeepsItsLanguageAndItsSpace) {
  const RichText rich = parse_markdown("text\n\n```c++ title\n  a\n```");
  ASSERT_EQ(rich.spans.size(), 1U);
  EXPECT_EQ(rich.spans[0], (Span{SpanKind::kPre, 6, 9, "c++"}));
  EXPECT_EQ(rich.text, "text\n\n  a");
}

TEST(Markdown, NothingButSpaceIsBlank) {
  EXPECT_TRUE(parse_markdown(" \n\n\t").blank());
  EXPECT_TRUE(parse_markdown("").blank());
  EXPECT_FALSE(parse_markdown("x").blank());
}

TEST(Markdown, DeepNestingIsSurvived) {
  std::string quotes(20'000, '>');
  EXPECT_FALSE(parse_markdown(quotes + " x").blank());
  std::string stars;
  for (int i = 0; i < 5'000; ++i) {
    stars += "*a **b ";
  }
  EXPECT_FALSE(parse_markdown(stars).blank());
}

}  // namespace
}  // namespace patchbay::common
