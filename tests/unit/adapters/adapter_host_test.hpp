// A whole AdapterHost with the scripted adapter, real staging and central database, a virtual clock
// and scripted neighbours.
#pragma once

#include <algorithm>
#include <deque>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "adapters/adapters.hpp"
#include "attachments/staging.hpp"
#include "base/random.hpp"
#include "isolation_name.hpp"
#include "net/http_client.hpp"
#include "plugin_folder.hpp"
#include "store/central_database.hpp"
#include "test_common/virtual_loop.hpp"
#include "watched_threads.hpp"

namespace patchbay::adapters {

// Routing as a test plays it.
class FakeInbound final : public routing::InboundPort {
 public:
  explicit FakeInbound(base::Loop& loop) : loop_(loop) {}
  void submit(routing::InboundEvent event,
              base::UniqueFunction<void(routing::SubmitOutcome)> done) override {
    events.push_back(std::move(event));
    if (!hold) {
      loop_.post([done = std::move(done), outcome = outcome] { done(outcome); });
    } else {
      held.push_back(std::move(done));
    }
  }

  std::vector<routing::InboundEvent> events;
  routing::SubmitOutcome outcome = routing::SubmitOutcome::kStored;
  bool hold = false;
  std::deque<base::UniqueFunction<void(routing::SubmitOutcome)>> held;

 private:
  base::Loop& loop_;
};

// Delivery as a test plays it.
class FakeEvents final : public delivery::ChannelEvents {
 public:
  struct Part {
    std::int64_t delivery_id;
    store::DeliveryPart part;
    base::UniqueFunction<void(bool)> durable;
  };
  void on_part(std::int64_t delivery_id, store::DeliveryPart part,
               base::UniqueFunction<void(bool)> durable) override {
    parts.push_back({delivery_id, std::move(part), std::move(durable)});
  }
  void on_late_part(std::int64_t delivery_id, store::DeliveryPart part) override {
    late_parts.push_back({delivery_id, std::move(part), {}});
  }
  void on_instance_state(const base::InstanceName& instance, delivery::InstanceState state,
                         const std::string& /*reason*/) override {
    states[instance.str()].push_back(state);
  }
  void on_report(const base::InstanceName& /*instance*/, const std::string& remote_id,
                 const std::string& idempotency_key, bool failed,
                 const std::string& reason) override {
    reports.push_back(remote_id + "|" + idempotency_key + "|" + (failed ? "failed" : "sent") + "|" +
                      reason);
  }
  void on_chat_reachable(const base::InstanceName& /*instance*/,
                         const base::ChatKey& chat) override {
    reachable.push_back(chat.str());
  }

  std::deque<Part> parts;
  std::deque<Part> late_parts;
  std::map<std::string, std::vector<delivery::InstanceState>> states;
  std::vector<std::string> reports;
  std::vector<std::string> reachable;
};

// The network as a test plays it.
class FakeHttp final : public net::HttpClient {
 public:
  explicit FakeHttp(base::Loop& loop) : loop_(loop) {}
  struct Request {
    net::HttpRequest request;
    Done done;
    bool cancelled = false;
  };
  Operation start(net::HttpRequest request, Done done) override {
    requests[++last_] = {std::move(request), std::move(done), false};
    return last_;
  }
  bool cancel(Operation operation) override {
    const auto found = requests.find(operation);
    if (found == requests.end() || !found->second.done) {
      return false;
    }
    found->second.cancelled = true;
    net::HttpResult result;
    result.status = {base::Code::kCancelled, "cancelled"};
    result.sent_state = sent_when_cancelled;
    loop_.post([done = std::exchange(found->second.done, nullptr),
                result = std::move(result)]() mutable { done(std::move(result)); });
    return true;
  }
  void resume(Operation operation) override { ++resumed[operation]; }
  void answer(Operation operation, int status, std::string body) {
    net::HttpResult result;
    result.sent_state = net::SentState::kAnswered;
    result.http_status = status;
    result.body = std::move(body);
    finish(operation, std::move(result));
  }
  void finish(Operation operation, net::HttpResult result) {
    std::exchange(requests.at(operation).done, nullptr)(std::move(result));
  }

  std::map<Operation, Request> requests;
  std::map<Operation, int> resumed;
  net::SentState sent_when_cancelled = net::SentState::kNotSent;

 private:
  base::Loop& loop_;
  Operation last_ = 0;
};

class AdapterHostTest : public ::testing::Test {
 protected:
  using State = delivery::InstanceState;

  AdapterHostTest() {
    plugins_.add("scripted", "scripted", "scripted");
    auto staging = attachments::StagingArea::open(data_ / "staging");
    EXPECT_TRUE(staging.ok()) << staging.status().message();
    staging_ = std::move(staging).value();
    auto database = store::CentralDatabase::open(data_ / "patchbay.db", loop_);
    EXPECT_TRUE(database.ok()) << database.status().message();
    database_ = std::move(database).value();
    options_.plugin_dirs = {plugins_.path()};
    options_.runner = PATCHBAY_ADAPTER_RUNNER;
    options_.data_dir = data_.path().string();
  }

