#include "net/line_splitter.hpp"

#include <gtest/gtest.h>
#include <vector>

namespace patchbay::net {
namespace {

std::vector<std::string> drain(LineSplitter& splitter) {
  std::vector<std::string> lines;
  while (true) {
    auto line = splitter.next();
    EXPECT_TRUE(line.ok());
    if (!line.ok() || !line->has_value()) {
      return lines;
    }
    lines.push_back(**line);
  }
}

TEST(LineSplitterTest, GivesWholeLinesHoweverTheyArrive) {
  const std::string text = "one\ntwo\r\n\nfour is longer\nfive";
  for (std::size_t at_once = 1; at_once <= text.size(); ++at_once) {
    LineSplitter splitter(100);
    std::vector<std::string> lines;
    for (std::size_t i = 0; i < text.size(); i += at_once) {
      splitter.append(std::string_view(text).substr(i, at_once));
      for (std::string& line : drain(splitter)) {
        lines.push_back(std::move(line));
      }
    }
    EXPECT_EQ(lines, (std::vector<std::string>{"one", "two", "", "four is longer"}));
    splitter.append("\n");
    EXPECT_EQ(drain(splitter), std::vector<std::string>{"five"});
  }
}

TEST(LineSplitterTest, BoundsLinesFinishedOrNot) {
  LineSplitter splitter(5);
  splitter.append("12345\n1234");
  EXPECT_EQ(drain(splitter), std::vector<std::string>{"12345"});
  splitter.append("5");
  EXPECT_TRUE(drain(splitter).empty());
  splitter.append("6");
  EXPECT_EQ(splitter.next().status().code(), base::Code::kTooLarge);
  LineSplitter finished(5);
  finished.append("123456\n");
  EXPECT_EQ(finished.next().status().code(), base::Code::kTooLarge);
}

}  // namespace
}  // namespace patchbay::net
