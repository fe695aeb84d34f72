#include "attachments/names.hpp"

#include <gtest/gtest.h>
#include <map>
#include <random>

#include "attachments/confined_folder.hpp"
#include "base/limits.hpp"
#include "base/text.hpp"

namespace patchbay::attachments {
namespace {

std::string sanitised(std::string_view name) {
  return sanitise_file_name(name, "", FileKind::kDocument);
}

TEST(FileNames, TableOfNames) {
  const std::pair<std::string_view, std::string_view> table[] = {
      {"report.pdf", "report.pdf"},
      {"Übersicht – März.xlsx", "Übersicht – März.xlsx"},
      {"家族写真.jpg", "家族写真.jpg"},
      {"10:30 <draft>?.txt", "10:30 <draft>?.txt"},
      {"../../etc/passwd", "passwd"},
      {"C:\\Users\\ann\\cv.docx", "cv.docx"},
      {"/", "file"},
      {"..", "file"},
      {".", "file"},
      {"...", "file"},
      {" . . ", "file"},
      {"", "file"},
      {".bashrc", "bashrc"},
      {"name.", "name"},
      {"a\nb\tc.txt", "abc.txt"},
      {std::string_view("a\0b.txt", 7), "ab.txt"},
      {"photo_\u202Egpj.exe", "photo_gpj.exe"},
      {"\u2066evil\u2069.txt", "evil.txt"},
      {"a\u200B\uFEFFb.txt", "ab.txt"},
      {"می\u200Cخواهم.pdf", "می\u200Cخواهم.pdf"},
      {"bad\xff\xc0utf8.txt", "badutf8.txt"},
      {"CON", "_CON"},
      {"con.txt", "_con.txt"},
      {"Lpt9.tar.gz", "_Lpt9.tar.gz"},
      {"COM¹.log", "_COM¹.log"},
      {"com10.txt", "com10.txt"},
      {"nul .txt", "_nul .txt"},
      {"console.txt", "console.txt"},
  };
  for (const auto& [given, expected] : table) {
    EXPECT_EQ(sanitised(given), expected);
  }
}

TEST(FileNames, AMissingNameComesFromTheType) {
  EXPECT_EQ(sanitise_file_name("", "image/jpeg", FileKind::kImage), "image.jpg");
  EXPECT_EQ(sanitise_file_name("..", "audio/ogg; codecs=opus", FileKind::kVoice), "voice.ogg");
  EXPECT_EQ(sanitise_file_name("", "video/mp4", FileKind::kDocument), "video.mp4");
  EXPECT_EQ(sanitise_file_name("", "application/pdf", FileKind::kDocument), "file.pdf");
  EXPECT_EQ(sanitise_file_name("", "x/../../y", FileKind::kSticker), "sticker");
}

TEST(FileNames, ALongNameKeepsItsExtension) {
  std::string given(300, 'x');
  given += ".tar.gz";
  const std::string name = sanitised(given);
  EXPECT_EQ(name.size(), limits::kFileNameBytes);
  EXPECT_TRUE(name.ends_with(".gz"));
  std::string umlauts;
  for (int i = 0; i < 200; ++i) {
    umlauts += "ä";
  }
  EXPECT_TRUE(base::is_valid_utf8(sanitised(umlauts)));
  EXPECT_LE(sanitised(umlauts).size(), limits::kFileNameBytes);
}

TEST(FileNames, ASecondOneOfItsNameGetsANumber) {
  EXPECT_EQ(unique_file_name("a.txt", {}), "a.txt");
  EXPECT_EQ(unique_file_name("a.txt", {"b.txt"}), "a.txt");
  EXPECT_EQ(unique_file_name("a.txt", {"a.txt"}), "a-2.txt");
  EXPECT_EQ(unique_file_name("a.txt", {"A.TXT", "a-2.txt"}), "a-3.txt");
  EXPECT_EQ(unique_file_name("a", {"a"}), "a-2");
  std::string longest(limits::kFileNameBytes - 4, 'x');
  longest += ".txt";
  EXPECT_EQ(unique_file_name(longest, {longest}).size(), limits::kFileNameBytes);
}

// Pieces that have broken sanitisers before, put together at random.
std::string random_name(std::mt19937& random) {
  static const std::string kPieces[] = {"/",
                                        "\\",
                                        ".",
                                        "..",
                                        "...",
                                        " ",
                                        "\n",
                                        std::string(1, '\0'),
                                        "\x7f",
                                        "con",
                                        "NUL",
                                        "com1",
                                        ".txt",
                                        ".gz",
                                        "ä",
                                        "\u202E",
                                        "\u2069",
                                        "\uFEFF",
                                        "\xff",
                                        "\xed\xa0\x80",
                                        "\xf4\x90\x80\x80",
                                        "\xe2\x80",
                                        "a",
                                        "b",
                                        "💩",
                                        "-",
                                        "~",
                                        "$",
                                        "_",
                                        "longer piece of a name",
                                        std::string(90, 'z')};
  std::string name;
  for (std::size_t count = random() % 12; count > 0; --count) {
    name += kPieces[random() % std::size(kPieces)];
  }
  return name;
}

TEST(FileNames, AnyInputGivesASafeName) {
  std::mt19937 random(20260131);
  for (int round = 0; round < 200'000; ++round) {
    const std::string given = random_name(random);
    const std::string name = sanitised(given);
    ASSERT_TRUE(is_one_component(name)) << given;
    ASSERT_LE(name.size(), limits::kFileNameBytes) << given;
    ASSERT_TRUE(base::is_valid_utf8(name)) << given;
    ASSERT_NE(name.front(), '.') << given;
    ASSERT_NE(name.back(), '.') << given;
    ASSERT_EQ(name.find('\\'), std::string::npos) << given;
    ASSERT_EQ(sanitised(name), name) << given;
    ASSERT_TRUE(is_safe_file_name(name)) << given;
    ASSERT_EQ(
        std::count_if(name.begin(), name.end(),
                      [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; }),
        0)
        << given;
    const std::string second = unique_file_name(name, {name});
    ASSERT_NE(second, name);
    ASSERT_TRUE(is_one_component(second));
    ASSERT_LE(second.size(), limits::kFileNameBytes);
  }
}

TEST(FolderNameOfId, PlainIdsAreTheirOwnNames) {
  for (const std::string_view id : {"telegram:-100123:45:main", "7", "a.b_c@d=e+f,g-h"}) {
    EXPECT_EQ(folder_name_of_id(id), id);
  }
}

TEST(FolderNameOfId, OthersBecomeReadableAndSafe) {
  EXPECT_TRUE(folder_name_of_id("work-slack/C1:1.2:main").starts_with("work-slack_C1:1.2:main~"));
  EXPECT_TRUE(folder_name_of_id("..").starts_with("_..~"));
  EXPECT_TRUE(folder_name_of_id("").starts_with("_~"));
  EXPECT_TRUE(folder_name_of_id("a~b").starts_with("a_b~"));
  EXPECT_LE(folder_name_of_id(std::string(5000, 'x')).size(), 200U);
}

TEST(FolderNameOfId, DistinctIdsHaveDistinctNames) {
  std::mt19937 random(4);
  std::map<std::string, std::string> ids;
  for (int round = 0; round < 50'000; ++round) {
    const std::string id = random_name(random);
    const std::string name = folder_name_of_id(id);
    ASSERT_TRUE(is_one_component(name));
    ASSERT_NE(name.front(), '.');
    const auto [place, is_new] = ids.emplace(name, id);
    ASSERT_TRUE(is_new || place->second == id) << id << " and " << place->second;
  }
  // A hashed name is not the name of an id that looks like it.
  EXPECT_NE(folder_name_of_id(folder_name_of_id("a/b")), folder_name_of_id("a/b"));
}

}  // namespace
}  // namespace patchbay::attachments
