#include "base/iso_time.hpp"

#include <gtest/gtest.h>

namespace patchbay::base {
namespace {

WallTime at(std::int64_t milliseconds) { return WallTime(Milliseconds(milliseconds)); }

TEST(IsoTimeTest, FormatsUtcWithMilliseconds) {
  EXPECT_EQ(format_iso_utc(at(0)), "1970-01-01T00:00:00.000Z");
  EXPECT_EQ(format_iso_utc(at(1'769'850'306'007)), "2026-01-31T09:05:06.007Z");
  EXPECT_EQ(format_iso_utc(at(-1)), "1969-12-31T23:59:59.999Z");
  EXPECT_EQ(format_iso_utc(at(951'782'400'000)), "2000-02-29T00:00:00.000Z");
}

TEST(IsoTimeTest, ParsesWhatDatabasesAndPlatformsWrite) {
  const WallTime whole = at(1'769'850'306'000);
  const std::vector<std::pair<std::string_view, WallTime>> cases = {
      {"2026-01-31 09:05:06", whole},
      {"2026-01-31T09:05:06", whole},
      {"2026-01-31T09:05:06Z", whole},
      {"2026-01-31T09:05:06.007Z", whole + Milliseconds(7)},
      {"2026-01-31 09:05:06.5", whole + Milliseconds(500)},
      {"2026-01-31T09:05:06.0079999Z", whole + Milliseconds(7)},
      {"2026-01-31T11:05:06+02:00", whole},
      {"2026-01-31T11:05:06+0200", whole},
      {"2026-01-31T03:35:06-05:30", whole},
      {"2026-02-01T00:05:06+15:00", whole},
      {"2026-01-31T09:04:66Z", at(0)},
      {"2016-12-31T23:59:60Z", at(1'483'228'800'000)},
      {"2024-02-29T00:00:00Z", at(1'709'164'800'000)}};
  for (const auto& [text, expected] : cases) {
    if (expected == at(0)) {
      EXPECT_FALSE(parse_time(text).has_value()) << text;
    } else {
      EXPECT_EQ(parse_time(text), expected) << text;
    }
  }
}

TEST(IsoTimeTest, RefusesEverythingElse) {
  for (const std::string_view text : {"",
                                      "now",
                                      "2026",
                                      "2026-01-31",
                                      "2026-1-31 09:05:06",
                                      "2026-01-31T09:05",
                                      "2026-02-29T00:00:00Z",
                                      "2026-13-01T00:00:00Z",
                                      "2026-00-01T00:00:00Z",
                                      "2026-04-31T00:00:00Z",
                                      "2026-01-31T24:00:00Z",
                                      "2026-01-31T09:60:00Z",
                                      "2026-01-31T09:05:61Z",
                                      "2026-01-31T09:05:06.Z",
                                      "2026-01-31T09:05:06 Z",
                                      "2026-01-31T09:05:06z",
                                      "2026-01-31T09:05:06ZZ",
                                      "2026-01-31T09:05:06+2",
                                      "2026-01-31T09:05:06+24:00",
                                      "2026-01-31T09:05:06+02:60",
                                      "2026-01-31T09:05:06*02:00",
                                      " 2026-01-31T09:05:06",
                                      "2026-01-31T09:05:06 ",
                                      "-026-01-31T09:05:06",
                                      "2026/01/31 09:05:06",
                                      "1769850306"}) {
    EXPECT_FALSE(parse_time(text).has_value()) << text;
  }
}

TEST(IsoTimeTest, ReadsWhatItWrites) {
  for (std::int64_t time = -4'000'000'000'000; time < 40'000'000'000'000; time += 123'456'789'101) {
    EXPECT_EQ(parse_time(format_iso_utc(at(time))), at(time));
  }
}

}  // namespace
}  // namespace patchbay::base
