#include "routing/chat_moves.hpp"

#include <nlohmann/json.hpp>
#include <utility>

#include <patchbay/sdk/group_key.hpp>

#include "base/json.hpp"
#include "base/log.hpp"
#include "base/text.hpp"
#include "store/repositories.hpp"

namespace patchbay::routing {
namespace {

using nlohmann::json;

constexpr base::Milliseconds kKeepAgain{1000};

std::string text_at(const json& object, const char* name) {
  const auto found = object.find(name);
  return found != object.end() && found->is_string() ? found->get<std::string>() : std::string();
}

// Empty: it is none.
base::ChatKey key_of(const base::InstanceName& instance, const json& fact, const char* name) {
  const auto chat = fact.find(name);
  if (chat == fact.end() || !chat->is_object()) {
    return {};
  }
  const std::string word = text_at(*chat, "kind");
  for (const auto kind : {sdk::ChatKind::kDirect, sdk::ChatKind::kGroup, sdk::ChatKind::kChannel}) {
    const sdk::GroupKey key(instance.str(), {}, kind, text_at(*chat, "id"));
    if (word == sdk::chat_kind_word(kind) && key.valid()) {
      return base::ChatKey(key.text());
    }
  }
  return {};
}

}  // namespace

base::Result<std::optional<ToldMove>> read_chat_move(const base::InstanceName& instance,
                                                     const std::string& fact_json) {
  const auto fact = base::parse_json(fact_json);
  if (!fact.ok() || !fact->is_object() || text_at(*fact, "fact") != "chat_moved") {
    return std::optional<ToldMove>();
  }
  ToldMove told;
  told.move = {instance, key_of(instance, *fact, "from"), key_of(instance, *fact, "to")};
  if (told.move.from.empty() || told.move.to.empty()) {
    return base::Status(base::Code::kInvalidArgument,
                        "the fact chat_moved needs \"from\" and \"to\", each with kind and id");
  }
  told.platform_id = text_at((*fact)["to"], "id");
  return std::optional(std::move(told));
}

void ChatMoves::told(const base::InstanceName& instance, const std::string& fact_json) {
  const auto told = read_chat_move(instance, fact_json);
  if (!told.ok()) {
    base::log_warning("adapter.contract_broken",
                      {{"instance", instance.str()}, {"what", told.status().message()}});
  } else if (*told) {
    keep(**told);
  }
}

void ChatMoves::keep(const ToldMove& told) {
  database_.transact<bool>(
      [told](store::Repositories& repositories) {
        return repositories.chat_moves.add(told.move, told.platform_id);
      },
      lifetime_.guard([this, told](const base::Result<bool>& added) {
        if (!added.ok()) {
          // The adapter will not tell again.
          base::log_error("routing.chat_move_not_kept", {{"instance", told.move.instance.str()},
                                                         {"from", told.move.from.str()},
                                                         {"to", told.move.to.str()},
                                                         {"reason", added.status().message()}});
          loop_.run_after(kKeepAgain, lifetime_.guard([this, told] { keep(told); }));
        } else if (*added) {
          base::log_info("routing.chat_moved", {{"instance", told.move.instance.str()},
                                                {"from", told.move.from.str()},
                                                {"to", told.move.to.str()}});
          warn_of_wirings({told.move});
        }
      }));
}

void ChatMoves::set_routing(std::shared_ptr<const CompiledRouting> routing) {
  routing_ = std::move(routing);
  look_at_wirings();
}

void ChatMoves::look_at_wirings() {
  using Moves = std::vector<store::ChatMove>;
  database_.transact<Moves>(
      [](store::Repositories& repositories) { return repositories.chat_moves.list(); },
      lifetime_.guard([this](const base::Result<Moves>& moves) {
        if (moves.ok()) {
          warn_of_wirings(*moves);
        }
      }));
}

void ChatMoves::warn_of_wirings(const std::vector<store::ChatMove>& moves) const {
  const std::vector<Wiring>& wirings = routing_->config().wirings;
  for (const store::ChatMove& move : moves) {
    for (std::size_t index = 0; index < wirings.size(); ++index) {
      const std::string& chats = wirings[index].chats;
      if (!base::glob_matches(chats, move.from.str()) || base::glob_matches(chats, move.to.str())) {
        continue;
      }
      base::log_warning("routing.wiring_names_former_chat",
                        {{"key", "wirings[" + std::to_string(index) + "].chats"},
                         {"value", chats},
                         {"chat", move.from.str()},
                         {"is_now", move.to.str()},
                         {"remedy", "name the chat as it is now; the former name still holds"}});
    }
  }
}

}  // namespace patchbay::routing
