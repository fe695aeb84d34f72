#include "host/config_values.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "test_common/temp_folder.hpp"

namespace patchbay::host {
namespace {

using ::testing::HasSubstr;

TEST(ConfigValuesTest, ListenIsANumericAddressAndAPort) {
  const auto four = parse_listen("127.0.0.1:8087");
  ASSERT_TRUE(four.ok());
  EXPECT_EQ(four->address, "127.0.0.1");
  EXPECT_EQ(four->port, 8087);
  const auto six = parse_listen("[::1]:80");
  ASSERT_TRUE(six.ok());
  EXPECT_EQ(six->address, "::1");
  for (const char* bad : {"", "here", ":80", "nonsense:999", "127.0.0.1",
                          "127.0.0.1:", "127.0.0.1:65536", "127.0.0.1:8x", "1.2.3:80", "[::1:80"}) {
    EXPECT_FALSE(parse_listen(bad).ok()) << bad;
  }
}

TEST(ConfigValuesTest, AProxyHasASchemeAndAHost) {
  for (const char* good : {"", "http://proxy", "http://proxy:3128", "socks5h://127.0.0.1:9050",
                           "http://user:secret@proxy:3128/", "http://[::1]:3128"}) {
    EXPECT_TRUE(check_proxy(good).ok()) << good;
  }
  for (const char* bad : {"::::", "proxy:3128", "http://", "http://:3128", "ftp://proxy",
                          "http://proxy:x", "http://proxy:0", "http://[::1"}) {
    EXPECT_FALSE(check_proxy(bad).ok()) << bad;
  }
}

TEST(ConfigValuesTest, ATimeZoneStaysInsideTheDatabase) {
  EXPECT_TRUE(check_timezone("").ok());
  ASSERT_TRUE(std::filesystem::is_directory("/usr/share/zoneinfo")) << "scripts/setup test";
  for (const char* bad : {"Mars/Base", "../../../etc/passwd", "/etc/passwd", "Europe"}) {
    EXPECT_FALSE(check_timezone(bad).ok()) << bad;
  }
}

TEST(ConfigValuesTest, AFileMustBeThereAndNoFolder) {
  test::TempFolder folder;
  test::write_file(folder / "ca.pem", "x");
  EXPECT_TRUE(check_readable(folder / "ca.pem").ok());
  EXPECT_THAT(check_readable(folder / "none.pem").message(), HasSubstr("none.pem"));
  EXPECT_THAT(check_readable(folder.path()).message(), HasSubstr("is a folder"));
}

}  // namespace
}  // namespace patchbay::host
