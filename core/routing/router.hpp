// Brings what people wrote to the sessions of the agents that it is for. delivery.md, "Inbound".
//
// The way of an event: a unit of work that decides (plan.hpp); its files into the inboxes; one row
// in each session (session_lanes.hpp); a second unit that makes the disposition durable
// (settlement.hpp); then the adapter is told. Many events are under way at once; each step keeps
// the order of the events of a chat.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <string>

#include "base/executor.hpp"
#include "base/ids.hpp"
#include "base/random.hpp"
#include "base/status.hpp"
#include "routing/compiled_routing.hpp"
#include "routing/file_placement.hpp"
#include "routing/ports.hpp"
#include "session/types.hpp"
#include "store/central_database.hpp"

namespace patchbay::routing {

class ChatMoves;

// What the router works with; everything outlives it.
struct RouterParts {
  base::Loop& loop;
  base::Executor& storage;  // threads that may block; what runs there must end before the parts go
  store::CentralDatabase& database;
  FileTools files;
  base::Random& random;
};

// All functions: [core thread].
class Router final : public InboundPort {
 public:
  Router(RouterParts parts, std::shared_ptr<const CompiledRouting> routing);
  ~Router() override;

  // The instances, to fetch files that came by reference. Before start().
  void set_files(FilePort& files);
  // Once, before the first submit(): takes up what the last run left in the intake and what was
  // still to be fetched. Synchronous.
  [[nodiscard]] base::Status start();

  void submit(InboundEvent event, base::UniqueFunction<void(SubmitOutcome)> done) override;

  // The new configuration holds for events submitted from now on. Events in the intake whose chat
  // it names are then routed, in order.
  void reconfigure(std::shared_ptr<const CompiledRouting> routing);
  // Routes the events that the intake holds for chats which are named by now. `done` gets how many
  // of them left the intake.
  void replay_held(base::UniqueFunction<void(base::Result<std::size_t>)> done);

  // What an adapter told about its account and chats, a JSON object: see chat_moves.hpp.
  void take_fact(const base::InstanceName& instance, const std::string& fact_json);

  // SessionStorage::on_work() says so: rows that wait for this session are tried at once.
  void session_is_writable(const session::SessionAddress& session);

  // Once a session, after start(): rows whose files nobody fetches, left by a crash, go to their
  // agent without them when the platform does not repeat the message. `done` at once, when the
  // session was looked at.
  void look_for_lost_files(const session::SessionAddress& session,
                           base::UniqueFunction<void()> done);

  // What the supervisor writes into a session before a wake.
  void routing_for(const session::SessionAddress& session,
                   base::UniqueFunction<void(base::Result<session::SetRouting>)> done);

  // Whether the configuration of now does anything with what comes in that chat. False: its
  // messages wait for a wiring, up to limits::kIntakeChatRows.
  [[nodiscard]] bool routes(const base::ChatKey& chat) const;

  // By the configuration of now, a wiring of the chat hears known people only, and this is none.
  [[nodiscard]] bool is_stranger(const base::InstanceName& instance, const base::ChatKey& chat,
                                 const std::string& sender) const;

  struct Numbers {
    std::size_t under_way = 0;          // events
    std::size_t diverted_sessions = 0;  // whose rows wait in the intake
  };
  [[nodiscard]] Numbers numbers() const;

 private:
  class Pipeline;
  std::unique_ptr<Pipeline> pipeline_;
  std::unique_ptr<ChatMoves> moves_;
  store::CentralDatabase& database_;
};

}  // namespace patchbay::routing
