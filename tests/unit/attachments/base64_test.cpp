#include "attachments/base64.hpp"

#include <gtest/gtest.h>
#include <random>

namespace patchbay::attachments {
namespace {

base::Status decode(std::string_view text, std::string& out, std::size_t step = 1000) {
  Base64Decoder decoder;
  for (; !text.empty(); text.remove_prefix(std::min(step, text.size()))) {
    PATCHBAY_TRY(decoder.feed(text.substr(0, step), out));
  }
  return decoder.finish();
}

TEST(Base64, KnownPairs) {
  const std::pair<std::string, std::string> pairs[] = {{"", ""},
                                                       {"f", "Zg=="},
                                                       {"fo", "Zm8="},
                                                       {"foo", "Zm9v"},
                                                       {"foob", "Zm9vYg=="},
                                                       {"fooba", "Zm9vYmE="},
                                                       {"foobar", "Zm9vYmFy"},
                                                       {"\xff\xfe", "//4="}};
  for (const auto& [bytes, text] : pairs) {
    EXPECT_EQ(base64_encode(bytes), text);
    std::string decoded;
    EXPECT_TRUE(decode(text, decoded).ok()) << text;
    EXPECT_EQ(decoded, bytes);
  }
}

TEST(Base64, RefusesEverythingElse) {
  for (const std::string_view text :
       {"Zg", "Zg=", "Zg===", "Zm9v=", "Z===", "====", "=", "Zm9\n", "Zm9v\n", "Zm 9v",
        "Zg==Zg==", "Zm-_", "Zh==", "Zm9=", "Zg=v", "data:;base64,Zg=="}) {
    std::string decoded;
    const base::Status status = decode(text, decoded);
    EXPECT_EQ(status.code(), base::Code::kInvalidArgument) << text;
  }
}

TEST(Base64, SaysWhereItBroke) {
  std::string decoded;
  EXPECT_EQ(decode("Zm9v*m9v", decoded).message(), "not base64 at character 5");
  EXPECT_EQ(decode("Zm9vZm", decoded).message(), "base64 is cut off after character 6");
}

TEST(Base64, AnySplitOfTheStreamGivesTheSameBytes) {
  std::mt19937 random(7);
  for (std::size_t size = 0; size < 70; ++size) {
    std::string bytes;
    for (std::size_t i = 0; i < size; ++i) {
      bytes += static_cast<char>(random());
    }
    for (std::size_t step = 1; step < 9; ++step) {
      std::string decoded;
      ASSERT_TRUE(decode(base64_encode(bytes), decoded, step).ok());
      ASSERT_EQ(decoded, bytes);
    }
  }
}

}  // namespace
}  // namespace patchbay::attachments
