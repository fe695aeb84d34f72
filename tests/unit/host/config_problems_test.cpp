#include "host/config_problems.hpp"

#include <gtest/gtest.h>

namespace patchbay::host {
namespace {

TEST(ConfigProblemsTest, NoneIsOk) { EXPECT_TRUE(ConfigProblems("f.json", {}).status().ok()); }

TEST(ConfigProblemsTest, EachHasALineOfItsOwnWithThePlaceOfTheNearestKeyThatIsThere) {
  ConfigProblems problems("f.json", {{"agents", 2}, {"agents.a", 3}, {"agents.a.name", 4}});
  problems.add("agents.a.name", "is long");
  problems.add("agents.a.env.KEY", "is missing");
  problems.add("webhooks.listen", "is odd");
  EXPECT_EQ(problems.status().code(), base::Code::kInvalidArgument);
  EXPECT_EQ(problems.status().message(),
            "f.json:4: agents.a.name: is long\n"
            "f.json:3: agents.a.env.KEY: is missing\n"
            "f.json: webhooks.listen: is odd");
}

}  // namespace
}  // namespace patchbay::host
