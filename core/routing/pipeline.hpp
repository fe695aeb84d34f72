// Inside the router: the events under way.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "routing/file_fetcher.hpp"
#include "routing/plan.hpp"
#include "routing/router.hpp"
#include "routing/session_lanes.hpp"
#include "routing/settlement.hpp"

namespace patchbay::routing {

// All functions: [core thread].
class Router::Pipeline {
 public:
  Pipeline(RouterParts parts, std::shared_ptr<const CompiledRouting> routing);

  void set_files(FilePort& files) { fetcher_.set_files(files); }
  [[nodiscard]] base::Status start();
  void submit(InboundEvent event, base::UniqueFunction<void(SubmitOutcome)> done);
  void set_routing(std::shared_ptr<const CompiledRouting> routing) {
    routing_ = std::move(routing);
  }
  void replay_held(base::UniqueFunction<void(base::Result<std::size_t>)> done);
  void session_is_writable(const session::SessionAddress& session) {
    lanes_.session_is_writable(session);
  }
  [[nodiscard]] Numbers numbers() const { return {under_way_, lanes_.diverted_sessions()}; }

 private:
  struct Flow;
  // Shared by the completions of the steps of one event.
  using FlowPointer = std::shared_ptr<Flow>;
  // The events of a chat between plan and sessions, in order; the first may wait for its files.
  struct ChatLane {
    std::deque<FlowPointer> flows;
    bool preparing = false;
  };
  using ChatName = std::pair<base::InstanceName, base::ChatKey>;
  struct HeldReplay;

  void submit_from_intake(InboundEvent event, std::int64_t held_as,
                          base::UniqueFunction<void(SubmitOutcome)> done);
  void begin(const FlowPointer& flow);
  // Events of a chat keep their order: what came after one that the platform has to repeat is to be
  // repeated too.
  void give_back(const FlowPointer& flow);
  void give_back_from(const ChatName& chat);
  [[nodiscard]] bool must_follow_one_given_back(const Flow& flow);
  void planned(const FlowPointer& flow, base::Result<Plan> plan);
  void advance(const ChatName& chat);
  void prepare(const ChatName& chat, const FlowPointer& flow);
  void make_folders(const FlowPointer& flow, base::UniqueFunction<void()> done);
  void prepared(const ChatName& chat, const FlowPointer& flow);
  [[nodiscard]] bool needs_repetition_for_files(Flow& flow);
  void write_rows(const FlowPointer& flow);
  void row_written(const FlowPointer& flow, std::size_t target, SessionLanes::Written written);
  void settle_rows(const FlowPointer& flow);
  void settle_without_rows(const FlowPointer& flow);
  void commit(const FlowPointer& flow, Settlement settlement);
  void settled(const FlowPointer& flow, const Settlement& settlement,
               const base::Result<Settled>& result);
  void finish(const FlowPointer& flow, SubmitOutcome outcome);
  void discard(std::vector<InboundFile> files);

  void load_held(const std::shared_ptr<HeldReplay>& replay);
  void submit_held(const std::shared_ptr<HeldReplay>& replay,
                   std::vector<store::IntakeRecord> records);
  void prune();

  RouterParts parts_;
  std::shared_ptr<const CompiledRouting> routing_;
  SessionLanes lanes_;
  FileFetcher fetcher_;
  std::map<ChatName, ChatLane> chats_;
  std::uint64_t begun_ = 0;  // events, ever
  // The events of these chats up to this number are given back.
  std::map<ChatName, std::uint64_t> given_back_;
  // Chats that refused an event for want of room, and whose submitter has yet to be told.
  std::multiset<ChatName> refusing_;
  std::size_t under_way_ = 0;
  std::size_t bytes_under_way_ = 0;
  // How often the files of an event could not be placed, by "<instance> <event id>".
  std::map<std::string, int> failed_placements_;
  std::shared_ptr<const char> alive_ = std::make_shared<const char>();
};

}  // namespace patchbay::routing
