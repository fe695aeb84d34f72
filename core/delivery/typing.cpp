#include "delivery/typing.hpp"

#include "delivery/address.hpp"
#include "delivery/channel_facts.hpp"

namespace patchbay::delivery {
namespace {

// Telegram and Discord forget it after 5 and 10 seconds.
constexpr base::Milliseconds kShownAgain{4000};

}  // namespace

void Typing::set_working(const session::SessionAddress& session, bool working) {
  if (!working) {
    working_.erase(session);
    return;
  }
  if (!working_.try_emplace(session, core_.deps.loop).second) {
    return;
  }
  core_.deps.database.transact<store::LaneKey>(
      [session](store::Repositories& repositories) -> base::Result<store::LaneKey> {
        PATCHBAY_ASSIGN(const auto record, repositories.sessions.find(session.agent, session.id));
        return record ? store::LaneKey{record->instance, record->chat, record->thread}
                      : store::LaneKey{};
      },
      lifetime_.guard([this, session](const base::Result<store::LaneKey>& lane) {
        const auto found = working_.find(session);
        const bool is_first = found != working_.end() && found->second.lane.chat.empty();
        if (is_first && lane.ok() && !lane->chat.empty()) {
          found->second.lane = *lane;
          show(session);
        }
      }));
}

void Typing::show(const session::SessionAddress& session) {
  const auto found = working_.find(session);
  if (found == working_.end() || core_.stopping) {
    return;
  }
  const store::LaneKey& lane = found->second.lane;
  const auto chat = platform_chat(lane);
  if (!chat) {
    return;
  }
  if (ChannelFacts::is_usable(core_.deps.channels.state(lane.instance))) {
    core_.deps.channels.show_typing(lane.instance, chat->kind, chat->id, lane.thread);
  }
  found->second.again.arm(kShownAgain, [this, session] { show(session); });
}

}  // namespace patchbay::delivery
