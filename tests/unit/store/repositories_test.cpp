// Sessions, destinations, and the small memories.
#include "base/limits.hpp"
#include "store_fixture.hpp"

namespace patchbay::store {
namespace {

using RepositoriesTest = StoreTest;

const base::InstanceName kInstance("telegram");
const base::AgentGroupId kAgent("main");

SessionRecord session(const std::string& id, const std::string& key) {
  SessionRecord record;
  record.agent = kAgent;
  record.id = base::SessionId(id);
  record.key = key;
  record.instance = kInstance;
  record.chat = base::ChatKey("telegram:group:-1");
  record.created_at = at(7);
  return record;
}

TEST_F(RepositoriesTest, OneActiveSessionHasAKey) {
  unit([](Repositories& r) { return r.sessions.insert(session("s1", "agent:main:main")); });
  const auto second = [&] {
    return database_->run(
        [](Repositories& r) { return r.sessions.insert(session("s2", "agent:main:main")); });
  };
  EXPECT_EQ(second().code(), base::Code::kAlreadyExists);
  unit([](Repositories& r) { return r.sessions.archive(kAgent, base::SessionId("s1")); });
  EXPECT_TRUE(second().ok());
  const auto active =
      ask([](Repositories& r) { return r.sessions.find_active("agent:main:main"); });
  ASSERT_TRUE(active);
  EXPECT_EQ(active->id.str(), "s2");
  EXPECT_EQ(ask([](Repositories& r) { return r.sessions.list(kAgent, true, 10); }).size(), 1U);
  EXPECT_EQ(ask([](Repositories& r) { return r.sessions.list({}, false, 10); }).size(), 2U);
}

TEST_F(RepositoriesTest, ActiveSessionsComeInPagesNewestFirst) {
  for (const char* id : {"s1", "s2", "s3", "s4", "s5"}) {
    unit(
        [id](Repositories& r) { return r.sessions.insert(session(id, std::string("key-") + id)); });
  }
  unit([](Repositories& r) { return r.sessions.archive(kAgent, base::SessionId("s4")); });
  std::string ids;
  std::int64_t before = 0;
  do {
    const auto page =
        ask([before](Repositories& r) { return r.sessions.page_of_active(before, 3); });
    ids += "|";
    for (const auto& [agent, id] : page.sessions) {
      ids += id.str();
    }
    before = page.next;
  } while (before != 0);
  EXPECT_EQ(ids, "|s5s3s2|s1");
}

TEST_F(RepositoriesTest, AListOfSessionsGoesOnBelowANumber) {
  for (const char* id : {"s1", "s2", "s3", "s4", "s5"}) {
    unit(
        [id](Repositories& r) { return r.sessions.insert(session(id, std::string("key-") + id)); });
  }
  unit([](Repositories& r) { return r.sessions.archive(kAgent, base::SessionId("s2")); });
  std::string ids;
  std::int64_t before = 0;
  for (int page = 0; page < 3; ++page) {
    ids += "|";
    for (const SessionRecord& found :
         ask([before](Repositories& r) { return r.sessions.list({}, true, 2, before); })) {
      ids += found.id.str();
      before = found.number;
    }
  }
  EXPECT_EQ(ids, "|s5s4|s3s1|");
}

TEST_F(RepositoriesTest, ASessionIsFoundIgnoringCaseOnlyIfThatIsUnique) {
  const std::string key = "agent:main:signal:group:AbC";
  unit([&](Repositories& r) { return r.sessions.insert(session("s1", key)); });
  const auto find = [&] {
    return ask([](Repositories& r) {
      return r.sessions.find_active_ignoring_case("agent:main:signal:group:abc");
    });
  };
  ASSERT_TRUE(find());
  EXPECT_EQ(find()->key, key);
  unit([&](Repositories& r) {
    return r.sessions.insert(session("s2", "agent:main:signal:group:aBc"));
  });
  EXPECT_FALSE(find());
}

TEST_F(RepositoriesTest, AfterARestartNothingRuns) {
  unit([](Repositories& r) -> base::Status {
    PATCHBAY_TRY(r.sessions.insert(session("s1", "a")));
    PATCHBAY_TRY(r.sessions.insert(session("s2", "b")));
    PATCHBAY_TRY(r.sessions.set_container_status(kAgent, base::SessionId("s1"), "running"));
    PATCHBAY_TRY(r.sessions.set_agent_ran(kAgent, base::SessionId("s2"), true));
    EXPECT_EQ(r.sessions.set_agent_ran(kAgent, base::SessionId("s3"), true).code(),
              base::Code::kNotFound);
    return {};
  });
  EXPECT_EQ(ask([](Repositories& r) { return r.sessions.list_ran(); }).size(), 2U);
  EXPECT_EQ(ask([](Repositories& r) { return r.sessions.reconcile_stopped(); }), 1U);
  EXPECT_EQ(ask([](Repositories& r) { return r.sessions.list_ran(); }).size(), 1U);
}

TEST_F(RepositoriesTest, ASessionAnswersWhereItWasLastWrittenTo) {
  unit([](Repositories& r) -> base::Status {
    PATCHBAY_TRY(r.sessions.insert(session("s1", "a")));
    return r.sessions.set_default_chat(kAgent, base::SessionId("s1"), base::InstanceName("slack"),
                                       base::ChatKey("slack:dm:U1"), base::ThreadId("1.2"));
  });
  const auto found = ask([](Repositories& r) {
    return r.sessions.list_of_chat(base::InstanceName("slack"), base::ChatKey("slack:dm:U1"));
  });
  ASSERT_EQ(found.size(), 1U);
  EXPECT_EQ(found[0].thread.str(), "1.2");
}

TEST(DestinationName, IsLowerCaseWithSingleDashes) {
  EXPECT_EQ(normalise_destination_name("Family Chat!"), "family-chat");
  EXPECT_EQ(normalise_destination_name("  --A__b--  "), "a-b");
  EXPECT_EQ(normalise_destination_name("Семья"), "chat");
  EXPECT_EQ(normalise_destination_name(std::string(100, 'x')).size(), 64U);
}

TEST_F(RepositoriesTest, DestinationsGetFreeNamesAndAreAddedOnce) {
  const auto ensure = [&](const std::string& chat) {
    return ask([&](Repositories& r) {
      return r.destinations.ensure_channel(kAgent, "Family", "Family", kInstance,
                                           base::ChatKey(chat));
    });
  };
  EXPECT_EQ(ensure("telegram:group:-1"), "family");
  EXPECT_EQ(ensure("telegram:group:-2"), "family-2");
  EXPECT_EQ(ensure("telegram:group:-3"), "family-3");
  EXPECT_EQ(ensure("telegram:group:-2"), "family-2");
  EXPECT_EQ(ask([](Repositories& r) {
              return r.destinations.ensure_agent(kAgent, "Family", "", base::AgentGroupId("other"));
            }),
            "family-4");
  EXPECT_EQ(ask([](Repositories& r) { return r.destinations.list(kAgent); }).size(), 4U);
  const auto may_write = [&](const std::string& chat) {
    return ask([&](Repositories& r) {
      return r.destinations.may_write_to_chat(kAgent, kInstance, base::ChatKey(chat));
    });
  };
  EXPECT_TRUE(may_write("telegram:group:-1"));
  EXPECT_FALSE(may_write("telegram:group:-9"));
  EXPECT_TRUE(ask([](Repositories& r) {
    return r.destinations.may_write_to_agent(kAgent, base::AgentGroupId("other"));
  }));
  unit([](Repositories& r) { return r.destinations.remove(kAgent, "family"); });
  EXPECT_FALSE(may_write("telegram:group:-1"));
}

TEST_F(RepositoriesTest, AnInstanceRemembersBytesWithinItsLimits) {
  const std::string bytes("a\0b\xff", 4);
  unit([&](Repositories& r) -> base::Status {
    PATCHBAY_TRY(r.kv.put(kInstance, "offset", "1"));
    PATCHBAY_TRY(r.kv.put(kInstance, "offset", bytes));
    PATCHBAY_TRY(r.kv.put(kInstance, "other", "2"));
    EXPECT_EQ(r.kv.put(kInstance, std::string(limits::kKvKeyBytes + 1, 'k'), "v").code(),
              base::Code::kTooLarge);
    EXPECT_EQ(r.kv.put(kInstance, "k", std::string(limits::kKvValueBytes + 1, 'v')).code(),
              base::Code::kTooLarge);
    return {};
  });
  EXPECT_EQ(ask([](Repositories& r) { return r.kv.get(kInstance, "offset"); }), bytes);
  EXPECT_EQ(ask([](Repositories& r) { return r.kv.keys(kInstance, "of", 10); }),
            std::vector<std::string>{"offset"});
  EXPECT_FALSE(ask([](Repositories& r) { return r.kv.get(base::InstanceName("b"), "offset"); }));
  unit([](Repositories& r) { return r.kv.remove(kInstance, "offset"); });
  EXPECT_FALSE(ask([](Repositories& r) { return r.kv.get(kInstance, "offset"); }));
}

TEST_F(RepositoriesTest, AnInstanceHasABoundedNumberOfKeys) {
  base::Status last;
  unit([&](Repositories& r) -> base::Status {
    for (std::size_t number = 0; number < limits::kKvKeys; ++number) {
      PATCHBAY_TRY(r.kv.put(kInstance, std::to_string(number), "v"));
    }
    last = r.kv.put(kInstance, "one too many", "v");
    return r.kv.put(kInstance, "0", "changed");
  });
  EXPECT_EQ(last.code(), base::Code::kTooLarge);
}

TEST_F(RepositoriesTest, RetryDeadlinesOutliveARestart) {
  const base::ChatKey chat("telegram:group:-1");
  unit([&](Repositories& r) -> base::Status {
    PATCHBAY_TRY(r.instance_state.put_deadline({kInstance, {}, at(5000)}));
    PATCHBAY_TRY(r.instance_state.put_deadline({kInstance, {}, at(4000)}));
    return r.instance_state.put_deadline({kInstance, chat, at(1000)});
  });
  reopen();
  const auto deadlines =
      ask([](Repositories& r) { return r.instance_state.load_deadlines(at(2000)); });
  ASSERT_EQ(deadlines.size(), 1U);
  EXPECT_TRUE(deadlines[0].chat.empty());
  EXPECT_EQ(deadlines[0].until, at(5000));
}

TEST_F(RepositoriesTest, KnownSendersAreOfOneAgentAndInstance) {
  unit([](Repositories& r) { return r.known_senders.add(kAgent, kInstance, "42", at(1)); });
  const auto known = [&](const std::string& instance) {
    return ask([&](Repositories& r) {
      return r.known_senders.contains(kAgent, base::InstanceName(instance), "42");
    });
  };
  EXPECT_TRUE(known("telegram"));
  EXPECT_FALSE(known("slack"));
  unit([](Repositories& r) { return r.known_senders.remove(kAgent, kInstance, "42"); });
  EXPECT_FALSE(known("telegram"));
}

}  // namespace
}  // namespace patchbay::store
