// Messages a second from the router's submit() until they are durably in the session.
#include <filesystem>

#include "attachments/mime_detector.hpp"
#include "attachments/staging.hpp"
#include "base/limits.hpp"
#include "base/random.hpp"
#include "measure.hpp"
#include "plain_sqlite.hpp"
#include "routing/router.hpp"
#include "session_folders.hpp"
#include "statistics.hpp"

namespace patchbay::bench {
namespace {

constexpr int kBurst = 60'000;
constexpr int kSessions = 1000;
constexpr int kEvenly = 10'000;
constexpr int kPlain = 200;
// As many as one instance may have under way.
constexpr int kOutstanding = static_cast<int>(limits::kPendingSubmits);

class NoFiles final : public routing::FilePort {
 public:
  void fetch(const base::InstanceName& /*instance*/, const std::string& /*reference*/,
             base::UniqueFunction<void(base::Result<std::string>)> /*done*/) override {}
  [[nodiscard]] bool is_paused(const base::InstanceName& /*instance*/) const override {
    return false;
  }
  [[nodiscard]] bool is_connected(const base::InstanceName& /*instance*/) const override {
    return true;
  }
};

std::shared_ptr<const routing::CompiledRouting> everything_to_main() {
  routing::RoutingConfig config;
  config.agents = {base::AgentGroupId("main")};
  config.default_agent = config.agents.front();
  routing::Wiring wiring;
  wiring.chats = "bench:*";
  wiring.agent = config.default_agent;
  wiring.engage = routing::Engage::kAlways;
  config.wirings = {wiring};
  return must(routing::CompiledRouting::compile(std::move(config)));
}

// A router on real databases.
class Inbound {
 public:
  explicit Inbound(const std::string& folder)
      : storage_(folder), staging_(must(attachments::StagingArea::open(folder + "/staging"))) {
    storage_.sessions->on_work([](const session::SessionAddress&, const session::SessionWork&) {});
    router_ = std::make_unique<routing::Router>(
        routing::RouterParts{storage_.loop,
                             storage_.threads,
                             *storage_.database,
                             {storage_.sessions.get(), staging_.get(), &mime_},
                             random_},
        everything_to_main());
    router_->set_files(files_);
    must(router_->start());
  }
  ~Inbound() { storage_.threads.drain(); }
  Inbound(const Inbound&) = delete;
  Inbound& operator=(const Inbound&) = delete;

  // Messages a second, `count` of them over `chats` chats in turn.
  double rate(int chats, int count) {
    int left = count;
    int stored = 0;
    std::function<void()> submit_next = [&] {
      if (left == 0) {
        return;
      }
      router_->submit(message(--left % chats), [&](routing::SubmitOutcome outcome) {
        if (outcome != routing::SubmitOutcome::kStored) {
          throw std::runtime_error("a message was not stored");
        }
        ++stored;
        submit_next();
      });
    };
    const auto begin = Clock::now();
    for (int i = 0; i < kOutstanding; ++i) {
      submit_next();
    }
    run_until(storage_.loop, [&] { return stored == count; }, "the messages to be stored");
    return count / seconds_since(begin);
  }

 private:
  routing::InboundEvent message(int chat) {
    const std::string number = std::to_string(++messages_);
    routing::InboundEvent event;
    event.instance = base::InstanceName("bench");
    event.channel = base::ChannelName("bench");
    event.event_id = "e" + number;
    event.message_id = number;
    event.chat_kind = store::ChatKind::kGroup;
    event.chat_id = std::to_string(chat);
    event.chat = base::ChatKey(chat_of("bench", chat));
    event.chat_name = "Family";
    event.sender = {"42", "Ann", false, false};
    event.timestamp = storage_.loop.wall_now();
    event.text = "hello " + number;
    return event;
  }

  Storage storage_;
  base::Random random_{base::system_seed()};
  std::unique_ptr<attachments::StagingArea> staging_;
  attachments::MimeDetector mime_{storage_.loop};
  NoFiles files_;
  std::unique_ptr<routing::Router> router_;
  int messages_ = 0;
};

// Messages a second, one after the other over `databases` databases in turn.
double plain_rate(const std::string& folder, int databases) {
  const auto path = [&](int number) { return folder + "/" + std::to_string(number) + ".db"; };
  std::filesystem::create_directories(folder);
  for (int number = 0; number < databases; ++number) {
    make_inbound_tables(path(number));
  }
  const auto begin = Clock::now();
  for (int number = 0; number < kPlain; ++number) {
    open_insert_close(path(number % databases), number);
  }
  return kPlain / seconds_since(begin);
}

}  // namespace

std::vector<Figure> inbound_rate(const Place& place) {
  const double plain_one = plain_rate(place.folder + "/plain-one", 1);
  const double plain_many = plain_rate(place.folder + "/plain-many", kPlain);
  std::filesystem::create_directories(place.folder + "/data");
  Inbound inbound(place.folder + "/data");
  inbound.rate(kSessions, kSessions);  // every session has its folder before time runs
  const double burst = inbound.rate(1, kBurst);
  const double evenly = inbound.rate(kSessions, kEvenly);
  const std::string plain = "open, insert, close each";
  return {{"inbound durable, one session in burst",
           "/s",
           burst,
           plain,
           plain_one,
           {at_least(20'000), ratio_at_least(15)}},
          {"inbound durable, 1,000 sessions evenly", "/s", evenly, plain, plain_many, {}}};
}

}  // namespace patchbay::bench
