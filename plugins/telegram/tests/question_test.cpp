#include "telegram/question_book.hpp"
#include "telegram_test.hpp"

namespace patchbay::telegram {
namespace {

using sdk::DeliveryKind;
using sdk::EventKind;

class Question : public TelegramTest {
 protected:
  static sdk::Delivery question() {
    sdk::Delivery out = message("-4021", "Shall I?");
    out.kind = DeliveryKind::kQuestion;
    out.question_id = "deploy-" + std::string(100, '7');
    out.idempotency_key = "key";
    out.options.resize(2);
    out.options[0].label = "Yes";
    out.options[0].value = std::string(300, 'y');
    out.options[1].label = "No";
    out.options[1].value = "no";
    return out;
  }
  // Asks, and returns the callback_data of the buttons.
  std::vector<std::string> ask() {
    expect("sendMessage").answer(200, ok(sent_message(60)));
    EXPECT_TRUE(delivered(question()).ok());
    std::vector<std::string> out;
    const json body = last_body("sendMessage");
    for (const json& row : body["reply_markup"]["inline_keyboard"]) {
      out.push_back(row[0]["callback_data"]);
    }
    return out;
  }
  // One poll in which that button was pressed.
  void expect_press(const std::string& data) {
    json update = json::parse(fixture("button_pressed"));
    update["callback_query"]["data"] = data;
    expect("getUpdates").answer(200, ok(json::array({update})));
  }
  void restart_with_press(const std::string& data) {
    const auto kv = host_->kv();
    make_host(kv);
    expect_me();
    expect_press(data);
    expect_silence();
  }
};

TEST_F(Question, ButtonsFitAndComeBackAsTheirValues) {
  start_idle();
  const auto buttons = ask();
  ASSERT_EQ(buttons.size(), 2U);
  for (const std::string& data : buttons) {
    EXPECT_LE(data.size(), 64U);
  }
  restart_with_press(buttons[0]);
  expect("answerCallbackQuery")
      .json("/callback_query_id", R"("4382bfdwdsb323b2d9")")
      .no_json("/text")
      .answer(200, ok(true));
  host_->start();
  ASSERT_EQ(host_->events().size(), 1U);
  const sdk::Event& event = host_->events()[0];
  EXPECT_EQ(event.kind, EventKind::kAction);
  EXPECT_EQ(event.action, std::string(300, 'y'));
  EXPECT_EQ(event.target_id, "60");
  EXPECT_EQ(json::parse(event.extra_json)["questionId"], question().question_id);
}

TEST_F(Question, AForgottenOneStopsTheSpinnerAndSaysSo) {
  expect_me();
  expect_press("q:0123456789abcdef:0");
  expect_silence();
  expect("answerCallbackQuery")
      .json("/text", R"("This question is no longer open.")")
      .answer(200, ok(true));
  host_->start();
  EXPECT_TRUE(host_->events().empty());
  EXPECT_EQ(host_->kv().count("offset"), 1U);
}

TEST_F(Question, ButtonsOfOtherProgramsPassTheirValue) {
  expect_me();
  expect_press("legacy:yes");
  expect_silence();
  expect("answerCallbackQuery").answer(200, ok(true));
  host_->start();
  ASSERT_EQ(host_->events().size(), 1U);
  EXPECT_EQ(host_->events()[0].action, "legacy:yes");
}

TEST_F(Question, OnlyOurKeysAreOurs) {
  EXPECT_TRUE(QuestionBook::is_ours("q:0123456789abcdef:0"));
  for (const char* data : {"q:0123456789abcdef:", "q:0123456789abcde:00", "q:0123456789abcde/:0",
                           "q:0123456789abcd\xc3\xa4:0", "q:0123456789abcdef\xc3:0"}) {
    EXPECT_FALSE(QuestionBook::is_ours(data)) << data;
  }
}

TEST_F(Question, ALateAnswerToTheButtonIsHarmless) {
  expect_me();
  expect_updates({"button_of_inline_message"});
  expect_silence();
  expect_refusal(
      "answerCallbackQuery", 400,
      "Bad Request: query is too old and response timeout expired or query ID is invalid");
  host_->start();
  EXPECT_EQ(state().kind, sdk::StateKind::kOnline);
}

TEST_F(Question, TheSameDeliveryKeepsItsButtons) {
  start_idle();
  EXPECT_EQ(ask(), ask());
  EXPECT_EQ(json::parse(host_->kv()["questions"]).size(), 1U);
}

TEST_F(Question, OnlySoManyAreKept) {
  start_idle();
  expect("sendMessage").always().answer(200, ok(sent_message(60)));
  for (int i = 0; i < 1003; ++i) {
    sdk::Delivery delivery = question();
    delivery.question_id = std::to_string(i);
    EXPECT_TRUE(delivered(std::move(delivery)).ok());
  }
  EXPECT_EQ(json::parse(host_->kv()["questions"]).size(), 1000U);
  EXPECT_LE(host_->kv().size(), 1005U);
}

TEST_F(Question, APressWaitsUntilItsQuestionCanBeRead) {
  start_idle();
  const auto buttons = ask();
  const auto kv = host_->kv();
  make_host(kv);
  expect_me();
  expect("getUpdates").answer(200, ok(json::array())).after(std::chrono::seconds(30));
  expect_press(buttons[1]);
  expect_silence();
  expect("answerCallbackQuery").no_json("/text").answer(200, ok(true));
  host_->start();
  host_->fail_kv_reads(2, PBAY_E_RETRY);
  host_->advance(std::chrono::seconds(30));
  EXPECT_TRUE(host_->events().empty());
  EXPECT_EQ(host_->kv().count("offset"), 0U) << "Telegram keeps the press";
  host_->advance(std::chrono::seconds(1));
  ASSERT_EQ(host_->events().size(), 1U);
  EXPECT_EQ(host_->events()[0].action, "no");
  EXPECT_EQ(host_->kv().count("offset"), 1U);
}

TEST_F(Question, TwoAtOnceAfterARestartAreAddedToTheListOnce) {
  start_idle();
  ask();
  const auto kv = host_->kv();
  make_host(kv);
  start_idle();
  expect("sendMessage").always().answer(200, ok(sent_message(60)));
  for (const char* id : {"one", "two"}) {
    sdk::Delivery delivery = question();
    delivery.question_id = id;
    host_->deliver_only(std::move(delivery));
  }
  host_->run_ready();
  EXPECT_EQ(json::parse(host_->kv()["questions"]).size(), 3U) << host_->kv()["questions"];
}

TEST_F(Question, AListThatCannotBeReadIsNotOverwritten) {
  start_idle();
  ask();
  const auto kv = host_->kv();
  make_host(kv);
  start_idle();
  host_->fail_kv_reads(1, PBAY_E_RETRY);
  sdk::Delivery delivery = question();
  delivery.chat.id = "1111";  // of a person: nothing else is read for it
  delivery.question_id = "another";
  EXPECT_EQ(delivered(delivery).code, PBAY_E_RETRY);
  EXPECT_EQ(host_->kv()["questions"], kv.at("questions"));
  expect("sendMessage").answer(200, ok(sent_message(61)));
  EXPECT_TRUE(delivered(std::move(delivery)).ok());
  EXPECT_EQ(json::parse(host_->kv()["questions"]).size(), 2U);
}

// As versions before this one may have stored it.
TEST_F(Question, AKeyThatIsListedTwiceKeepsItsButtons) {
  json list = json::array();
  std::map<std::string, std::string> kv;
  for (int i = 0; i < 1400; ++i) {
    const std::string key = "key-" + std::to_string(i % 700);
    list.push_back(key);
    kv["question/" + key] = "{}";
  }
  kv["questions"] = list.dump();
  make_host(kv);
  start_idle();
  ask();
  EXPECT_EQ(json::parse(host_->kv()["questions"]).size(), 701U);
  EXPECT_EQ(host_->kv().count("question/key-0"), 1U);
}

TEST_F(Question, ButtonsThatCannotBeKeptAreNotShown) {
  start_idle();
  host_->fail_kv_writes(1, PBAY_E_RETRY);
  EXPECT_EQ(delivered(question()).code, PBAY_E_RETRY);
}

}  // namespace
}  // namespace patchbay::telegram
