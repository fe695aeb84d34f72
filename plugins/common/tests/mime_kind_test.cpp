#include "common/mime_kind.hpp"

#include <gtest/gtest.h>

#include <patchbay/adapter.h>

#include "common/emoji.hpp"

namespace patchbay::common {
namespace {

TEST(MimeKind, IsByTheFirstWord) {
  EXPECT_EQ(file_kind_of_mime("image/png"), PBAY_FILE_IMAGE);
  EXPECT_EQ(file_kind_of_mime("Image/JPEG; charset=binary"), PBAY_FILE_IMAGE);
  EXPECT_EQ(file_kind_of_mime("image/svg+xml"), PBAY_FILE_DOCUMENT);
  EXPECT_EQ(file_kind_of_mime("audio/ogg"), PBAY_FILE_AUDIO);
  EXPECT_EQ(file_kind_of_mime("video/mp4"), PBAY_FILE_VIDEO);
  EXPECT_EQ(file_kind_of_mime("application/pdf"), PBAY_FILE_DOCUMENT);
  EXPECT_EQ(file_kind_of_mime(""), PBAY_FILE_DOCUMENT);
  EXPECT_TRUE(mime_is("image/GIF ; x=y", "image/gif"));
}

TEST(Emoji, NamesAndCharacters) {
  EXPECT_EQ(emoji_of("thumbs_up"), "👍");
  EXPECT_EQ(emoji_of(":heart:"), "❤");
  EXPECT_EQ(emoji_of("🔥"), "🔥");
  EXPECT_EQ(emoji_of("no_such_name"), "no_such_name");
}

}  // namespace
}  // namespace patchbay::common
