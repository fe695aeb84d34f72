#include "routing/plan.hpp"

#include "routing/engagement.hpp"
#include "session/session_key.hpp"
#include "store/repositories.hpp"

namespace patchbay::routing {
namespace {

constexpr std::size_t kSessionTokenCharacters = 20;

Plan refused(const char* reason) { return {Way::kRefused, {}, reason}; }

class Planner {
 public:
  Planner(store::Repositories& repositories, const CompiledRouting& routing,
          const InboundEvent& event, base::Random& random, base::WallTime now)
      : repositories_(repositories), routing_(routing), event_(event), random_(random), now_(now) {}

  base::Result<Plan> plan() {
    if (event_.sender.is_self) {
      return refused("own_message");
    }
    if (event_.sender.is_bot && routing_.config().bots == Bots::kRefuse) {
      return refused("bot");
    }
    PATCHBAY_ASSIGN(names_, repositories_.chat_moves.names_of(event_.instance, event_.chat));
    std::vector<const Rule*> rules = routing_.rules_of(names_);
    if (rules.empty()) {
      switch (routing_.config().unknown_chats) {
        case UnknownChats::kDrop:
          return refused("unknown_chat");
        case UnknownChats::kIntake:
          PATCHBAY_TRY(keep_chat());
          return Plan{Way::kIntake, {}, "unknown_chat"};
        case UnknownChats::kDefaultAgent:
          rules.push_back(&routing_.default_rule());
          break;
      }
    }
    PATCHBAY_TRY(keep_chat());
    return plan_for(rules);
  }

 private:
  base::Result<Plan> plan_for(const std::vector<const Rule*>& rules) {
    Plan plan = refused("not_engaged");
    for (const Rule* rule : rules) {
      PATCHBAY_ASSIGN(const Decision decision, decision_of(*rule));
      if (decision.verdict == Verdict::kRefused) {
        plan.reason = store::kUnknownSender;
      }
      if (decision.verdict != Verdict::kTrigger && decision.verdict != Verdict::kContext) {
        continue;
      }
      const bool trigger = decision.verdict == Verdict::kTrigger;
      PATCHBAY_ASSIGN(session::SessionAddress session, session_of(rule->wiring, trigger));
      if (trigger) {
        PATCHBAY_TRY(keep_engagement(rule->wiring.agent, decision));
      }
      plan.way = Way::kSessions;
      plan.targets.push_back({std::move(session), trigger});
    }
    return plan;
  }

  base::Result<Decision> decision_of(const Rule& rule) {
    const Wiring& wiring = rule.wiring;
    EngagementFacts facts;
    facts.kind = event_.kind;
    facts.direct = event_.chat_kind == store::ChatKind::kDirect;
    facts.mentions_me = event_.mentions_me;
    facts.text = event_.text;
    if (wiring.engage == Engage::kMentionSticky) {
      PATCHBAY_ASSIGN(facts.takes_part, repositories_.engagement.takes_part(
                                            wiring.agent, event_.instance, chat(), event_.thread));
    }
    if (wiring.senders == Senders::kKnown) {
      PATCHBAY_ASSIGN(const bool known, repositories_.known_senders.contains(
                                            wiring.agent, event_.instance, event_.sender.id));
      facts.sender_known = known || routing_.is_owner(event_.instance, event_.sender.id);
    }
    return decide(wiring, rule.pattern ? &*rule.pattern : nullptr, facts);
  }

  // What the chat of the event is called now.
  [[nodiscard]] const base::ChatKey& chat() const { return names_.front(); }

  base::Status keep_chat() {
    if (event_.chat != chat()) {
      return {};  // its other name is kept
    }
    store::ChatRecord record;
    record.instance = event_.instance;
    record.key = event_.chat;
    record.kind = event_.chat_kind;
    record.platform_id = event_.chat_id;
    record.name = event_.chat_name;
    record.first_seen = now_;
    return repositories_.chats.upsert(record).status();
  }

  base::Status keep_engagement(const base::AgentGroupId& agent, const Decision& decision) {
    if (decision.starts_taking_part) {
      PATCHBAY_TRY(repositories_.engagement.set_takes_part(agent, event_.instance, chat(),
                                                           event_.thread, now_));
    }
    std::string name = event_.chat_name;
    if (name.empty() && event_.chat_kind == store::ChatKind::kDirect) {
      name = event_.sender.name;
    }
    return repositories_.destinations
        .ensure_channel(agent, name.empty() ? chat().str() : name, name, event_.instance, chat())
        .status();
  }

  base::Result<session::SessionAddress> session_of(const Wiring& wiring, bool trigger) {
    PATCHBAY_ASSIGN(auto known, find_session(wiring));
    if (!known) {
      PATCHBAY_ASSIGN(known, new_session(wiring.agent, key_of(wiring, chat()).str()));
    } else if (trigger && (known->instance != event_.instance || known->chat != chat() ||
                           known->thread != event_.thread)) {
      // The session answers where it was last addressed.
      PATCHBAY_TRY(repositories_.sessions.set_default_chat(known->agent, known->id, event_.instance,
                                                           chat(), event_.thread));
    }
    repositories_.sessions.touch(known->agent, known->id, now_);
    return session::SessionAddress{known->agent, known->id};
  }

  // A session keeps the key that it was made with, whatever its chat is called later.
  base::Result<std::optional<store::SessionRecord>> find_session(const Wiring& wiring) {
    for (const base::ChatKey& name : names_) {
      PATCHBAY_ASSIGN(auto known, repositories_.sessions.find_active(key_of(wiring, name).str()));
      if (known) {
        return known;
      }
    }
    return std::optional<store::SessionRecord>();
  }

  [[nodiscard]] session::SessionKey key_of(const Wiring& wiring, const base::ChatKey& name) const {
    session::SessionKeyParts parts;
    parts.agent = wiring.agent;
    parts.instance = event_.instance;
    parts.channel = event_.channel;
    parts.chat = name;
    parts.thread = event_.thread;
    parts.direct = event_.chat_kind == store::ChatKind::kDirect;
    parts.peer = event_.chat_id;
    parts.mode = wiring.session;
    parts.scope = routing_.config().direct_scope;
    parts.main_key = routing_.config().main_key;
    return parts.key();
  }

  base::Result<std::optional<store::SessionRecord>> new_session(const base::AgentGroupId& agent,
                                                                const std::string& key) {
    store::SessionRecord record;
    record.agent = agent;
    record.id = base::SessionId("s-" + random_.token(kSessionTokenCharacters));
    record.key = key;
    record.instance = event_.instance;
    record.chat = chat();
    record.thread = event_.thread;
    record.created_at = now_;
    PATCHBAY_TRY(repositories_.sessions.insert(record));
    return std::optional(std::move(record));
  }

  store::Repositories& repositories_;
  const CompiledRouting& routing_;
  const InboundEvent& event_;
  base::Random& random_;
  base::WallTime now_;
  std::vector<base::ChatKey> names_;  // of the event's chat: the one of now, then former ones
};

}  // namespace

base::Result<Plan> make_plan(store::Repositories& repositories, const CompiledRouting& routing,
                             const InboundEvent& event, FirstTime first_time, base::Random& random,
                             base::WallTime now) {
  if (first_time == FirstTime::kCheck) {
    PATCHBAY_ASSIGN(const auto seen,
                    repositories.seen.find({event.instance, event.chat, event.event_id}));
    if (seen) {
      return Plan{Way::kDuplicate, {}, {}};
    }
  }
  return Planner(repositories, routing, event, random, now).plan();
}

}  // namespace patchbay::routing
