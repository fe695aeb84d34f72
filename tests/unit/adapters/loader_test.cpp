#include "adapters/loader.hpp"

#include <array>
#include <filesystem>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <map>
#include <optional>
#include <string>
#include <unistd.h>

#include "plugin_folder.hpp"

namespace patchbay::adapters {
namespace {

namespace fs = std::filesystem;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

class LoaderTest : public ::testing::Test {
 protected:
  std::map<std::string, LoadOutcome> load() {
    std::map<std::string, LoadOutcome> out;
    for (LoadOutcome& outcome : load_adapters(options_)) {
      const std::string name = fs::path(outcome.path).filename().string();
      EXPECT_EQ(outcome.problem.message().find('\n'), std::string::npos) << "not one line";
      out.emplace(name, std::move(outcome));
    }
    return out;
  }

  static void expect_problem(const LoadOutcome& outcome, const std::string& what) {
    EXPECT_EQ(outcome.module, nullptr);
    EXPECT_THAT(outcome.problem.message(), AllOf(HasSubstr(outcome.path), HasSubstr(what)));
  }

  PluginFolder plugins_;
  test::TempFolder data_;
  LoaderOptions options_{.plugin_dirs = {plugins_.path()},
                         .runner = PATCHBAY_ADAPTER_RUNNER,
                         .probe_cache = data_ / "probed.json"};
};

TEST_F(LoaderTest, ALibraryInOrderIsProbedAndLoaded) {
  plugins_.add("scripted", "scripted", "scripted");
  const auto found = load();
  ASSERT_EQ(found.size(), 1U);
  const LoadOutcome& outcome = found.at("scripted.so");
  ASSERT_TRUE(outcome.problem.ok()) << outcome.problem.message();
  ASSERT_NE(outcome.module, nullptr);
  EXPECT_EQ(outcome.channel, "scripted");
  EXPECT_EQ(outcome.module->sidecar().version, "1.0");
}

TEST_F(LoaderTest, WhatPassedItsProbeIsNotProbedAgain) {
  plugins_.add("scripted", "scripted", "scripted");
  ASSERT_TRUE(load().at("scripted.so").problem.ok());
  options_.runner = "/nonexistent/runner";
  EXPECT_TRUE(load().at("scripted.so").problem.ok());
  options_.probe_cache = data_ / "another.json";
  expect_problem(load().at("scripted.so"), "reinstall Patchbay");
}

TEST_F(LoaderTest, ACacheThatOthersCanWriteVouchesForNothing) {
  plugins_.add("scripted", "scripted", "scripted");
  ASSERT_TRUE(load().at("scripted.so").problem.ok());
  fs::permissions(options_.probe_cache, fs::perms::others_write, fs::perm_options::add);
  options_.runner = "/nonexistent/runner";
  EXPECT_FALSE(load().at("scripted.so").problem.ok());
}

TEST_F(LoaderTest, EachBrokenLibraryIsRefusedInOneLineAndTheOthersLoad) {
  const std::map<std::string, std::string> reasons = {
      {"crashes", "it crashed (Aborted) when it was opened in a probe"},
      {"exits", "it ended its process (exit code 0) when it was opened in a probe"},
      {"magic", "no Patchbay adapter, its module has the wrong magic"},
      {"needs_newer_minor", "needs adapter ABI 1.7, this host has 1.0: update Patchbay"},
      {"draft", "built for draft " + std::to_string(PBAY_ABI_DRAFT + 1) +
                    " of adapter ABI 1.0, this host has draft " + std::to_string(PBAY_ABI_DRAFT)},
      {"newer_major",
       "adapter ABI 2.0, one of a newer major than this host's 1.0: update Patchbay"},
      {"no_symbol", "no Patchbay adapter, it exports no patchbay_adapter_v1"},
      {"null_module", "says that it does not work with this host"},
  };
  for (const auto& [library, reason] : reasons) {
    std::string channel = library;
    std::replace(channel.begin(), channel.end(), '_', '-');
    plugins_.add(library, library, channel);
  }
  plugins_.add("scripted", "scripted", "scripted");
  const auto found = load();
  for (const auto& [library, reason] : reasons) {
    expect_problem(found.at(library + ".so"), reason);
  }
  EXPECT_TRUE(found.at("scripted.so").problem.ok());
}

TEST_F(LoaderTest, AProbeThatHangsIsKilled) {
  plugins_.add("hangs", "hangs", "hangs");
  options_.probe_timeout = std::chrono::milliseconds(300);
  expect_problem(load().at("hangs.so"), "did not come back within 300 ms");
}

TEST_F(LoaderTest, AProbeIsConfinedAndSaysWhatItRefused) {
  plugins_.add("reaches_out", "reaches_out", "broken");
  const std::string touched = plugins_ / "reaches_out.so.touched";
  expect_problem(load().at("reaches_out.so"),
                 "it crashed (Aborted) when it was opened in a probe: take it out of the plugin "
                 "folder, or get a working build; a probe is confined and refused it openat " +
                     touched);
  EXPECT_FALSE(fs::exists(touched));
}

TEST_F(LoaderTest, TheSidecarIsReadBeforeAnyCode) {
  // Each of these would crash, if anything of it ran here.
  options_.runner = "/nonexistent/runner";
  plugins_.add("crashes", "major", "major", {{"abi", {{"major", 2}}}});
  plugins_.add("crashes", "old-draft", "old-draft", {{"abi", {{"draft", 9}}}});
  plugins_.add("crashes", "hash", "hash", {{"sha256", std::string(64, 'a')}});
  plugins_.add("crashes", "format", "format", {{"format", 2}});
  plugins_.add("crashes", "schema", "schema", {{"settings", {{"type", "array"}}}});
  test::write_file(plugins_ / "garbage.adapter.json", "{");
  test::write_file(plugins_ / "garbage.so", "");
  test::write_file(plugins_ / "alone.so", "");
  const auto found = load();
  expect_problem(found.at("major.so"), "one of a newer major");
  expect_problem(found.at("old-draft.so"), "draft 9");
  expect_problem(found.at("hash.so"), "not the file that its sidecar describes");
  expect_problem(found.at("format.so"), "'format' is 2, this host reads 1");
  expect_problem(found.at("schema.so"), "settings schema");
  expect_problem(found.at("garbage.so"), "sidecar");
  expect_problem(found.at("alone.so"), "has no sidecar");
}

TEST_F(LoaderTest, ASidecarWithoutItsLibraryIsNamed) {
  plugins_.add("scripted", "scripted", "scripted");
  fs::remove(plugins_ / "scripted.so");
  expect_problem(load().at("scripted.so"), "the library is not: install it again");
}

TEST_F(LoaderTest, TheChannelMustBeTheSidecars) {
  plugins_.add("scripted", "scripted", "telegram");
  expect_problem(load().at("scripted.so"),
                 "says that it speaks scripted, its sidecar says telegram");
}

TEST_F(LoaderTest, AFileThatOthersCanWriteIsRefused) {
  plugins_.add("scripted", "scripted", "scripted");
  fs::permissions(plugins_ / "scripted.so", fs::perms::others_write, fs::perm_options::add);
  expect_problem(load().at("scripted.so"), "can be written by others: chmod go-w");
  fs::permissions(plugins_ / "scripted.so", fs::perms::others_write, fs::perm_options::remove);
  fs::permissions(plugins_ / "scripted.adapter.json", fs::perms::others_write,
                  fs::perm_options::add);
  EXPECT_THAT(load().at("scripted.so").problem.message(), HasSubstr("chmod go-w"));
}

// A group that this process may give to a file, and that is not this user's own.
std::optional<gid_t> foreign_group() {
  if (::geteuid() == 0) {
    return gid_t{1};
  }
  std::array<gid_t, 256> groups{};
  const int count = ::getgroups(static_cast<int>(groups.size()), groups.data());
  for (int i = 0; i < count; ++i) {
    if (groups.at(static_cast<std::size_t>(i)) != ::getegid()) {
      return groups.at(static_cast<std::size_t>(i));
    }
  }
  return std::nullopt;
}

TEST_F(LoaderTest, AGroupThatIsNotThisUsersAloneIsOthers) {
  const auto foreign = foreign_group();
  ASSERT_TRUE(foreign) << "run it as root, or as a member of a second group";
  plugins_.add("scripted", "scripted", "scripted");
  const std::string library = plugins_ / "scripted.so";
  ASSERT_EQ(::chown(library.c_str(), ::geteuid(), *foreign), 0);
  EXPECT_TRUE(load().at("scripted.so").problem.ok()) << "it may read";
  fs::permissions(library, fs::perms::group_write, fs::perm_options::add);
  expect_problem(load().at("scripted.so"), "can be written by others: chmod go-w");
}

TEST_F(LoaderTest, AFolderThatOthersCanWriteIsRefused) {
  plugins_.add("scripted", "scripted", "scripted");
  fs::permissions(plugins_.path(), fs::perms::others_write, fs::perm_options::add);
  const auto found = load();
  ASSERT_EQ(found.size(), 1U);
  EXPECT_THAT(found.begin()->second.problem.message(),
              AllOf(HasSubstr(plugins_.path()), HasSubstr("chmod go-w")));
}

TEST_F(LoaderTest, ALinkLeadsToTheSameRules) {
  PluginFolder elsewhere;
  elsewhere.add("scripted", "scripted", "scripted");
  for (const char* name : {"scripted.so", "scripted.adapter.json"}) {
    fs::create_symlink(elsewhere / name, plugins_ / name);
  }
  EXPECT_TRUE(load().at("scripted.so").problem.ok());
  fs::permissions(elsewhere.path(), fs::perms::others_write, fs::perm_options::add);
  EXPECT_THAT(load().at("scripted.so").problem.message(), HasSubstr(elsewhere.path()));
}

TEST_F(LoaderTest, AMissingFolderIsNamedAndTheOthersAreRead) {
  plugins_.add("scripted", "scripted", "scripted");
  options_.plugin_dirs.insert(options_.plugin_dirs.begin(), "/nonexistent/plugins");
  const auto found = load();
  EXPECT_THAT(found.at("plugins").problem.message(),
              AllOf(HasSubstr("/nonexistent/plugins does not exist"), HasSubstr("--plugins")));
  EXPECT_TRUE(found.at("scripted.so").problem.ok());
}

TEST_F(LoaderTest, TheFirstFolderWins) {
  PluginFolder second;
  plugins_.add("scripted", "mine", "scripted");
  second.add("scripted", "theirs", "scripted");
  options_.plugin_dirs.push_back(second.path());
  const auto found = load();
  EXPECT_NE(found.at("mine.so").module, nullptr);
  EXPECT_EQ(found.at("theirs.so").module, nullptr);
  EXPECT_EQ(found.at("theirs.so").hidden_by, plugins_ / "mine.so");
}

}  // namespace
}  // namespace patchbay::adapters
