#include "adapters/abi_text.hpp"

#include <gtest/gtest.h>
#include <vector>

namespace patchbay::adapters {
namespace {

// A struct that had two members when it was released, and got a third.
struct GrownFirst {
  std::uint32_t struct_size;
  std::uint32_t first;
};
struct Grown {
  std::uint32_t struct_size;
  std::uint32_t first;
  std::uint64_t appended;
};
// What a sender of the future has.
struct GrownMore {
  Grown known;
  std::uint64_t unknown;
};

}  // namespace

template <>
inline constexpr std::size_t kFirstSize<Grown> = sizeof(GrownFirst);

namespace {

template <class Sent>
const Grown* as_grown(const Sent& sent) {
  return reinterpret_cast<const Grown*>(&sent);
}

TEST(KnownPart, AnOlderSendersStructIsReadAsFarAsItGoes) {
  // Behind it lies what must not be read.
  const GrownFirst sent[2] = {{sizeof(GrownFirst), 7}, {99, 99}};
  const auto known = known_part(as_grown(sent));
  ASSERT_TRUE(known);
  EXPECT_EQ(known->first, 7U);
  EXPECT_EQ(known->appended, 0U);
}

TEST(KnownPart, ANewerSendersStructIsReadAsFarAsItIsKnown) {
  const GrownMore sent = {{sizeof(GrownMore), 7, 8}, 9};
  const auto known = known_part(&sent.known);
  ASSERT_TRUE(known);
  EXPECT_EQ(known->first, 7U);
  EXPECT_EQ(known->appended, 8U);
}

TEST(KnownPart, LessThanTheFirstReleaseHadIsNothing) {
  const Grown sent = {sizeof(GrownFirst) - 1, 7, 8};
  EXPECT_FALSE(known_part(&sent));
  EXPECT_FALSE(known_part<Grown>(nullptr));
}

TEST(KnownElement, StepsByTheSendersStride) {
  const std::vector<GrownFirst> older = {{sizeof(GrownFirst), 1}, {sizeof(GrownFirst), 2}};
  const auto second = known_element(as_grown(older[0]), sizeof(GrownFirst), 1);
  ASSERT_TRUE(second);
  EXPECT_EQ(second->first, 2U);
  EXPECT_EQ(second->appended, 0U);
  const std::vector<GrownMore> newer = {{{sizeof(GrownMore), 1, 5}, 0},
                                        {{sizeof(GrownMore), 2, 6}, 0}};
  EXPECT_EQ(known_element(&newer[0].known, sizeof(GrownMore), 1)->appended, 6U);
}

TEST(KnownElement, AStrideOrASizeThatCannotBeIsRefused) {
  const std::vector<Grown> sent = {{sizeof(Grown), 1, 5}};
  EXPECT_FALSE(known_element(sent.data(), sizeof(GrownFirst) - 1, 0));
  EXPECT_FALSE(known_element(sent.data(), sizeof(GrownFirst), 0)) << "larger than its place";
  EXPECT_FALSE(known_element<Grown>(nullptr, sizeof(Grown), 0));
}

}  // namespace
}  // namespace patchbay::adapters
