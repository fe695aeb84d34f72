#include "attachments/file_kind.hpp"

#include <gtest/gtest.h>

#include "patchbay/adapter.h"

namespace patchbay::attachments {
namespace {

TEST(FileKinds, AreThoseOfTheAbi) {
  EXPECT_EQ(static_cast<unsigned>(FileKind::kDocument), PBAY_FILE_DOCUMENT);
  EXPECT_EQ(static_cast<unsigned>(FileKind::kImage), PBAY_FILE_IMAGE);
  EXPECT_EQ(static_cast<unsigned>(FileKind::kAudio), PBAY_FILE_AUDIO);
  EXPECT_EQ(static_cast<unsigned>(FileKind::kVoice), PBAY_FILE_VOICE);
  EXPECT_EQ(static_cast<unsigned>(FileKind::kVideo), PBAY_FILE_VIDEO);
  EXPECT_EQ(static_cast<unsigned>(FileKind::kSticker), PBAY_FILE_STICKER);
}

TEST(FileKinds, WordsGoBothWays) {
  for (unsigned number = PBAY_FILE_DOCUMENT; number <= PBAY_FILE_STICKER; ++number) {
    const auto kind = static_cast<FileKind>(number);
    EXPECT_EQ(parse_file_kind(to_string(kind)), kind);
  }
  EXPECT_EQ(parse_file_kind("hologram"), FileKind::kDocument);
}

TEST(FileKinds, ByMime) {
  EXPECT_EQ(kind_of_mime("IMAGE/PNG; q=1"), FileKind::kImage);
  EXPECT_EQ(kind_of_mime("image/svg+xml"), FileKind::kDocument);
  EXPECT_EQ(kind_of_mime("audio/ogg"), FileKind::kAudio);
  EXPECT_EQ(kind_of_mime("video/mp4"), FileKind::kVideo);
  EXPECT_EQ(kind_of_mime("application/pdf"), FileKind::kDocument);
  EXPECT_EQ(kind_of_mime(""), FileKind::kDocument);
}

TEST(MimeTable, ExtensionsAndTypes) {
  EXPECT_EQ(extension_of_mime("image/jpeg"), ".jpg");
  EXPECT_EQ(extension_of_mime("Audio/OGG; codecs=opus"), ".ogg");
  EXPECT_EQ(extension_of_mime("application/x-unheard-of"), "");
  EXPECT_EQ(extension_of_mime(""), "");
  EXPECT_EQ(mime_of_name("Photo.JPEG"), "image/jpeg");
  EXPECT_EQ(mime_of_name("archive.tar.gz"), "application/gzip");
  EXPECT_EQ(mime_of_name("Makefile"), "");
}

TEST(ResolveMime, ContentDecidesAndHintsRefine) {
  struct Case {
    std::string_view detected;
    std::string_view name;
    std::string_view declared;
    std::string_view expected;
  };
  const Case cases[] = {
      {"image/png", "photo.jpg", "image/jpeg", "image/png"},
      {"application/zip", "letter.docx", "",
       "application/vnd.openxmlformats-officedocument.wordprocessingml.document"},
      {"application/zip", "letter", "application/epub+zip", "application/epub+zip"},
      {"application/zip", "letter", "", "application/zip"},
      {"text/plain", "table.csv", "", "text/csv"},
      {"text/plain", "photo.jpg", "image/jpeg", "text/plain"},
      {"application/ogg", "voice.ogg", "", "audio/ogg"},
      {"", "", "", "application/octet-stream"},
      {"", "x.pdf", "", "application/pdf"},
      {"", "", "Not A Type\r\nX: y", "application/octet-stream"},
      {"application/octet-stream", "x", "application/x-own", "application/x-own"},
  };
  for (const Case& c : cases) {
    EXPECT_EQ(resolve_mime(c.detected, c.name, c.declared), c.expected)
        << c.detected << " " << c.name << " " << c.declared;
  }
}

}  // namespace
}  // namespace patchbay::attachments
