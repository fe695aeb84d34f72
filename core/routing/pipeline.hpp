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

#include "base/lifetime.hpp"
#include "routing/file_fetcher.hpp"
#include "routing/lost_files.hpp"
#include "routing/plan.hpp"
#include "routing/router.hpp"
#include "routing/session_lanes.hpp"
#include "routing/settlement.hpp"
#include "routing/strangers.hpp"
#include "routing/unwired_chats.hpp"
#include "store/intake.hpp"

namespace patchbay::routing {

// All functions: [core thread].
class Router::Pipeline {
 public:
  Pipeline(RouterParts parts, std::shared_ptr<const CompiledRouting> routing);

  void set_files(FilePort& files) {
    fetcher_.set_files(files);
    lost_files_.set_files(files);
  }
  [[nodiscard]] base::Status start();
  void submit(InboundEvent event, base::UniqueFunction<void(SubmitOutcome)> done);
  // For events submitted from now on.
  void set_routing(std::shared_ptr<const CompiledRouting> routing);
  void replay_held(base::UniqueFunction<void(base::Result<std::size_t>)> done);
  void session_is_writable(const session::SessionAddress& session) {
    lanes_.session_is_writable(session);
  }
  void look_for_lost_files(const session::SessionAddress& session,
                           base::UniqueFunction<void()> done) {
    lost_files_.look_at(session, std::move(done));
  }
  // False for a chat whose messages wait for a wiring.
  [[nodiscard]] bool is_to_be_routed(const base::ChatKey& chat) const;
  // Somebody whom a wiring of the chat does not hear.
  [[nodiscard]] bool is_stranger(const base::InstanceName& instance, const base::ChatKey& chat,
                                 const std::string& sender) const {
    return routing_->is_stranger(instance, chat, sender);
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
  // A walk over the events that the intake holds (held_replay.cpp). New events of their chats wait
  // behind them.
  struct HeldReplay {
    base::UniqueFunction<void(base::Result<std::size_t>)> done;
    bool started = false;
    bool counted = false;
    std::map<ChatName, std::int64_t> left;  // events of each chat that are to be routed
    std::int64_t after = 0;                 // the last row looked at
    bool more = true;
    std::size_t open = 0;    // events of the page under way
    std::size_t routed = 0;  // that left the intake
  };

  void submit_from_intake(InboundEvent event, std::int64_t held_as,
                          base::UniqueFunction<void(SubmitOutcome)> done);
  void begin(const FlowPointer& flow);
  // Events of a chat keep their order: what came after one that the platform has to repeat is to be
  // repeated too.
  void give_back(const FlowPointer& flow);
  void give_back_from(const ChatName& chat);
  [[nodiscard]] bool must_follow_one_given_back(const Flow& flow);
  void planned(const FlowPointer& flow, base::Result<Plan> plan);
  void go(const FlowPointer& flow);
  void advance(const ChatName& chat);
  void prepare(const ChatName& chat, const FlowPointer& flow);
  void make_folders(const FlowPointer& flow, base::UniqueFunction<void()> done);
  void prepared(const ChatName& chat, const FlowPointer& flow);
  [[nodiscard]] bool needs_repetition_for_files(Flow& flow);
  void write_rows(const FlowPointer& flow);
  void row_written(const FlowPointer& flow, std::size_t target, SessionLanes::Written written);
  void settle_rows(const FlowPointer& flow);
  void settle_without_rows(const FlowPointer& flow);
  void hold_files(const FlowPointer& flow, base::UniqueFunction<void()> then);
  void hold(const FlowPointer& flow, std::int64_t order);
  void commit(const FlowPointer& flow, Settlement settlement);
  void commit(const FlowPointer& flow, const std::shared_ptr<const Settlement>& settlement);
  void settled(const FlowPointer& flow, const std::shared_ptr<const Settlement>& settlement,
               const base::Result<Settled>& result);
  void finish(const FlowPointer& flow, SubmitOutcome outcome);
  void discard(std::vector<InboundFile> files);

  void start_replay();
  void held_counted(const std::vector<store::ChatCount>& counts);
  void load_held();
  void submit_held(const std::vector<store::IntakeRecord>& records);
  void submit_held(const store::IntakeRecord& record);
  void held_ended(const ChatName& chat, SubmitOutcome outcome);
  void page_ended();
  void end_replay(const base::Result<std::size_t>& result);
  [[nodiscard]] bool waits_behind_held(const Flow& flow) const;
  void release_behind_held(const ChatName& chat);
  void prune();

  RouterParts parts_;
  std::shared_ptr<const CompiledRouting> routing_;
  SessionLanes lanes_;
  FileFetcher fetcher_;
  LostFiles lost_files_;
  UnwiredChats unwired_chats_;
  Strangers strangers_;
  // Rows of events that are not settled yet and whose files are to be fetched.
  std::multiset<std::pair<session::SessionAddress, std::string>> without_record_;
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
  std::uint64_t generation_ = 0;                             // of the routing
  std::map<std::uint64_t, std::size_t> open_by_generation_;  // events under way
  std::unique_ptr<HeldReplay> replay_;                       // null: none is under way
  std::deque<base::UniqueFunction<void(base::Result<std::size_t>)>> replays_asked_for_;
  std::map<ChatName, std::deque<FlowPointer>> behind_held_;
  base::Lifetime lifetime_;
};

}  // namespace patchbay::routing
