#include "routing/compiled_routing.hpp"

#include <gtest/gtest.h>

namespace patchbay::routing {
namespace {

RoutingConfig config() {
  RoutingConfig result;
  result.agents = {base::AgentGroupId("main"), base::AgentGroupId("helper")};
  result.default_agent = base::AgentGroupId("main");
  return result;
}

Wiring wire(const std::string& chats, const std::string& agent, Engage engage, int priority = 0) {
  Wiring wiring;
  wiring.chats = chats;
  wiring.agent = base::AgentGroupId(agent);
  wiring.engage = engage;
  wiring.priority = priority;
  return wiring;
}

TEST(CompiledRouting, TheFirstMatchOfEachAgentCounts) {
  RoutingConfig wired = config();
  wired.wirings = {wire("telegram:group:*", "main", Engage::kMention),
                   wire("telegram:*", "main", Engage::kAlways),
                   wire("telegram:*", "helper", Engage::kMention),
                   wire("telegram:group:-1", "helper", Engage::kAlways, 5)};
  const auto compiled = CompiledRouting::compile(wired);
  ASSERT_TRUE(compiled.ok()) << compiled.status().message();
  const auto rules = (*compiled)->rules_of(base::ChatKey("telegram:group:-1"));
  ASSERT_EQ(rules.size(), 2U);
  EXPECT_EQ(rules[0]->wiring.agent.str(), "helper");
  EXPECT_EQ(rules[0]->wiring.engage, Engage::kAlways);
  EXPECT_EQ(rules[1]->wiring.engage, Engage::kMention);
  EXPECT_EQ((*compiled)->rules_of(base::ChatKey("telegram:dm:1"))[0]->wiring.engage,
            Engage::kAlways);
  EXPECT_TRUE((*compiled)->rules_of(base::ChatKey("slack:dm:1")).empty());
}

TEST(CompiledRouting, NamesTheWiringThatIsWrong) {
  const auto problem = [](const Wiring& wiring) {
    RoutingConfig wired = config();
    wired.wirings = {wire("*", "main", Engage::kAlways), wiring};
    return CompiledRouting::compile(wired).status().message();
  };
  EXPECT_EQ(problem(wire("*", "nobody", Engage::kAlways)),
            "wirings[1]: there is no agent \"nobody\"");
  EXPECT_EQ(problem(wire("*", "main", Engage::kPattern)),
            "wirings[1]: it engages by pattern, and has none");
  EXPECT_NE(problem(wire("", "main", Engage::kAlways)).find("wirings[1]"), std::string::npos);
  Wiring pattern = wire("*", "main", Engage::kPattern);
  pattern.pattern = "(";
  EXPECT_NE(problem(pattern).find("wirings[1]: the pattern"), std::string::npos);
  RoutingConfig without = config();
  without.default_agent = base::AgentGroupId("gone");
  EXPECT_FALSE(CompiledRouting::compile(without).ok());
}

TEST(CompiledRouting, KnowsOwnersByInstance) {
  RoutingConfig owned = config();
  owned.owners = {"telegram:42"};
  const auto compiled = CompiledRouting::compile(owned);
  ASSERT_TRUE(compiled.ok());
  EXPECT_TRUE((*compiled)->is_owner(base::InstanceName("telegram"), "42"));
  EXPECT_FALSE((*compiled)->is_owner(base::InstanceName("slack"), "42"));
  EXPECT_FALSE((*compiled)->is_owner(base::InstanceName("telegram"), ""));
}

}  // namespace
}  // namespace patchbay::routing