  void make_host() {
    host_ = std::make_unique<AdapterHost>(
        options_, AdapterHostServices{.loop = loop_,
                                      .storage = storage_,
                                      .random = random_,
                                      .staging = *staging_,
                                      .http = &http_,
                                      .database = database_.get(),
                                      .sockets = nullptr,
                                      .make_executor = [this](const std::string& name) {
                                        return threads_.make(name);
                                      }});
    host_->load_plugins();
  }

  base::Status add(const std::string& name, const std::string& settings = "{}") {
    return host_->add_instance({.name = base::InstanceName(name),
                                .channel = base::ChannelName("scripted"),
                                .settings_json = settings,
                                .allowed_hosts = {},
                                .isolation = isolation_});
  }

  // Starts the host; every instance of `names` comes online.
  void start_online(const std::vector<std::string>& names) {
    make_host();
    for (const std::string& name : names) {
      const base::Status added = add(name);
      ASSERT_TRUE(added.ok()) << added.message();
    }
    ASSERT_TRUE(host_->start(inbound_, events_).ok());
    for (const std::string& name : names) {
      ASSERT_TRUE(comes(name, State::kOnline)) << status(name).reason;
    }
  }

  bool comes(const std::string& name, State state) {
    return loop_.run_until([&] { return host_->state(base::InstanceName(name)) == state; });
  }

  InstanceStatus status(const std::string& name) {
    for (InstanceStatus& status : host_->status()) {
      if (status.name.str() == name) {
        return std::move(status);
      }
    }
    return {};
  }

  delivery::DeliveryRequest command(const std::string& name, const std::string& text) {
    delivery::DeliveryRequest request;
    request.delivery_id = ++last_delivery_;
    request.instance = base::InstanceName(name);
    request.chat_kind = store::ChatKind::kGroup;
    request.chat_id = "-100";
    request.text = text;
    request.idempotency_key = "key" + std::to_string(last_delivery_);
    request.time_allowed = std::chrono::minutes(5);
    return request;
  }

  // Gives a command; its result comes to the returned place.
  std::shared_ptr<std::optional<delivery::AttemptOutcome>> give(delivery::DeliveryRequest request) {
    auto place = std::make_shared<std::optional<delivery::AttemptOutcome>>();
    host_->deliver(std::move(request), [place](delivery::AttemptOutcome outcome) {
      EXPECT_FALSE(place->has_value()) << "completed twice";
      *place = std::move(outcome);
    });
    return place;
  }
  auto give(const std::string& name, const std::string& text) { return give(command(name, text)); }

  delivery::AttemptOutcome await(
      const std::shared_ptr<std::optional<delivery::AttemptOutcome>>& place) {
    EXPECT_TRUE(loop_.run_until([&] { return place->has_value(); })) << "no outcome came";
    return place->value_or(delivery::AttemptOutcome{});
  }
  delivery::AttemptOutcome run(const std::string& name, const std::string& text) {
    return await(give(name, text));
  }
  // The text of the outcome: how what was commanded ended.
  std::string say(const std::string& name, const std::string& text) { return run(name, text).text; }

  // Time passes while no adapter is inside a call, but those that hang.
  void pass(base::Milliseconds time) {
    do {
      ASSERT_TRUE(threads_.wait_until_idle(hanging_)) << "a call did not come back";
    } while (loop_.run_ready() != 0);
    loop_.advance(time);
  }

  // Until the call that hangs is given up: it is under way when the thread has taken it, so time
  // passes in steps. A create() hangs in the thread of the loader.
  void let_hang(const std::string& name, const std::string& thread = {}) {
    hanging_.insert(thread.empty() ? name : thread);
    const auto give_up = std::chrono::steady_clock::now() + test::VirtualLoop::kPatience;
    while (host_->state(base::InstanceName(name)) != State::kFailed) {
      ASSERT_LT(std::chrono::steady_clock::now(), give_up) << "it was not given up";
      ASSERT_NO_FATAL_FAILURE(pass(options_.hung_call));
      std::this_thread::yield();
    }
  }

  bool stop_all() {
    bool stopped = false;
    host_->stop([&stopped] { stopped = true; });
    return loop_.run_until([&] { return stopped; });
  }

  Isolation isolation_ = Isolation::kNone;  // of the instances that are added
  PluginFolder plugins_;
  test::TempFolder data_;
  test::VirtualLoop loop_;
  base::ThreadPool storage_{2, "storage"};
  WatchedThreads threads_;
  std::set<std::string> hanging_;  // threads
  base::Random random_{1};
  std::unique_ptr<attachments::StagingArea> staging_;
  std::unique_ptr<store::CentralDatabase> database_;
  FakeHttp http_{loop_};
  FakeInbound inbound_{loop_};
  FakeEvents events_;
  AdapterHostOptions options_;
  std::unique_ptr<AdapterHost> host_;
  std::int64_t last_delivery_ = 0;
};

// The same for an instance in the daemon and for one in a process of its own: nobody can tell.
class EitherWayTest : public AdapterHostTest, public ::testing::WithParamInterface<Isolation> {
 protected:
  EitherWayTest() { isolation_ = GetParam(); }
};

}  // namespace patchbay::adapters
