#include "console/frames.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace patchbay::console {
namespace {

using ::testing::ElementsAre;

TEST(FrameReaderTest, FindsFramesHoweverTheBytesAreCut) {
  const std::string body = "line\nbreaks\nand more";
  const std::string all = R"({"type":"message"})"
                          "\n"
                          R"({"type":"data","size":20})"
                          "\n" +
                          body +
                          R"({"type":"ack"})"
                          "\n";
  for (std::size_t step = 1; step < all.size(); ++step) {
    FrameReader reader(kTextBytes);
    std::vector<std::string> bodies;
    for (std::size_t at = 0; at < all.size(); at += step) {
      reader.append(std::string_view(all).substr(at, step));
      while (auto frame = reader.next()) {
        bodies.push_back(frame->body);
      }
    }
    EXPECT_THAT(bodies, ElementsAre("", body, "")) << step;
    EXPECT_EQ(reader.broken(), "");
  }
}

TEST(FrameReaderTest, ReadsManyFramesThatCameAtOnce) {
  FrameReader reader(kTextBytes);
  const std::string line = R"({"type":"ack","id":"an id of usual length"})";
  constexpr int kCount = 10'000;
  for (int i = 0; i < kCount; ++i) {
    reader.append(line + "\n");
  }
  int count = 0;
  while (auto frame = reader.next()) {
    EXPECT_EQ(frame->json, line);
    ++count;
  }
  EXPECT_EQ(count, kCount);
}

TEST(FrameReaderTest, SaysWhyItCannotGoOn) {
  const std::pair<std::string, std::string> cases[] = {
      {std::string(kLineBytes + 1, 'x'), "a line is longer than 256 KiB"},
      {"[1]\n", "a line is not a JSON object"},
      {"nonsense\n", "a line is not a JSON object"},
      {"{\"size\":11}\n", "a frame has more than 10 bytes"},
      {"{\"size\":-1}\n", "a frame has more than 10 bytes"},
  };
  for (const auto& [bytes, why] : cases) {
    FrameReader reader(10);
    reader.append(bytes);
    EXPECT_EQ(reader.next(), std::nullopt);
    EXPECT_EQ(reader.broken(), why);
    reader.append("{}\n");
    EXPECT_EQ(reader.next(), std::nullopt);
  }
}

TEST(ChatNameTest, IsAWord) {
  for (const char* good : {"ada", "Ada-2", "ada@home.example", "åsa", "_"}) {
    EXPECT_TRUE(is_chat_name(good)) << good;
  }
  for (const std::string& bad : {std::string(), std::string("a:b"), std::string("a b"),
                                 std::string("a/b"), std::string(65, 'x'), std::string("a\n")}) {
    EXPECT_FALSE(is_chat_name(bad)) << bad;
  }
}

}  // namespace
}  // namespace patchbay::console
