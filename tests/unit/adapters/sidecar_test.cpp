#include "adapters/sidecar.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace patchbay::adapters {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

nlohmann::json good() {
  return {{"format", 1},
          {"id", "telegram"},
          {"version", "0.1.0"},
          {"abi", {{"major", 1}, {"minor", 0}, {"draft", 1}}},
          {"sha256", std::string(64, 'A')},
          {"abilities", {"text"}},
          {"allowed_hosts", {"api.telegram.org"}},
          {"licence", "Apache-2.0"},
          {"a_key_of_the_future", 1}};
}

TEST(Sidecar, IsReadWhole) {
  const auto sidecar = parse_sidecar(good().dump(), "telegram.adapter.json");
  ASSERT_TRUE(sidecar.ok()) << sidecar.status().message();
  EXPECT_EQ(sidecar->id, "telegram");
  EXPECT_EQ(sidecar->version, "0.1.0");
  EXPECT_EQ(sidecar->abi_draft, 1U);
  EXPECT_EQ(sidecar->sha256, std::string(64, 'a'));
  EXPECT_THAT(sidecar->allowed_hosts, ElementsAre("api.telegram.org"));
  EXPECT_EQ(sidecar->licence, "Apache-2.0");
}

TEST(Sidecar, ErrorsNameFileKeyAndRemedy) {
  const std::vector<std::pair<nlohmann::json, std::string>> cases = {
      {{{"id", "Tele gram"}}, "'id'"},
      {{{"id", nullptr}}, "'id'"},
      {{{"version", 1}}, "'version'"},
      {{{"abi", 1}}, "'abi'"},
      {{{"abi", {{"minor", -1}}}}, "'minor'"},
      {{{"sha256", "abc"}}, "'sha256'"},
      {{{"allowed_hosts", "x"}}, "'allowed_hosts'"},
      {{{"abilities", {1}}}, "'abilities'"},
  };
  for (const auto& [wrong, key] : cases) {
    nlohmann::json sidecar = good();
    sidecar.merge_patch(wrong);
    const auto result = parse_sidecar(sidecar.dump(), "x.adapter.json");
    ASSERT_FALSE(result.ok()) << wrong;
    EXPECT_THAT(result.status().message(), AllOf(HasSubstr("x.adapter.json"), HasSubstr(key),
                                                 HasSubstr("patchbay_add_adapter")));
  }
}

}  // namespace
}  // namespace patchbay::adapters
