#include "routing/compiled_routing.hpp"

#include <algorithm>

#include "base/text.hpp"

namespace patchbay::routing {
namespace {

base::Status wrong(std::size_t index, const std::string& what) {
  return {base::Code::kInvalidArgument, "wirings[" + std::to_string(index) + "]: " + what};
}

bool has_agent(const RoutingConfig& config, const base::AgentGroupId& agent) {
  return std::find(config.agents.begin(), config.agents.end(), agent) != config.agents.end();
}

base::Result<Rule> compile_rule(const RoutingConfig& config, std::size_t index) {
  const Wiring& wiring = config.wirings[index];
  if (wiring.chats.empty()) {
    return wrong(index, "it names no chats; \"telegram:dm:*\" would be all direct chats there");
  }
  if (!has_agent(config, wiring.agent)) {
    return wrong(index, "there is no agent \"" + wiring.agent.str() + "\"");
  }
  Rule rule{wiring, std::nullopt};
  if (wiring.engage == Engage::kPattern) {
    if (wiring.pattern.empty()) {
      return wrong(index, "it engages by pattern, and has none");
    }
    auto pattern = Pattern::compile(
        wiring.pattern, wiring.pattern_ignores_case ? LetterCase::kIgnored : LetterCase::kMatters);
    if (!pattern.ok()) {
      return wrong(index, pattern.status().message());
    }
    rule.pattern = std::move(pattern).value();
  }
  return rule;
}

}  // namespace

CompiledRouting::CompiledRouting(RoutingConfig config)
    : config_(std::move(config)), owners_(config_.owners.begin(), config_.owners.end()) {
  default_rule_.wiring.agent = config_.default_agent;
}

base::Result<std::shared_ptr<const CompiledRouting>> CompiledRouting::compile(
    RoutingConfig config) {
  if (!has_agent(config, config.default_agent)) {
    return base::Status(base::Code::kInvalidArgument,
                        "the default agent \"" + config.default_agent.str() + "\" does not exist");
  }
  // Shared: units of work on other threads may still use the former configuration when a new one
  // has come.
  const std::shared_ptr<CompiledRouting> compiled(new CompiledRouting(std::move(config)));
  for (std::size_t index = 0; index < compiled->config_.wirings.size(); ++index) {
    PATCHBAY_ASSIGN(Rule rule, compile_rule(compiled->config_, index));
    compiled->rules_.push_back(std::move(rule));
  }
  std::stable_sort(compiled->rules_.begin(), compiled->rules_.end(),
                   [](const Rule& left, const Rule& right) {
                     return left.wiring.priority > right.wiring.priority;
                   });
  return std::shared_ptr<const CompiledRouting>(compiled);
}

std::vector<const Rule*> CompiledRouting::rules_of(const base::ChatKey& chat) const {
  return rules_of(std::vector{chat});
}

std::vector<const Rule*> CompiledRouting::rules_of(const std::vector<base::ChatKey>& names) const {
  std::vector<const Rule*> matching;
  for (const Rule& rule : rules_) {
    const bool agent_has_one = std::any_of(
        matching.begin(), matching.end(),
        [&](const Rule* earlier) { return earlier->wiring.agent == rule.wiring.agent; });
    const auto names_it = [&rule](const base::ChatKey& chat) {
      return base::glob_matches(rule.wiring.chats, chat.str());
    };
    if (!agent_has_one && std::any_of(names.begin(), names.end(), names_it)) {
      matching.push_back(&rule);
    }
  }
  return matching;
}

bool CompiledRouting::is_owner(const base::InstanceName& instance,
                               const std::string& sender) const {
  return !sender.empty() && owners_.contains(instance.str() + ":" + sender);
}

bool CompiledRouting::is_stranger(const base::InstanceName& instance, const base::ChatKey& chat,
                                  const std::string& sender) const {
  const std::vector<const Rule*> rules = rules_of(chat);
  return !is_owner(instance, sender) &&
         std::any_of(rules.begin(), rules.end(),
                     [](const Rule* rule) { return rule->wiring.senders == Senders::kKnown; });
}

}  // namespace patchbay::routing
