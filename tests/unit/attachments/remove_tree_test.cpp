#include <gmock/gmock.h>
#include <sys/stat.h>
#include <unistd.h>

#include "attachments/confined_folder.hpp"
#include "test_common/temp_folder.hpp"

namespace patchbay::attachments {
namespace {

using base::Code;
using ::testing::HasSubstr;

struct RemoveTree : ::testing::Test {
  RemoveTree() {
    std::filesystem::create_directories(temp / "agent/tree/deep/er");
    std::filesystem::create_directory(temp / "host");
    test::write_file(temp / "host/secret", "secret");
    folder.emplace(ConfinedFolder::open(temp / "agent").value());
  }
  test::TempFolder temp;
  std::optional<ConfinedFolder> folder;
};

TEST_F(RemoveTree, TakesAllKindsAndFollowsNoLink) {
  test::write_file(temp / "agent/tree/a", "a");
  test::write_file(temp / "agent/tree/deep/er/b", "b");
  ASSERT_EQ(::symlink("../../host", (temp / "agent/tree/link").c_str()), 0);
  ASSERT_EQ(::symlink("../../../host/secret", (temp / "agent/tree/deep/link").c_str()), 0);
  ASSERT_EQ(::mkfifo((temp / "agent/tree/pipe").c_str(), 0600), 0);
  EXPECT_TRUE(folder->remove_tree("tree").ok());
  EXPECT_FALSE(std::filesystem::exists(temp / "agent/tree"));
  EXPECT_EQ(test::read_file(temp / "host/secret"), "secret");
}

TEST_F(RemoveTree, ALinkInPlaceOfTheFolderIsRemovedItself) {
  ASSERT_EQ(::symlink("../host", (temp / "agent/link").c_str()), 0);
  EXPECT_TRUE(folder->remove_tree("link").ok());
  EXPECT_EQ(folder->kind_of("link").status().code(), Code::kNotFound);
  EXPECT_EQ(test::read_file(temp / "host/secret"), "secret");
}

TEST_F(RemoveTree, NothingThereIsFine) {
  EXPECT_TRUE(folder->remove_tree("none").ok());
  EXPECT_TRUE(folder->remove_file("none").ok());
}

TEST_F(RemoveTree, NamesThatLeadElsewhereAreRefused) {
  EXPECT_EQ(folder->remove_tree("../host").code(), Code::kRefused);
  EXPECT_EQ(folder->remove_tree("..").code(), Code::kRefused);
  EXPECT_EQ(folder->remove_file("../host/secret").code(), Code::kRefused);
  EXPECT_EQ(test::read_file(temp / "host/secret"), "secret");
}

TEST_F(RemoveTree, AFileIsNotRemovedAsAFolderNorAFolderAsAFile) {
  EXPECT_FALSE(folder->remove_file("tree").ok());
  EXPECT_TRUE(std::filesystem::exists(temp / "agent/tree"));
}

TEST_F(RemoveTree, DepthIsBounded) {
  std::string path = temp / "agent/tree";
  for (int depth = 0; depth <= limits::kFolderDepth; ++depth) {
    path += "/d";
    ASSERT_EQ(::mkdir(path.c_str(), 0700), 0);
  }
  const base::Status removed = folder->remove_tree("tree");
  EXPECT_EQ(removed.code(), Code::kTooLarge);
  EXPECT_THAT(removed.message(), HasSubstr("nested over 32 folders deep"));
}

TEST_F(RemoveTree, MoreEntriesThanAreListedAtOnce) {
  for (int i = 0; i < 2500; ++i) {
    test::write_file(temp / ("agent/tree/" + std::to_string(i)), "");
  }
  EXPECT_TRUE(folder->remove_tree("tree").ok());
  EXPECT_FALSE(std::filesystem::exists(temp / "agent/tree"));
}

}  // namespace
}  // namespace patchbay::attachments
