#include "agents/agent_group.hpp"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include "test_common/temp_folder.hpp"

namespace patchbay::agents {
namespace {

mode_t mode_of(const std::string& path) {
  struct stat found = {};
  EXPECT_EQ(::stat(path.c_str(), &found), 0) << path;
  return found.st_mode & 07777;
}

AgentGroup group(const std::string& workspace) {
  AgentGroup group;
  group.id = base::AgentGroupId("main");
  group.workspace = workspace;
  return group;
}

TEST(AgentGroup, AWorkspaceIsForItsUserAlone) {
  const test::TempFolder folder;
  ASSERT_EQ(::chmod(folder.path().c_str(), 0755), 0);
  const base::Status made = prepare_workspace(group(folder / "agents/main"));
  ASSERT_TRUE(made.ok()) << made.message();
  EXPECT_EQ(mode_of(folder / "agents"), 0700U);
  EXPECT_EQ(mode_of(folder / "agents/main"), 0700U);
  EXPECT_FALSE(test::read_file(folder / "agents/main/container.json").empty());
}

TEST(AgentGroup, AWorkspaceThatIsThereKeepsItsMode) {
  const test::TempFolder folder;
  ASSERT_EQ(::mkdir((folder / "shared").c_str(), 0700), 0);
  ASSERT_EQ(::chmod((folder / "shared").c_str(), 0750), 0);
  ASSERT_TRUE(prepare_workspace(group(folder / "shared/")).ok());
  EXPECT_EQ(mode_of(folder / "shared"), 0750U);
}

TEST(AgentGroup, AWorkspaceThatCannotBeMadeIsNamed) {
  const test::TempFolder folder;
  test::write_file(folder / "file", "");
  const base::Status made = prepare_workspace(group(folder / "file/main"));
  ASSERT_FALSE(made.ok());
  EXPECT_NE(made.message().find(folder / "file/main"), std::string::npos) << made.message();
  EXPECT_NE(made.message().find("agent main"), std::string::npos) << made.message();
}

}  // namespace
}  // namespace patchbay::agents
