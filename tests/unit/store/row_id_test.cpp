#include "store/row_id.hpp"

#include <gtest/gtest.h>

#include "base/limits.hpp"

namespace patchbay::store {
namespace {

RowIdParts parts() {
  return {base::InstanceName("telegram"),
          base::ChannelName("telegram"),
          "-1001",
          "42",
          RowIdKind::kMessage,
          "7",
          base::AgentGroupId("main")};
}

std::optional<std::string> back(const std::string& id, const std::string& instance = "telegram") {
  return message_id_of_row(id, base::InstanceName(instance), "-1001", base::AgentGroupId("main"));
}

TEST(RowId, IsBuiltFromTheNamesOfTheMessage) {
  RowIdParts message = parts();
  EXPECT_EQ(row_id(message), "-1001:42:main");
  message.kind = RowIdKind::kEdit;
  EXPECT_EQ(row_id(message), "-1001:42:edit:7:main");
  message.kind = RowIdKind::kReaction;
  EXPECT_EQ(row_id(message), "-1001:42:react:7:main");
  message.kind = RowIdKind::kDelete;
  EXPECT_EQ(row_id(message), "-1001:42:del:main");
}

TEST(RowId, NamesAnInstanceThatIsNotCalledLikeItsChannel) {
  RowIdParts message = parts();
  message.instance = base::InstanceName("work");
  EXPECT_EQ(row_id(message), "work/-1001:42:main");
  EXPECT_EQ(back(row_id(message), "work"), "42");
}

TEST(RowId, LeadsBackToTheMessage) {
  for (const RowIdKind kind :
       {RowIdKind::kMessage, RowIdKind::kEdit, RowIdKind::kReaction, RowIdKind::kDelete}) {
    RowIdParts message = parts();
    message.kind = kind;
    EXPECT_EQ(back(row_id(message)), "42");
  }
  EXPECT_FALSE(back("-1002:42:main"));
  EXPECT_FALSE(back("-1001:42:other"));
  EXPECT_FALSE(back("-1001::main"));
}

TEST(RowId, KeepsColonsOfTheMessageId) {
  RowIdParts message = parts();
  message.message_id = "a:b";
  EXPECT_EQ(back(row_id(message)), "a:b");
}

TEST(RowId, OfLongNamesIsShortenedAndDistinct) {
  RowIdParts one = parts();
  one.message_id.assign(500, 'x');
  one.message_id.push_back('1');
  RowIdParts two = parts();
  two.message_id.assign(500, 'x');
  two.message_id.push_back('2');
  EXPECT_EQ(row_id(one).size(), limits::kRowIdBytes);
  EXPECT_NE(row_id(one), row_id(two));
  EXPECT_EQ(row_id(one), row_id(one));
  EXPECT_FALSE(back(row_id(one)));
}

}  // namespace
}  // namespace patchbay::store
