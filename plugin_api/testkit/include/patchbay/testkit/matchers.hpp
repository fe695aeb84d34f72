// GoogleMock matchers for what an adapter did, and how it is shown when a test fails. A test that
// includes this links GTest::gmock.
//
//   EXPECT_THAT(host.events(), ElementsAre(AllOf(IsMessage("hello"), InChat("c1"), From("7"))));
//   EXPECT_THAT(host.result(op), Ended(IsDelivered("m1", "m2")));
//   EXPECT_THAT(host.result(op), Ended(IsRefused(PBAY_E_TOO_LARGE)));
//   EXPECT_THAT(host.states().back(), IsState(sdk::StateKind::kDegraded, HasSubstr("refused")));
#ifndef PATCHBAY_TESTKIT_MATCHERS_HPP
#define PATCHBAY_TESTKIT_MATCHERS_HPP

#include <cstdint>
#include <gmock/gmock.h>
#include <ostream>
#include <string>
#include <vector>

#include "patchbay/sdk/chat.hpp"
#include "patchbay/sdk/event.hpp"
#include "patchbay/sdk/result.hpp"
#include "patchbay/sdk/state.hpp"

// ---- how they are shown: GoogleTest finds these beside the types ----
namespace patchbay::sdk {

inline void PrintTo(const Chat& chat, std::ostream* out) {
  static constexpr const char* kKinds[] = {"direct", "group", "channel"};
  const auto kind = static_cast<std::size_t>(chat.kind);
  *out << (kind < 3 ? kKinds[kind] : "unknown") << " chat \"" << chat.id << '"'
       << (chat.thread_id.empty() ? "" : ", thread \"" + chat.thread_id + '"');
}

inline void PrintTo(const InboundFile& file, std::ostream* out) {
  *out << "file \"" << file.name << '"' << (file.mime.empty() ? "" : " of " + file.mime)
       << (file.reference.empty() ? "" : ", reference \"" + file.reference + '"')
       << (file.error.empty() ? "" : ", not to be had: " + file.error);
}

inline void PrintTo(const Event& event, std::ostream* out) {
  static constexpr const char* kKinds[] = {"message", "edit",   "reaction", "deletion",
                                           "action",  "member", "command"};
  const auto kind = static_cast<std::size_t>(event.kind);
  *out << (kind < 7 ? kKinds[kind] : "unknown event") << " \"" << event.message_id << "\" in ";
  PrintTo(event.chat, out);
  *out << " from \"" << event.sender.id << "\" (" << event.sender.name << ")";
  const auto add = [out](const char* what, const std::string& text) {
    if (!text.empty()) {
      *out << ", " << what << " \"" << text << '"';
    }
  };
  add("text", event.text);
  add("about", event.target_id);
  add("emoji", event.emoji);
  add("action", event.action);
  add("reply to", event.reply_to_id);
  *out << (event.mentions_me ? ", mentions me" : "") << (event.removed ? ", removed" : "");
  for (const InboundFile& file : event.files) {
    *out << ", ";
    PrintTo(file, out);
  }
}

inline void PrintTo(const Result& result, std::ostream* out) {
  static constexpr const char* kSent[] = {"perhaps sent", "not sent", "sent"};
  const auto sent = static_cast<std::size_t>(result.sent_state);
  *out << "code " << result.code << ", " << (sent < 3 ? kSent[sent] : "unknown sent_state");
  if (result.retry_after_ms >= 0) {
    *out << ", again after " << result.retry_after_ms << " ms";
  }
  *out << (result.text.empty() ? "" : ", \"" + result.text + '"') << ", remote ids "
       << testing::PrintToString(result.remote_ids);
}

inline void PrintTo(const State& state, std::ostream* out) {
  static constexpr const char* kKinds[] = {"connecting",   "online", "degraded", "login required",
                                           "rate limited", "failed", "stopped"};
  const auto kind = static_cast<std::size_t>(state.kind);
  *out << (kind < 7 ? kKinds[kind] : "unknown state")
       << (state.reason.empty() ? "" : " because \"" + state.reason + '"')
       << (state.user_action.empty() ? "" : ", so \"" + state.user_action + '"');
}

}  // namespace patchbay::sdk

