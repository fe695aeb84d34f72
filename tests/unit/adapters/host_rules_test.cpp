#include "adapters/host_rules.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace patchbay::adapters {
namespace {

using base::Code;
using ::testing::AllOf;
using ::testing::HasSubstr;

HostRules rules() {
  HostRules rules;
  rules.add("api.example.org", RuleOf::kAuthor);
  rules.add("*.cdn.example.org", RuleOf::kAuthor);
  rules.add("127.0.0.2", RuleOf::kAuthor);
  rules.add("localhost", RuleOf::kAuthor);
  rules.add_url("https://default.example.org/x", RuleOf::kAuthor);
  rules.add("NAS.example.org", RuleOf::kOperator);
  rules.add("10.0.0.5", RuleOf::kOperator);
  rules.add("[0:0::1]", RuleOf::kOperator);
  rules.add("*.lan.example.org", RuleOf::kOperator);
  rules.add_url("http://127.0.0.1:8080/bot", RuleOf::kOperator);
  rules.add_url("wss://socket.example.org/", RuleOf::kOperator);
  rules.add_url("tcp://signal.example.org:7583", RuleOf::kOperator);
  return rules;
}

TEST(HostRules, SayWhereAConnectionMayGo) {
  struct Case {
    const char* host;
    const char* address;
    bool allowed;
  };
  const std::vector<Case> cases = {
      // The author's names: to public addresses alone.
      {"api.example.org", "", true},
      {"api.example.org", "93.184.216.34", true},
      {"api.example.org", "2606:4700::1111", true},
      {"api.example.org", "127.0.0.1", false},
      {"api.example.org", "10.0.0.5", false},
      {"api.example.org", "169.254.169.254", false},
      {"api.example.org", "100.64.0.1", false},
      {"api.example.org", "198.51.100.1", false},
      {"api.example.org", "224.0.0.1", false},
      {"api.example.org", "0.0.0.0", false},
      {"api.example.org", "::1", false},
      {"api.example.org", "fe80::1%eth0", false},
      {"api.example.org", "fd00::1", false},
      {"api.example.org", "::ffff:127.0.0.1", false},
      {"api.example.org", "64:ff9b::a00:1", false},
      {"api.example.org", "2002:7f00:1::", false},
      {"api.example.org", "not an address", false},
      {"API.EXAMPLE.ORG", "93.184.216.34", true},
      {"default.example.org", "93.184.216.34", true},
      {"default.example.org", "127.0.0.1", false},
      {"a.cdn.example.org", "93.184.216.34", true},
      {"a.cdn.example.org", "192.168.1.1", false},
      {"cdn.example.org", "93.184.216.34", false},
      {"api.example.org.evil.example", "93.184.216.34", false},
      {"xapi.example.org", "93.184.216.34", false},
      // Private ones are known before anything is resolved, as it is where a proxy resolves.
      {"127.0.0.2", "", false},
      {"localhost", "", false},
      {"localhost", "127.0.0.1", false},
      // The operator's names: wherever they lead.
      {"nas.example.org", "192.168.1.5", true},
      {"socket.example.org", "127.0.0.1", true},
      {"signal.example.org", "10.1.1.1", true},
      {"10.0.0.5", "10.0.0.5", true},
      {"::1", "::1", true},
      {"127.0.0.1", "", true},
      {"127.0.0.1", "127.0.0.1", true},
      // But for their patterns.
      {"a.lan.example.org", "93.184.216.34", true},
      {"a.lan.example.org", "192.168.1.5", false},
      {"10.0.0.6", "10.0.0.6", false},
      {"evil.example.org", "", false},
      {"", "", false},
  };
  const HostRules checked = rules();
  for (const Case& one : cases) {
    const base::Status verdict = checked.check(one.host, one.address);
    EXPECT_EQ(verdict.ok(), one.allowed) << one.host << " at " << one.address;
    EXPECT_TRUE(verdict.ok() || verdict.code() == Code::kRefused);
  }
}

TEST(HostRules, EveryHostMeansEveryPublicOne) {
  HostRules any;
  any.add("*", RuleOf::kOperator);
  EXPECT_TRUE(any.check("files.example.org", "93.184.216.34").ok());
  EXPECT_TRUE(any.check("93.184.216.34", "").ok());
  for (const char* host :
       {"10.0.0.1", "::1", "169.254.169.254", "localhost", "LOCALHOST.", "a.localhost"}) {
    EXPECT_FALSE(any.check(host, "").ok()) << host;
  }
}

TEST(HostRules, ARefusalNamesHostAndRemedy) {
  EXPECT_THAT(rules().check("a.cdn.example.org", "10.0.0.1").message(),
              AllOf(HasSubstr("a.cdn.example.org"), HasSubstr("private address (10.0.0.1)"),
                    HasSubstr("allowed_hosts")));
  EXPECT_THAT(rules().check("evil.example.org", "").message(),
              AllOf(HasSubstr("evil.example.org"), HasSubstr("allowed_hosts")));
}

TEST(HostRules, UnixSocketsAreTheOperatorsAndExact) {
  HostRules sockets;
  sockets.add("unix:/run/author.sock", RuleOf::kAuthor);
  sockets.add_url("unix:/run/default.sock", RuleOf::kAuthor);
  sockets.add("unix:/run/Signal.sock", RuleOf::kOperator);
  sockets.add_url("unix:/run/setting.sock", RuleOf::kOperator);
  sockets.add("unix:/run/any/*", RuleOf::kOperator);
  sockets.add("*", RuleOf::kOperator);
  EXPECT_TRUE(sockets.check_socket("/run/Signal.sock").ok());
  EXPECT_TRUE(sockets.check_socket("/run/setting.sock").ok());
  for (const char* path : {"/run/author.sock", "/run/default.sock", "/run/signal.sock",
                           "/run/../run/Signal.sock", "/run/any/x", "", "/var/run/docker.sock"}) {
    EXPECT_EQ(sockets.check_socket(path).code(), Code::kRefused) << path;
  }
  EXPECT_THAT(sockets.check_socket("/run/x").message(), HasSubstr("\"unix:/run/x\""));
}

}  // namespace
}  // namespace patchbay::adapters
