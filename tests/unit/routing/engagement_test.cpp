#include "routing/engagement.hpp"

#include <gtest/gtest.h>

namespace patchbay::routing {
namespace {

struct Case {
  const char* name;
  Engage engage;
  Ignored ignored;
  EngagementFacts facts;
  Verdict verdict;
  bool starts_taking_part;
};

EngagementFacts facts(bool direct, bool mentions_me, bool takes_part, std::string_view text = "",
                      EventKind kind = EventKind::kMessage) {
  return {kind, direct, mentions_me, takes_part, false, text};
}

TEST(Engagement, IsDecidedByTheWiring) {
  using enum Engage;
  using enum Verdict;
  constexpr Ignored kDrop = Ignored::kDrop;
  constexpr Ignored kKeep = Ignored::kAccumulate;
  const std::vector<Case> cases{
      {"always", kAlways, kDrop, facts(false, false, false), kTrigger, false},
      {"mention in a group", kMention, kDrop, facts(false, true, false), kTrigger, false},
      {"no mention in a group", kMention, kDrop, facts(false, false, false), kIgnored, false},
      {"no mention, kept", kMention, kKeep, facts(false, false, false), kContext, false},
      {"mention does not stick", kMention, kDrop, facts(false, false, true), kIgnored, false},
      {"a direct chat is addressed", kMention, kDrop, facts(true, false, false), kTrigger, false},
      {"sticky begins with a mention", kMentionSticky, kDrop, facts(false, true, false), kTrigger,
       true},
      {"sticky goes on", kMentionSticky, kDrop, facts(false, false, true), kTrigger, false},
      {"sticky is not begun twice", kMentionSticky, kDrop, facts(false, true, true), kTrigger,
       false},
      {"ignored does not stick", kMentionSticky, kKeep, facts(false, false, false), kContext,
       false},
      {"direct never sticks", kMentionSticky, kDrop, facts(true, true, false), kTrigger, false},
      {"pattern matches", kPattern, kDrop, facts(false, false, false, "please deploy"), kTrigger,
       false},
      {"pattern does not match", kPattern, kKeep, facts(false, true, false, "hello"), kContext,
       false},
      {"a reaction is only news", kAlways, kDrop,
       facts(false, false, false, "", EventKind::kReaction), kContext, false},
      {"a deletion is only news", kMentionSticky, kDrop,
       facts(false, true, false, "", EventKind::kDelete), kContext, false},
      {"an edit engages like a message", kMention, kDrop,
       facts(false, true, false, "", EventKind::kEdit), kTrigger, false},
      {"a button engages", kMention, kDrop, facts(true, false, false, "", EventKind::kAction),
       kTrigger, false},
  };
  const auto pattern = Pattern::compile("deploy", LetterCase::kMatters);
  ASSERT_TRUE(pattern.ok());
  for (const Case& test : cases) {
    Wiring wiring;
    wiring.engage = test.engage;
    wiring.ignored = test.ignored;
    const Decision decision = decide(wiring, &*pattern, test.facts);
    EXPECT_EQ(decision.verdict, test.verdict) << test.name;
    EXPECT_EQ(decision.starts_taking_part, test.starts_taking_part) << test.name;
  }
}

TEST(Engagement, AStrangerIsNotEvenContext) {
  Wiring wiring;
  wiring.engage = Engage::kAlways;
  wiring.senders = Senders::kKnown;
  wiring.ignored = Ignored::kAccumulate;
  EngagementFacts stranger = facts(false, true, true);
  EXPECT_EQ(decide(wiring, nullptr, stranger).verdict, Verdict::kRefused);
  stranger.sender_known = true;
  EXPECT_EQ(decide(wiring, nullptr, stranger).verdict, Verdict::kTrigger);
}

TEST(Engagement, AStrangerIsRefusedOnlyWhatAnOwnerWouldHaveHadAnsweredFor) {
  Wiring wiring;
  wiring.senders = Senders::kKnown;
  wiring.ignored = Ignored::kAccumulate;
  EXPECT_EQ(decide(wiring, nullptr, facts(false, true, false)).verdict, Verdict::kRefused);
  EXPECT_EQ(decide(wiring, nullptr, facts(false, false, false)).verdict, Verdict::kIgnored);
  EngagementFacts reaction = facts(true, false, false);
  reaction.kind = EventKind::kReaction;
  EXPECT_EQ(decide(wiring, nullptr, reaction).verdict, Verdict::kIgnored);
}

TEST(Pattern, MatchesSomewhereAndMindsCaseAsTold) {
  const auto exact = Pattern::compile("^Hey (Ändy|bot)", LetterCase::kMatters);
  const auto any = Pattern::compile("^Hey (Ändy|bot)", LetterCase::kIgnored);
  ASSERT_TRUE(exact.ok() && any.ok());
  EXPECT_TRUE(exact->matches("Hey Ändy, how are you"));
  EXPECT_FALSE(exact->matches("hey ändy"));
  EXPECT_TRUE(any->matches("hey ändy"));
  EXPECT_FALSE(any->matches("oh hey bot"));
  EXPECT_FALSE(any->matches("\xff\xfe"));
}

TEST(Pattern, ThatRunsAwayDoesNotMatchAndEndsSoon) {
  const auto pattern = Pattern::compile("^(a+)+$", LetterCase::kMatters);
  ASSERT_TRUE(pattern.ok());
  std::string text;
  text.assign(5000, 'a');
  text.push_back('!');
  EXPECT_FALSE(pattern->matches(text));
}

TEST(Pattern, ThatIsNoneSaysWhere) {
  const auto pattern = Pattern::compile("hello (", LetterCase::kMatters);
  ASSERT_FALSE(pattern.ok());
  EXPECT_NE(pattern.status().message().find("at character 7"), std::string::npos)
      << pattern.status().message();
}

}  // namespace
}  // namespace patchbay::routing