namespace patchbay::testkit {

using EventMatcher = testing::Matcher<const sdk::Event&>;
using ResultMatcher = testing::Matcher<const sdk::Result&>;
using TextMatcher = testing::Matcher<std::string>;

// ---- events ----

inline EventMatcher IsEvent(sdk::EventKind kind) {
  return testing::Field("kind", &sdk::Event::kind, kind);
}
inline EventMatcher IsMessage(const TextMatcher& text) {
  return testing::AllOf(IsEvent(sdk::EventKind::kMessage),
                        testing::Field("text", &sdk::Event::text, text));
}
inline EventMatcher IsEdit(const TextMatcher& target, const TextMatcher& text) {
  return testing::AllOf(IsEvent(sdk::EventKind::kEdit),
                        testing::Field("target_id", &sdk::Event::target_id, target),
                        testing::Field("text", &sdk::Event::text, text));
}
inline EventMatcher IsDeletion(const TextMatcher& target) {
  return testing::AllOf(IsEvent(sdk::EventKind::kDelete),
                        testing::Field("target_id", &sdk::Event::target_id, target));
}
inline EventMatcher IsReaction(const TextMatcher& target, const TextMatcher& emoji) {
  return testing::AllOf(IsEvent(sdk::EventKind::kReaction),
                        testing::Field("removed", &sdk::Event::removed, false),
                        testing::Field("target_id", &sdk::Event::target_id, target),
                        testing::Field("emoji", &sdk::Event::emoji, emoji));
}
inline EventMatcher IsAction(const TextMatcher& target, const TextMatcher& action) {
  return testing::AllOf(IsEvent(sdk::EventKind::kAction),
                        testing::Field("target_id", &sdk::Event::target_id, target),
                        testing::Field("action", &sdk::Event::action, action));
}
inline EventMatcher InChat(const TextMatcher& id, const TextMatcher& thread = testing::_) {
  return testing::Field("chat", &sdk::Event::chat,
                        testing::AllOf(testing::Field("id", &sdk::Chat::id, id),
                                       testing::Field("thread_id", &sdk::Chat::thread_id, thread)));
}
inline EventMatcher From(const TextMatcher& sender_id) {
  return testing::Field("sender", &sdk::Event::sender,
                        testing::Field("id", &sdk::Sender::id, sender_id));
}
inline EventMatcher MentionsMe() {
  return testing::Field("mentions_me", &sdk::Event::mentions_me, true);
}
inline EventMatcher RepliesTo(const TextMatcher& message_id) {
  return testing::Field("reply_to_id", &sdk::Event::reply_to_id, message_id);
}
inline EventMatcher HasFile(const TextMatcher& name) {
  return testing::Field("files", &sdk::Event::files,
                        testing::Contains(testing::Field("name", &sdk::InboundFile::name, name)));
}

// ---- how deliveries end ----

// Of FakeHost::result(): it has ended, and so.
inline testing::Matcher<const sdk::Result*> Ended(const ResultMatcher& how) {
  return testing::Pointee(how);
}
inline testing::Matcher<const sdk::Result*> IsUnderWay() { return testing::IsNull(); }

inline ResultMatcher HasCode(std::int32_t code) {
  return testing::Field("code", &sdk::Result::code, code);
}
template <class... Ids>
ResultMatcher IsDelivered(Ids... remote_ids) {
  const std::vector<std::string> ids{remote_ids...};
  return testing::AllOf(
      HasCode(PBAY_OK),
      testing::Field("sent_state", &sdk::Result::sent_state, testing::Ne(sdk::SentState::kNotSent)),
      testing::Field("remote_ids", &sdk::Result::remote_ids, ids));
}
// It is proven that nothing was sent.
inline ResultMatcher IsRefused(std::int32_t code) {
  return testing::AllOf(HasCode(code), testing::Field("sent_state", &sdk::Result::sent_state,
                                                      sdk::SentState::kNotSent));
}
// Class -400: it may or may not be there.
inline ResultMatcher IsUnknown() {
  return testing::Field("code", &sdk::Result::code,
                        testing::AllOf(testing::Le(-400), testing::Gt(-500)));
}
inline ResultMatcher IsRateLimited(std::int64_t retry_after_ms) {
  return testing::AllOf(
      HasCode(PBAY_E_RATE_LIMITED),
      testing::Field("retry_after_ms", &sdk::Result::retry_after_ms, retry_after_ms));
}
inline ResultMatcher Says(const TextMatcher& text) {
  return testing::Field("text", &sdk::Result::text, text);
}

// ---- states ----

inline testing::Matcher<const sdk::State&> IsState(sdk::StateKind kind,
                                                   const TextMatcher& reason = testing::_) {
  return testing::AllOf(testing::Field("kind", &sdk::State::kind, kind),
                        testing::Field("reason", &sdk::State::reason, reason));
}

}  // namespace patchbay::testkit

#endif  // PATCHBAY_TESTKIT_MATCHERS_HPP
