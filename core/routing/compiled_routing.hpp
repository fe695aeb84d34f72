// The routing configuration, checked and made ready for use by any thread.
#pragma once

#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <unordered_set>
#include <vector>

#include "base/ids.hpp"
#include "base/status.hpp"
#include "routing/pattern.hpp"
#include "routing/wiring.hpp"

namespace patchbay::routing {

struct Rule {
  Wiring wiring;
  std::optional<Pattern> pattern;
};

class CompiledRouting {
 public:
  // kInvalidArgument names the wiring and what is wrong with it: an agent that does not exist, a
  // pattern that is none, an engagement without its pattern.
  static base::Result<std::shared_ptr<const CompiledRouting>> compile(RoutingConfig config);

  [[nodiscard]] const RoutingConfig& config() const { return config_; }
  // The first match of each agent, by priority, then in the order of the file. Empty: nobody named
  // this chat.
  [[nodiscard]] std::vector<const Rule*> rules_of(const base::ChatKey& chat) const;
  // The same for a chat that had other names before: a rule may name any of them.
  [[nodiscard]] std::vector<const Rule*> rules_of(const std::vector<base::ChatKey>& names) const;
  // What holds for a chat that nobody named when the default agent gets it: it answers who
  // addresses it.
  [[nodiscard]] const Rule& default_rule() const { return default_rule_; }
  [[nodiscard]] bool is_owner(const base::InstanceName& instance, const std::string& sender) const;
  // A wiring of the chat hears known people only, and this is no owner.
  [[nodiscard]] bool is_stranger(const base::InstanceName& instance, const base::ChatKey& chat,
                                 const std::string& sender) const;

 private:
  explicit CompiledRouting(RoutingConfig config);

  RoutingConfig config_;
  std::deque<Rule> rules_;  // in the order of looking
  Rule default_rule_;
  std::unordered_set<std::string> owners_;
};

}  // namespace patchbay::routing
