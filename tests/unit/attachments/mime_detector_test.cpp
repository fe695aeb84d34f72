#include "attachments/mime_detector.hpp"

#include <gtest/gtest.h>
#include <unistd.h>

#include "attachments/confined_folder.hpp"
#include "base/limits.hpp"
#include "test_common/temp_folder.hpp"

namespace patchbay::attachments {
namespace {

class ManualClock final : public base::Clock {
 public:
  [[nodiscard]] base::MonotonicTime now() const override { return base::MonotonicTime(elapsed); }
  [[nodiscard]] base::WallTime wall_now() const override { return base::WallTime(elapsed); }
  base::Milliseconds elapsed{0};
};

struct Detection : ::testing::Test {
  std::string type_of(std::string_view bytes) {
    test::write_file(folder / "file", bytes);
    const auto confined = ConfinedFolder::open(folder.path().string());
    const auto file = confined->open_read("file");
    std::string type = detector.detect(file->fd.get());
    EXPECT_EQ(::lseek(file->fd.get(), 0, SEEK_CUR), 0);
    return type;
  }
  test::TempFolder folder;
  ManualClock clock;
  MimeDetector detector{clock};
};

TEST_F(Detection, ByContent) {
  EXPECT_EQ(type_of("%PDF-1.4\n%âãÏÓ\n1 0 obj\n"), "application/pdf");
  EXPECT_EQ(type_of(std::string("\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\1\0\0\0\1\x8\6\0\0\0", 29)),
            "image/png");
  EXPECT_EQ(type_of("just some words\n"), "text/plain");
  EXPECT_EQ(type_of(""), "");
}

TEST_F(Detection, TheDatabaseIsFreedWhenIdle) {
  EXPECT_FALSE(detector.is_open());
  static_cast<void>(type_of("words"));
  EXPECT_TRUE(detector.is_open());
  detector.close_if_idle();
  EXPECT_TRUE(detector.is_open());
  clock.elapsed += limits::kMimeDetectorIdle;
  detector.close_if_idle();
  EXPECT_FALSE(detector.is_open());
  EXPECT_EQ(type_of("words again"), "text/plain");
}

}  // namespace
}  // namespace patchbay::attachments
