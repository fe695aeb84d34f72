#include "adapters/abi_headers.hpp"

#include <gtest/gtest.h>
#include <string_view>

#include "adapters/abi_text.hpp"

namespace patchbay::adapters {
namespace {

// What a newer adapter sends: elements with a field that this host does not know.
struct NewerHeader {
  pbay_header known;
  std::uint64_t unknown;
};

NewerHeader newer(std::string_view name, std::string_view value) {
  return {
      {.struct_size = sizeof(NewerHeader), .reserved = 0, .name = abi(name), .value = abi(value)},
      ~0ULL};
}

TEST(AbiHeaders, AreSteppedByTheSendersStride) {
  const NewerHeader sent[] = {newer("a", "1"), newer("b", "2"), newer("c", "")};
  const auto copied = copy_headers(&sent[0].known, 3, sizeof(NewerHeader), 3);
  ASSERT_TRUE(copied.ok()) << copied.status().message();
  ASSERT_EQ(copied->size(), 3U);
  EXPECT_EQ((*copied)[1].name + "=" + (*copied)[1].value, "b=2");
  EXPECT_EQ((*copied)[2].name + "=" + (*copied)[2].value, "c=");
}

TEST(AbiHeaders, WhatIsNoListOfThemIsRefused) {
  const NewerHeader sent[] = {newer("a", "1"), newer("b", "2")};
  const auto refused = [&](const pbay_header* first, std::uint32_t count, std::uint32_t stride) {
    return copy_headers(first, count, stride, 2).status().code() == base::Code::kInvalidArgument;
  };
  EXPECT_TRUE(refused(nullptr, 1, sizeof(pbay_header)));
  EXPECT_TRUE(refused(&sent[0].known, 2, 0));
  EXPECT_TRUE(refused(&sent[0].known, 2, sizeof(pbay_header) - 1));
  EXPECT_TRUE(refused(&sent[0].known, 3, sizeof(NewerHeader)));
  EXPECT_TRUE(copy_headers(nullptr, 0, 0, 2).ok());
}

TEST(AbiHeaders, GoOutWithTheirSize) {
  const std::vector<net::HttpHeader> headers = {{"Name", "value"}};
  const auto out = abi_headers(headers);
  ASSERT_EQ(out.size(), 1U);
  EXPECT_EQ(out[0].struct_size, sizeof(pbay_header));
  EXPECT_EQ(view(out[0].name), "Name");
  EXPECT_EQ(view(out[0].value), "value");
}

}  // namespace
}  // namespace patchbay::adapters
