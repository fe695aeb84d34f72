#include "common/utf.hpp"
#include "telegram/outbound_plan.hpp"
#include "telegram_test.hpp"

namespace patchbay::telegram {
namespace {

using sdk::DeliveryKind;
using sdk::FileKind;
using sdk::Result;
using sdk::RetryScope;
using sdk::SentState;
using std::chrono::seconds;
using testing::ElementsAre;
using testing::HasSubstr;

class Delivery : public TelegramTest {
 protected:
  Delivery() { start_idle(); }

  static sdk::Delivery edit_of(std::vector<std::string> ids, std::string text) {
    sdk::Delivery edit = about(DeliveryKind::kEdit, ids.front(), std::move(text));
    edit.target_ids = std::move(ids);
    return edit;
  }
};

// Too long for one message.
const std::string kTwoParts = std::string(4'000, 'a') + "\n\n" + std::string(4'000, 'b');

TEST_F(Delivery, TextGoesAsHtml) {
  expect("sendMessage")
      .json("/chat_id", "-4021")
      .json("/text", R"("<b>bold</b> &lt;think&gt; &amp;")")
      .json("/parse_mode", R"("HTML")")
      .no_json("/message_thread_id")
      .no_json("/reply_parameters")
      .no_json("/disable_notification")
      .answer(200, ok(sent_message(77)));
  const Result result = delivered(message("-4021", "**bold** <think> &"));
  EXPECT_TRUE(result.ok());
  EXPECT_EQ(result.sent_state, SentState::kSent);
  EXPECT_THAT(result.remote_ids, ElementsAre("77"));
}

TEST_F(Delivery, FlagsAndQuote) {
  expect("sendMessage")
      .json("/disable_notification", "true")
      .json("/link_preview_options/is_disabled", "true")
      .json("/reply_parameters/message_id", "42")
      .json("/reply_parameters/allow_sending_without_reply", "true")
      .answer(200, ok(sent_message(77)));
  sdk::Delivery delivery = message("-4021", "hi");
  delivery.silent = true;
  delivery.no_preview = true;
  delivery.reply_to_id = "42";
  EXPECT_TRUE(delivered(delivery).ok());
}

TEST_F(Delivery, TopicIsKeptOverEveryPart) {
  expect("sendMessage").json("/message_thread_id", "7").times(3).answer(200, ok(sent_message(1)));
  EXPECT_TRUE(delivered(message("-1009876543210", std::string(9'000, 'x'), "7")).ok());
  expect("sendDocument").field("message_thread_id", "7").answer(200, ok(sent_message(2)));
  sdk::Delivery with_file = message("-1009876543210", "", "7");
  with_file.files.push_back(host_->file("bytes", "a.txt", "text/plain"));
  EXPECT_TRUE(delivered(with_file).ok());
}

TEST_F(Delivery, GeneralTopicIsSentWithoutThread) {
  expect("sendMessage").no_json("/message_thread_id").answer(200, ok(sent_message(1)));
  EXPECT_TRUE(delivered(message("-1009876543210", "hi", "1")).ok());
}

TEST_F(Delivery, ADeletedTopicNeverFallsBackToAnotherChat) {
  expect_refusal("sendMessage", 400, "Bad Request: message thread not found");
  const Result result = delivered(message("-1009876543210", "hi", "7"));
  EXPECT_EQ(result.code, PBAY_E_CHAT_NOT_FOUND);
  EXPECT_EQ(requests_to("sendMessage").size(), 1U);
}

TEST_F(Delivery, UnreadableMarkupGoesOnceAsPlainText) {
  expect("sendMessage")
      .json("/parse_mode", R"("HTML")")
      .answer(
          400,
          refusal(
              400,
              "Bad Request: can't parse entities: Unsupported start tag \"x\" at byte offset 3"));
  expect("sendMessage")
      .no_json("/parse_mode")
      .json("/text", R"("bold <x>")")
      .answer(200, ok(sent_message(5)));
  EXPECT_TRUE(delivered(message("-4021", "**bold** <x>")).ok());

  expect_refusal("sendMessage", 400, "Bad Request: can't parse entities: again").times(2);
  EXPECT_EQ(delivered(message("-4021", "**bold**")).code, PBAY_E_REJECTED);
}

TEST_F(Delivery, PartsLeaveOnlyWhenTheOneBeforeIsDurable) {
  host_->hold_parts();
  expect("sendMessage").answer(200, ok(sent_message(1)));
  const pbay_op op =
      host_->deliver(message("-4021", std::string(4'000, 'a') + "\n\n" + std::string(4'000, 'b')));
  host_->advance(seconds(10));
  EXPECT_EQ(requests_to("sendMessage").size(), 1U);
  EXPECT_EQ(host_->result(op), nullptr);
  ASSERT_EQ(host_->parts().size(), 1U);
  EXPECT_EQ(host_->parts()[0].remote_id, "1");
  EXPECT_EQ(host_->parts()[0].cursor, "1/2");
  expect("sendMessage")
      .json("/text", json(std::string(4'000, 'b')).dump())
      .answer(200, ok(sent_message(2)));
  host_->release_parts();
  host_->run_ready();
  ASSERT_NE(host_->result(op), nullptr);
  EXPECT_THAT(host_->result(op)->remote_ids, ElementsAre("1", "2"));
}

TEST_F(Delivery, GoesOnAfterTheDurableParts) {
  sdk::Delivery delivery =
      message("-4021", std::string(4'000, 'a') + "\n\n" + std::string(4'000, 'b'));
  delivery.reply_to_id = "3";
  delivery.parts_done = 1;
  delivery.resume_cursor = "1/2";
  delivery.remote_ids = {"1"};
  expect("sendMessage")
      .json("/text", json(std::string(4'000, 'b')).dump())
      .no_json("/reply_parameters")
      .answer(200, ok(sent_message(2)));
  EXPECT_THAT(delivered(delivery).remote_ids, ElementsAre("1", "2"));

  delivery.resume_cursor = "1/3";  // as another version would have cut it
  EXPECT_EQ(delivered(delivery).code, PBAY_E_PERMANENT);
}

TEST_F(Delivery, FilesGoByMultipartWithTheTextAsCaption) {
  expect("sendPhoto")
      .field("chat_id", "-4021")
      .field("caption", "<b>a cat</b>")
      .field("parse_mode", "HTML")
      .file("photo", "cat.png", "PNGBYTES")
      .answer(200, ok(sent_message(1)));
  expect("sendDocument").file("document", "b.pdf", "%PDF").answer(200, ok(sent_message(2)));
  sdk::Delivery delivery = message("-4021", "**a cat**");
  delivery.files.push_back(host_->file("PNGBYTES", "cat.png", "image/png", FileKind::kImage));
  delivery.files.push_back(host_->file("%PDF", "b.pdf", "application/pdf"));
  EXPECT_THAT(delivered(delivery).remote_ids, ElementsAre("1", "2"));
}

TEST_F(Delivery, CaptionOverflowBecomesAFollowUp) {
  std::string emoji;
  for (int i = 0; i < 513; ++i) {
    emoji += "😀";
  }
  expect("sendDocument")
      .matching([](const testkit::RecordedRequest& request) {
        const auto* caption = request.part("caption");
        return caption != nullptr && common::utf16_length(caption->bytes) == 1024;
      })
      .answer(200, ok(sent_message(1)));
  expect("sendMessage").json("/text", R"("😀")").answer(200, ok(sent_message(2)));
  sdk::Delivery delivery = message("-4021", emoji);
  delivery.files.push_back(host_->file("x", "a.bin", "application/octet-stream"));
  EXPECT_TRUE(delivered(delivery).ok());
}

TEST_F(Delivery, APictureThatIsNoPhotoGoesAsDocument) {
  expect("sendPhoto").answer(400, refusal(400, "Bad Request: PHOTO_INVALID_DIMENSIONS"));
  expect("sendDocument").file("document", "long.png", "PNG").answer(200, ok(sent_message(9)));
  sdk::Delivery delivery = message("-4021", "");
  delivery.files.push_back(host_->file("PNG", "long.png", "image/png", FileKind::kImage));
  EXPECT_THAT(delivered(delivery).remote_ids, ElementsAre("9"));
}

TEST_F(Delivery, RateLimitsReachTheHostToTheMillisecond) {
  expect_refusal("sendMessage", 429, "Too Many Requests: retry after 3", {{"retry_after", 3}});
  const Result result = delivered(message("-4021", "hi"));
  EXPECT_EQ(result.code, PBAY_E_RATE_LIMITED);
  EXPECT_EQ(result.retry_after_ms, 3'000);
  EXPECT_EQ(result.retry_scope, RetryScope::kChat);
  EXPECT_EQ(result.sent_state, SentState::kNotSent);
}

TEST_F(Delivery, CutConnectionsAreJudgedByWhatLeft) {
  expect("sendMessage").drop_before_sent();
  const Result before = delivered(message("-4021", "hi"));
  EXPECT_EQ(before.sent_state, SentState::kNotSent);
  EXPECT_LE(before.code, PBAY_E_RETRY);
  EXPECT_GT(before.code, PBAY_E_PERMANENT);
  expect("sendMessage").drop_after_sent();
  const Result after = delivered(message("-4021", "hi"));
  EXPECT_EQ(after.code, PBAY_E_UNKNOWN);
  expect("sendMessage").answer(200, ok(sent_message(1))).cut_after(5);
  EXPECT_EQ(delivered(message("-4021", "hi")).code, PBAY_E_UNKNOWN);
  EXPECT_EQ(requests_to("sendMessage").size(), 3U);  // nothing was sent again
  for (const auto* request : requests_to("sendMessage")) {
    EXPECT_FALSE(request->idempotent);
  }
}

TEST_F(Delivery, ServerErrorsAndRefusals) {
  expect_refusal("sendMessage", 500, "Internal Server Error");
  EXPECT_EQ(delivered(message("-4021", "hi")).code, PBAY_E_SERVER);
  expect_refusal("sendMessage", 403, "Forbidden: bot was blocked by the user");
  const Result blocked = delivered(message("1111", "hi"));
  EXPECT_EQ(blocked.code, PBAY_E_FORBIDDEN);
  EXPECT_THAT(blocked.text, HasSubstr("only they can unblock it"));
  expect_refusal("sendMessage", 401, "Unauthorized");
  EXPECT_EQ(delivered(message("1111", "hi")).code, PBAY_E_UNAUTHORIZED);
}

TEST_F(Delivery, AMovedGroupIsFollowedAndKept) {
  expect("sendMessage")
      .json("/chat_id", "-4021")
      .answer(400, refusal(400, "Bad Request: group chat was upgraded to a supergroup chat",
                           {{"migrate_to_chat_id", -1004021004021}}));
  expect("sendMessage")
      .json("/chat_id", "-1004021004021")
      .times(2)
      .answer(200, ok(sent_message(1)));
  EXPECT_TRUE(delivered(message("-4021", "hi")).ok());
  EXPECT_EQ(host_->kv()["moved/-4021"], "-1004021004021");
  EXPECT_TRUE(delivered(message("-4021", "again")).ok());
}

TEST_F(Delivery, MovesAreKnownAfterARestart) {
  make_host({{"moved/-4021", "-1004021004021"}});
  start_idle();
  expect("sendMessage").json("/chat_id", "-1004021004021").answer(200, ok(sent_message(1)));
  EXPECT_TRUE(delivered(message("-4021", "hi")).ok());
}

TEST_F(Delivery, AMoveThatCouldNotBeReadIsAskedForAgain) {
  make_host({{"moved/-4021", "-1004021004021"}});
  start_idle();
  host_->fail_kv_reads(1, PBAY_E_RETRY);
  expect_refusal("sendMessage", 403, "Forbidden: the group chat was deleted");
  EXPECT_FALSE(delivered(message("-4021", "hi")).ok());
  expect("sendMessage").json("/chat_id", "-1004021004021").answer(200, ok(sent_message(1)));
  EXPECT_TRUE(delivered(message("-4021", "again")).ok());
}

TEST_F(Delivery, Edits) {
  expect("editMessageText")
      .json("/message_id", "42")
      .json("/text", R"("<i>new</i>")")
      .answer(200, ok(sent_message(42)));
  EXPECT_THAT(delivered(about(DeliveryKind::kEdit, "42", "*new*")).remote_ids, ElementsAre("42"));
  expect_refusal(
      "editMessageText", 400,
      "Bad Request: message is not modified: specified new message content and reply markup "
      "are exactly the same");
  EXPECT_TRUE(delivered(about(DeliveryKind::kEdit, "42", "same")).ok());
  expect_refusal("editMessageText", 400, "Bad Request: message to edit not found");
  EXPECT_EQ(delivered(about(DeliveryKind::kEdit, "42", "x")).code, PBAY_E_TARGET_NOT_FOUND);
  EXPECT_EQ(delivered(about(DeliveryKind::kEdit, "ours", "x")).code, PBAY_E_TARGET_NOT_FOUND);
  for (const auto* request : requests_to("editMessageText")) {
    EXPECT_TRUE(request->idempotent);
  }
}

// Else a second message would appear beside the file.
TEST_F(Delivery, EditsOfAFileMessageChangeItsCaption) {
  expect_refusal("editMessageText", 400, "Bad Request: there is no text in the message to edit");
  expect("editMessageCaption").json("/caption", R"("new")").answer(200, ok(sent_message(42)));
  EXPECT_TRUE(delivered(about(DeliveryKind::kEdit, "42", "new")).ok());
}

TEST_F(Delivery, AnEditedCaptionWhoseMarkupTelegramCannotReadGoesAsPlainText) {
  expect_refusal("editMessageText", 400, "Bad Request: there is no text in the message to edit");
  expect_refusal("editMessageCaption", 400, "Bad Request: can't parse entities: unexpected end");
  expect("editMessageCaption").json("/caption", R"("new")").answer(200, ok(sent_message(42)));
  EXPECT_THAT(delivered(about(DeliveryKind::kEdit, "42", "*new*")).remote_ids, ElementsAre("42"));
  const auto captions = requests_to("editMessageCaption");
  ASSERT_EQ(captions.size(), 2U);
  EXPECT_THAT(captions[0]->body, HasSubstr("parse_mode"));
  EXPECT_THAT(captions[1]->body, Not(HasSubstr("parse_mode")));
}

TEST_F(Delivery, WhatIsTooLongForAnEditedCaptionFollowsAsText) {
  const std::string caption(kCaptionLimit, 'a');
  const std::string rest(5'000 - kCaptionLimit, 'b');
  expect_refusal("editMessageText", 400, "Bad Request: there is no text in the message to edit");
  expect("editMessageCaption")
      .json("/caption", '"' + caption + '"')
      .answer(200, ok(sent_message(42)));
  expect("sendMessage").json("/text", '"' + rest + '"').answer(200, ok(sent_message(50)));
  EXPECT_THAT(delivered(about(DeliveryKind::kEdit, "42", caption + rest)).remote_ids,
              ElementsAre("42", "50"));
  // After a restart it is a caption still, though a text of that length has as many parts.
  sdk::Delivery edit = about(DeliveryKind::kEdit, "42", caption + rest);
  edit.parts_done = 1;
  edit.remote_ids = {"42"};
  edit.resume_cursor = "1/2 caption";
  expect("sendMessage").json("/text", '"' + rest + '"').answer(200, ok(sent_message(51)));
  EXPECT_THAT(delivered(edit).remote_ids, ElementsAre("42", "51"));
}

TEST_F(Delivery, LongEditsReplaceAndFollow) {
  expect("editMessageText").answer(200, ok(sent_message(42)));
  expect("sendMessage").answer(200, ok(sent_message(43)));
  EXPECT_THAT(delivered(about(DeliveryKind::kEdit, "42", kTwoParts)).remote_ids,
              ElementsAre("42", "43"));
}

TEST_F(Delivery, ShorterEditsDeleteWhatIsLeftOver) {
  expect("editMessageText").json("/message_id", "42").answer(200, ok(sent_message(42)));
  expect("deleteMessage").json("/message_id", "43").answer(200, ok(true));
  expect_refusal("deleteMessage", 400, "Bad Request: message to delete not found");
  EXPECT_THAT(delivered(edit_of({"42", "43", "44"}, "short")).remote_ids, ElementsAre("42"));
  EXPECT_EQ(last_body("deleteMessage")["message_id"], 44);
}

TEST_F(Delivery, EditsOfSeveralPartsGoToTheirPlaces) {
  expect("editMessageText").json("/message_id", "42").answer(200, ok(sent_message(42)));
  expect("editMessageText").json("/message_id", "43").answer(200, ok(sent_message(43)));
  EXPECT_THAT(delivered(edit_of({"42", "43"}, kTwoParts)).remote_ids, ElementsAre("42", "43"));
  EXPECT_TRUE(requests_to("sendMessage").empty());
}

TEST_F(Delivery, EditsGoOnAfterTheLastDurablePart) {
  sdk::Delivery edit = edit_of({"42", "43", "44"}, kTwoParts);
  edit.parts_done = 1;
  edit.remote_ids = {"42"};
  edit.resume_cursor = "1/2";
  expect("editMessageText").json("/message_id", "43").answer(200, ok(sent_message(43)));
  expect("deleteMessage").json("/message_id", "44").answer(200, ok(true));
  EXPECT_THAT(delivered(edit).remote_ids, ElementsAre("42", "43"));
}

TEST_F(Delivery, APartThatSomebodyDeletedIsSentAnew) {
  expect("editMessageText").json("/message_id", "42").answer(200, ok(sent_message(42)));
  expect_refusal("editMessageText", 400, "Bad Request: message to edit not found");
  expect_refusal("deleteMessage", 400, "Bad Request: message to delete not found");
  expect("deleteMessage").json("/message_id", "44").answer(200, ok(true));
  expect("sendMessage").answer(200, ok(sent_message(50)));
  EXPECT_THAT(delivered(edit_of({"42", "43", "44"}, kTwoParts)).remote_ids,
              ElementsAre("42", "50"));
  // After a restart, of three parts: the third is not put where the former second one was.
  sdk::Delivery edit = edit_of({"42", "43"}, kTwoParts + "\n\n" + std::string(4'000, 'c'));
  edit.parts_done = 2;
  edit.remote_ids = {"42", "50"};
  edit.resume_cursor = "2/3";
  expect_refusal("deleteMessage", 400, "Bad Request: message to delete not found");
  expect("sendMessage").answer(200, ok(sent_message(51)));
  EXPECT_THAT(delivered(edit).remote_ids, ElementsAre("42", "50", "51"));
  EXPECT_EQ(requests_to("editMessageText").size(), 2U);
}

TEST_F(Delivery, AnEndThatCannotBeDeletedIsTold) {
  expect("editMessageText").answer(200, ok(sent_message(42)));
  expect_refusal("deleteMessage", 400, "Bad Request: message can't be deleted");
  const Result result = delivered(edit_of({"42", "43"}, "short"));
  EXPECT_EQ(result.code, PBAY_E_FORBIDDEN);
  EXPECT_THAT(result.text, HasSubstr("the end of the former one is still there"));
}

TEST_F(Delivery, CutEditsMayBeMadeAgain) {
  expect("editMessageText").drop_after_sent();
  const Result result = delivered(about(DeliveryKind::kEdit, "42", "x"));
  EXPECT_EQ(result.code, PBAY_E_NETWORK);
}

TEST_F(Delivery, Reactions) {
  sdk::Delivery reaction = about(DeliveryKind::kReaction, "42");
  reaction.emoji = "thumbs_up";
  expect("setMessageReaction")
      .json("/message_id", "42")
      .json("/reaction", R"([{"type":"emoji","emoji":"👍"}])")
      .answer(200, ok(true));
  EXPECT_TRUE(delivered(reaction).ok());
  expect_refusal("setMessageReaction", 400, "Bad Request: REACTION_INVALID");
  reaction.emoji = "🦄";
  EXPECT_EQ(delivered(reaction).code, PBAY_E_REJECTED);
  reaction.reaction_removed = true;
  expect("setMessageReaction").json("/reaction", "[]").answer(200, ok(true));
  EXPECT_TRUE(delivered(reaction).ok());
}

TEST_F(Delivery, Deletions) {
  expect("deleteMessage").json("/message_id", "42").answer(200, ok(true));
  EXPECT_TRUE(delivered(about(DeliveryKind::kDelete, "42")).ok());
  expect_refusal("deleteMessage", 400, "Bad Request: message to delete not found");
  EXPECT_TRUE(delivered(about(DeliveryKind::kDelete, "42")).ok());
  expect_refusal("deleteMessage", 400, "Bad Request: message can't be deleted");
  EXPECT_EQ(delivered(about(DeliveryKind::kDelete, "42")).code, PBAY_E_FORBIDDEN);
}

TEST_F(Delivery, DeletionsTakeAllParts) {
  sdk::Delivery deletion = about(DeliveryKind::kDelete, "42");
  deletion.target_ids = {"42", "43"};
  expect("deleteMessage").json("/message_id", "42").answer(200, ok(true));
  expect("deleteMessage").json("/message_id", "43").answer(200, ok(true));
  EXPECT_TRUE(delivered(deletion).ok());
}

TEST_F(Delivery, TypingKeepsTheTopicAndTheGeneralOneToo) {
  expect("sendChatAction")
      .json("/action", R"("typing")")
      .json("/message_thread_id", "7")
      .answer(200, ok(true));
  host_->typing(sdk::Chat(sdk::ChatKind::kGroup, "-1009876543210", "7"));
  // Else the host could not tell it from a message of a delivery that ends without an answer.
  EXPECT_TRUE(requests_to("sendChatAction").back()->idempotent);
  expect("sendChatAction").json("/message_thread_id", "1").answer(200, ok(true));
  host_->typing(sdk::Chat(sdk::ChatKind::kGroup, "-1009876543210", "1"));
  expect("sendChatAction").drop_after_sent();
  host_->typing(sdk::Chat(sdk::ChatKind::kDirect, "1111"));
}

TEST_F(Delivery, RequestsEndBeforeTheDeadline) {
  expect("sendMessage").hang();
  sdk::Delivery delivery = message("-4021", "hi");
  delivery.deadline_ms = host_->monotonic_ms() + 20'000;
  const pbay_op op = host_->deliver(delivery);
  host_->advance(seconds(19));
  ASSERT_NE(host_->result(op), nullptr);
  EXPECT_EQ(host_->result(op)->code, PBAY_E_UNKNOWN);
}

TEST_F(Delivery, CancelledBeforeTheAnswerIsUnknown) {
  expect("sendMessage").hang();
  const pbay_op op = host_->deliver(message("-4021", "hi"));
  host_->cancel(op);
  host_->run_ready();
  ASSERT_NE(host_->result(op), nullptr);
  EXPECT_NE(host_->result(op)->sent_state, SentState::kNotSent);
}

TEST_F(Delivery, NothingVisibleIsRefused) {
  EXPECT_EQ(delivered(message("-4021", " \n")).code, PBAY_E_INVALID);
  EXPECT_EQ(delivered(message("Kitchen", "hi")).code, PBAY_E_INVALID);
}

TEST_F(Delivery, Capabilities) {
  const pbay_caps room = host_->capabilities(sdk::Chat(sdk::ChatKind::kGroup, "-4021"));
  EXPECT_EQ(room.text_limit, 4096U);
  EXPECT_EQ(room.text_unit, PBAY_UNIT_UTF16);
  EXPECT_EQ(room.caption_limit, 1024U);
  EXPECT_EQ(room.chat_messages, 20U);
  EXPECT_EQ(room.chat_period_ms, 60'000U);
  const pbay_caps person = host_->capabilities(sdk::Chat(sdk::ChatKind::kDirect, "1111"));
  EXPECT_EQ(person.chat_period_ms / person.chat_messages, 1'000U);
  EXPECT_EQ(person.account_messages, 30U);
  EXPECT_EQ(person.bits & PBAY_CAN_IDEMPOTENT_SEND, 0U);
}

}  // namespace
}  // namespace patchbay::telegram
