#include "session/release.hpp"

#include <gtest/gtest.h>
#include <string>
#include <vector>

#include "base/limits.hpp"

namespace patchbay::session {
namespace {

using std::chrono::seconds;

const base::WallTime kNow{std::chrono::hours(1'000'000)};

// A table of rows as the planner sees it; the test says what is pending and what waits.
struct Table {
  std::vector<OpenRow> pending;
  std::vector<OpenRow> waiting;
  std::int64_t next = 2;

  OpenRow row(OpenRow::Kind kind = OpenRow::Kind::kMessage) {
    OpenRow result;
    result.rowid = next;
    result.seq = next;
    result.id = "r" + std::to_string(next);
    result.kind = kind;
    result.timestamp = kNow;
    result.chat = "a";
    next += 2;
    return result;
  }
  void queue(int count) {
    for (int i = 0; i < count; ++i) {
      waiting.push_back(row());
    }
  }
  void hold(int count) {
    for (int i = 0; i < count; ++i) {
      waiting.push_back(row());
      waiting.back().trigger = false;
    }
  }
  void expose(int count, OpenRow::Kind kind = OpenRow::Kind::kMessage) {
    for (int i = 0; i < count; ++i) {
      pending.push_back(row(kind));
    }
  }
  [[nodiscard]] ReleaseResult plan(int window, AgentState agent = AgentState::kMayRun) const {
    ReleasePlanner planner(window, kNow, agent);
    for (const OpenRow& row : pending) {
      planner.add_pending(row);
    }
    for (const OpenRow& row : waiting) {
      if (!planner.add_waiting(row)) {
        break;
      }
    }
    return planner.finish();
  }
};

std::vector<std::int64_t> rows(const ReleaseResult& result, RowStatus status) {
  std::vector<std::int64_t> found;
  for (const StatusChange& change : result.changes) {
    if (change.status == status) {
      found.push_back(change.rowid);
    }
  }
  return found;
}

using Rows = std::vector<std::int64_t>;

TEST(Release, APileOfNoticesLeavesHalfThePlacesToOtherContext) {
  Table table;
  table.hold(6);  // 2 … 12
  for (OpenRow& row : table.waiting) {
    row.is_notice = true;
  }
  table.hold(6);   // 14 … 24
  table.queue(1);  // 26
  const ReleaseResult result = table.plan(6);
  EXPECT_EQ(rows(result, RowStatus::kPending), (Rows{2, 4, 6, 22, 24, 26}));
  EXPECT_EQ(rows(result, RowStatus::kCompleted), (Rows{14, 16, 18, 20}));
  // In a window of one nothing is seen beside the message itself.
  EXPECT_EQ(rows(table.plan(1), RowStatus::kPending), (Rows{26}));
}

TEST(Release, AtMostNAreDueAndInOrder) {
  Table table;
  table.queue(5);
  EXPECT_EQ(rows(table.plan(3), RowStatus::kPending), (Rows{2, 4, 6}));
  EXPECT_EQ(table.plan(3).work.due, 3U);
}

TEST(Release, WhatIsPendingAlreadyCounts) {
  Table table;
  table.expose(2);
  table.queue(5);
  const ReleaseResult result = table.plan(3);
  EXPECT_EQ(rows(result, RowStatus::kPending), (Rows{6}));
  EXPECT_EQ(result.work.due, 3U);
  EXPECT_EQ(result.exposed.size(), 3U);
}

TEST(Release, AFullWindowReleasesNothing) {
  Table table;
  table.expose(3);
  table.queue(1);
  EXPECT_TRUE(table.plan(3).changes.empty());
}

TEST(Release, SystemRowsAndDueTasksCountFirst) {
  Table table;
  table.expose(1, OpenRow::Kind::kSystem);
  table.expose(1, OpenRow::Kind::kTask);
  table.queue(3);
  EXPECT_EQ(rows(table.plan(3), RowStatus::kPending), (Rows{6}));
}

TEST(Release, ATaskOfLaterTakesNoPlace) {
  Table table;
  table.expose(1, OpenRow::Kind::kTask);
  table.pending[0].process_after = kNow + seconds(60);
  table.queue(3);
  const ReleaseResult result = table.plan(3);
  EXPECT_EQ(rows(result, RowStatus::kPending), (Rows{4, 6, 8}));
  EXPECT_EQ(result.work.next_due, kNow + seconds(60));
  EXPECT_EQ(result.work.due, 3U);
}

TEST(Release, ARowThatWaitsForItsRetryHoldsLaterOnes) {
  Table table;
  table.expose(1);
  table.pending[0].tries = 1;
  table.pending[0].process_after = kNow + seconds(10);
  table.queue(3);
  const ReleaseResult result = table.plan(10);
  EXPECT_TRUE(result.changes.empty());
  EXPECT_EQ(result.work.due, 0U);
  EXPECT_EQ(result.work.next_due, kNow + seconds(10));

  table.pending[0].process_after = kNow;
  EXPECT_EQ(rows(table.plan(10), RowStatus::kPending).size(), 3U);
}

TEST(Release, RowsThatNobodyCanHaveClaimedGoBackBehindARetry) {
  Table table;
  table.expose(3);
  table.pending[0].tries = 1;
  table.pending[0].process_after = kNow + seconds(10);
  table.pending[2].trigger = false;
  EXPECT_TRUE(table.plan(10, AgentState::kMayRun).changes.empty());
  const ReleaseResult gone = table.plan(10, AgentState::kGone);
  EXPECT_EQ(rows(gone, RowStatus::kQueued), (Rows{4}));
  EXPECT_EQ(rows(gone, RowStatus::kHeld), (Rows{6}));
  EXPECT_EQ(gone.exposed.size(), 1U);
}

TEST(Release, NorDoesOneWithAnEarlierRetryOvertake) {
  Table table;
  table.expose(2);
  table.pending[0].tries = 2;
  table.pending[0].process_after = kNow + seconds(10);
  table.pending[1].tries = 1;
  table.pending[1].process_after = kNow + seconds(5);
  const ReleaseResult gone = table.plan(10, AgentState::kGone);
  EXPECT_EQ(rows(gone, RowStatus::kQueued), (Rows{4}));
  EXPECT_EQ(gone.work.next_due, kNow + seconds(10));
}

TEST(Release, ContextWaitsForATrigger) {
  Table table;
  table.hold(3);
  const ReleaseResult result = table.plan(10);
  EXPECT_TRUE(result.changes.empty());
  EXPECT_EQ(result.work.due, 0U);
}

TEST(Release, ContextComesWithItsTriggerAndDoesNotCountAsDue) {
  Table table;
  table.hold(3);
  table.queue(1);
  const ReleaseResult result = table.plan(10);
  EXPECT_EQ(rows(result, RowStatus::kPending), (Rows{2, 4, 6, 8}));
  EXPECT_EQ(result.work.due, 1U);
}

TEST(Release, OnlyTheNewestContextThatFitsIsReleased) {
  Table table;
  table.expose(1, OpenRow::Kind::kSystem);
  table.hold(5);  // 4 … 12
  table.queue(1);
  const ReleaseResult result = table.plan(4);
  EXPECT_EQ(rows(result, RowStatus::kPending), (Rows{10, 12, 14}));
  EXPECT_EQ(rows(result, RowStatus::kCompleted), (Rows{4, 6, 8}));
}

TEST(Release, ATriggerWithContextWaitsUntilBothFit) {
  Table table;
  table.expose(2);
  table.hold(3);
  table.queue(1);
  EXPECT_TRUE(rows(table.plan(4), RowStatus::kPending).empty());
  table.pending.clear();
  EXPECT_EQ(rows(table.plan(4), RowStatus::kPending).size(), 4U);
}

TEST(Release, APileOfContextWithoutTriggerDoesNotGrow) {
  Table table;
  table.hold(20);
  const ReleaseResult result = table.plan(10);
  EXPECT_EQ(rows(result, RowStatus::kCompleted).size(), 11U);
  EXPECT_TRUE(rows(result, RowStatus::kPending).empty());
}

TEST(Release, ARowThatWaitsForFilesHoldsItsChatOnly) {
  Table table;
  table.queue(4);  // 2 … 8
  table.waiting[0].attachments_pending = true;
  table.waiting[2].chat = "b";
  EXPECT_EQ(rows(table.plan(10), RowStatus::kPending), (Rows{6}));
  table.waiting[0].attachments_pending = false;
  EXPECT_EQ(rows(table.plan(10), RowStatus::kPending), (Rows{2, 4, 6, 8}));
}

TEST(Release, ASystemRowThatNobodyCollectsIsCompleted) {
  Table table;
  table.expose(2, OpenRow::Kind::kSystem);
  table.pending[0].timestamp = kNow - limits::kSystemRowTimeout;
  const ReleaseResult result = table.plan(10);
  EXPECT_EQ(rows(result, RowStatus::kCompleted), (Rows{2}));
  EXPECT_EQ(result.work.due, 1U);
}

TEST(Release, SystemRowsThatFillTheWindowSayWhenTheyEnd) {
  Table table;
  table.expose(2, OpenRow::Kind::kSystem);
  table.queue(1);
  const ReleaseResult result = table.plan(2);
  EXPECT_TRUE(result.changes.empty());
  EXPECT_EQ(result.work.next_due, kNow + limits::kSystemRowTimeout);
}

TEST(Release, RowsForTheNextStartTakeNoPlace) {
  Table table;
  table.expose(1);
  table.pending[0].on_wake = true;
  table.queue(2);
  EXPECT_EQ(rows(table.plan(2), RowStatus::kPending).size(), 2U);
}

TEST(Release, TheOldestDueRowIsForFairQueueing) {
  Table table;
  table.expose(2);
  table.pending[1].timestamp = kNow - seconds(5);
  EXPECT_EQ(table.plan(10).work.oldest_due, kNow - seconds(5));
}

TEST(Release, AWindowOfOneStillMoves) {
  Table table;
  table.hold(2);
  table.queue(1);
  const ReleaseResult result = table.plan(0);
  EXPECT_EQ(rows(result, RowStatus::kPending), (Rows{6}));
  EXPECT_EQ(rows(result, RowStatus::kCompleted), (Rows{2, 4}));
}

}  // namespace
}  // namespace patchbay::session
