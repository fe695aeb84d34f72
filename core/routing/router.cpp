#include "routing/router.hpp"

#include "base/log.hpp"
#include "routing/chat_moves.hpp"
#include "routing/pipeline.hpp"
#include "routing/session_routing.hpp"

namespace patchbay::routing {

Router::Router(RouterParts parts, std::shared_ptr<const CompiledRouting> routing)
    : pipeline_(std::make_unique<Pipeline>(parts, routing)),
      moves_(std::make_unique<ChatMoves>(parts.loop, parts.database, std::move(routing))),
      database_(parts.database) {}

Router::~Router() = default;

void Router::set_files(FilePort& files) { pipeline_->set_files(files); }

base::Status Router::start() {
  moves_->look_at_wirings();
  return pipeline_->start();
}

void Router::submit(InboundEvent event, base::UniqueFunction<void(SubmitOutcome)> done) {
  pipeline_->submit(std::move(event), std::move(done));
}

void Router::reconfigure(std::shared_ptr<const CompiledRouting> routing) {
  moves_->set_routing(routing);
  pipeline_->set_routing(std::move(routing));
  replay_held([](const base::Result<std::size_t>& replayed) {
    if (!replayed.ok()) {
      base::log_warning("routing.held_not_replayed", {{"reason", replayed.status().message()}});
    } else if (*replayed > 0) {
      base::log_info("routing.held_replayed", {{"events", *replayed}});
    }
  });
}

void Router::replay_held(base::UniqueFunction<void(base::Result<std::size_t>)> done) {
  pipeline_->replay_held(std::move(done));
}

void Router::take_fact(const base::InstanceName& instance, const std::string& fact_json) {
  moves_->told(instance, fact_json);
}

void Router::session_is_writable(const session::SessionAddress& session) {
  pipeline_->session_is_writable(session);
}

void Router::look_for_lost_files(const session::SessionAddress& session,
                                 base::UniqueFunction<void()> done) {
  pipeline_->look_for_lost_files(session, std::move(done));
}

void Router::routing_for(const session::SessionAddress& session,
                         base::UniqueFunction<void(base::Result<session::SetRouting>)> done) {
  database_.transact<session::SetRouting>(
      [session](store::Repositories& repositories) {
        return routing::routing_for(repositories, session);
      },
      std::move(done));
}

bool Router::routes(const base::ChatKey& chat) const { return pipeline_->is_to_be_routed(chat); }

bool Router::is_stranger(const base::InstanceName& instance, const base::ChatKey& chat,
                         const std::string& sender) const {
  return pipeline_->is_stranger(instance, chat, sender);
}

Router::Numbers Router::numbers() const { return pipeline_->numbers(); }

}  // namespace patchbay::routing
