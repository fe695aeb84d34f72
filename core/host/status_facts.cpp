#include "host/status_facts.hpp"

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>
#include <utility>

#include "base/iso_time.hpp"

namespace patchbay::host {

using nlohmann::json;

base::Result<StoredFacts> read_stored_facts(store::Repositories& repositories) {
  PATCHBAY_ASSIGN(const auto held,
                  repositories.intake.count_by_chat(store::IntakeReason::kUnknownChat));
  PATCHBAY_ASSIGN(const auto refused, repositories.audit.count_by_chat(store::kUnknownChatFull));
  PATCHBAY_ASSIGN(const auto counts, repositories.ledger.counts());
  std::map<std::pair<base::InstanceName, base::ChatKey>, UnwiredChat> chats;
  for (const auto& chat : held) {
    chats[{chat.instance, chat.chat}].held = chat.count;
  }
  for (const auto& chat : refused) {
    chats[{chat.instance, chat.chat}].refused = chat.count;
  }
  StoredFacts facts;
  PATCHBAY_ASSIGN(facts.strangers,
                  repositories.audit.list_of(store::kUnknownSender, kStrangersTold));
  for (auto& [name, chat] : chats) {
    chat.instance = name.first;
    chat.chat = name.second;
    facts.unwired.push_back(std::move(chat));
  }
  std::stable_sort(facts.unwired.begin(), facts.unwired.end(),
                   [](const UnwiredChat& one, const UnwiredChat& other) {
                     return one.held + one.refused > other.held + other.refused;
                   });
  for (const store::InstanceCounts& count : counts) {
    facts.unknown_deliveries +=
        count.by_state.at(static_cast<std::size_t>(store::DeliveryState::kUnknown));
  }
  return facts;
}

json unwired_json(const StoredFacts& facts,
                  const std::function<bool(const base::ChatKey&)>& is_wired) {
  std::int64_t held = 0;
  std::int64_t refused = 0;
  std::size_t count = 0;
  json chats = json::array();
  for (const UnwiredChat& chat : facts.unwired) {
    if (is_wired(chat.chat)) {
      continue;
    }
    ++count;
    held += chat.held;
    refused += chat.refused;
    if (chats.size() < kUnwiredChatsTold) {
      chats.push_back({{"instance", chat.instance.str()},
                       {"chat", chat.chat.str()},
                       {"held", chat.held},
                       {"refused", chat.refused}});
    }
  }
  return {{"held", held}, {"refused", refused}, {"chatCount", count}, {"chats", std::move(chats)}};
}

json strangers_json(const StoredFacts& facts, base::WallTime now,
                    const std::function<bool(const store::AuditRecord&)>& is_stranger) {
  json people = json::array();
  for (const store::AuditRecord& record : facts.strangers) {
    if (now - record.last < kStrangersShown && is_stranger(record)) {
      people.push_back({{"instance", record.instance.str()},
                        {"chat", record.chat.str()},
                        {"sender", record.sender},
                        {"name", record.sender_name},
                        {"refused", record.count},
                        {"last", base::format_iso_utc(record.last)}});
    }
  }
  return people;
}

}  // namespace patchbay::host
