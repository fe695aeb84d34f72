// The loop that docs/agents.md shows, as it stands there.
#include <gmock/gmock.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "agent_kit/agent_session.hpp"
#include "agent_kit/inbound_watch.hpp"
#include "session_folder.hpp"

namespace patchbay::agent_kit {
namespace {

using base::Status;
using namespace std::chrono_literals;

// [region loop]
// Answers each turn with a plot, until stop_fd is readable or something fails.
Status answer_with_plots(const std::string& folder, const base::Clock& clock, int stop_fd) {
  PATCHBAY_ASSIGN(InboundWatch watch, InboundWatch::open(folder));  // before the first look
  PATCHBAY_ASSIGN(const auto session, AgentSession::open(folder, clock));
  do {
    PATCHBAY_ASSIGN(const DueRows due, session->due());  // oldest first
    if (!due.rows.empty()) {
      PATCHBAY_TRY(session->claim(due.rows));  // the host now knows that a turn runs
      const std::string& asked = due.rows.back().id;
      OutboundRow answer;
      answer.id = answer_row_id(asked, 1);
      answer.in_reply_to = asked;
      answer.content = R"({"text":"hello"})";
      answer.files.push_back({.path = folder + "/plot.png", .name = "plot.png"});
      PATCHBAY_TRY(session->finish(due.rows, Acknowledgement::kCompleted, {&answer, 1}));
    }
  } while (watch.wait(stop_fd, 60s) != Wake::kStopped);
  return {};
}
// [/region]

TEST(DocumentedLoop, AnswersATurnWithAFile) {
  SessionFolder folder;
  test::write_file(folder / "plot.png", "a picture");
  folder.put("a", R"({"text":"one"})");
  folder.put("b", R"({"text":"two"})");
  const base::UniqueFd stop(::eventfd(1, EFD_CLOEXEC));
  base::SystemClock clock;
  const Status ended = answer_with_plots(folder.path(), clock, stop.get());
  EXPECT_TRUE(ended.ok()) << ended.message();
  EXPECT_THAT(folder.query_outbound("SELECT id || ' ' || content FROM messages_out"),
              ::testing::ElementsAre(R"(b:re:1 {"files":["plot.png"],"text":"hello"})"));
  EXPECT_EQ(test::read_file(folder / "outbox/b:re:1/plot.png"), "a picture");
  EXPECT_THAT(folder.query_outbound("SELECT message_id FROM processing_ack WHERE status = "
                                    "'completed' ORDER BY message_id"),
              ::testing::ElementsAre("a", "b"));
}

}  // namespace
}  // namespace patchbay::agent_kit
