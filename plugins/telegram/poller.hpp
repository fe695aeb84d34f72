// The inbound side: one long poll at a time, and its updates to the host.
//
// Telegram takes an offset as the word that everything before it was received, and then forgets it.
// So the offset moves, in the durable map and to Telegram, only when the host has a durable
// disposition for every update of the batch.
#pragma once

#include <chrono>
#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include <patchbay/sdk/adapter.hpp>

#include "telegram/bot_api.hpp"
#include "telegram/chat_moves.hpp"
#include "telegram/downloader.hpp"
#include "telegram/identity.hpp"
#include "telegram/question_book.hpp"
#include "telegram/update.hpp"

namespace patchbay::telegram {

class Poller {
 public:
  Poller(sdk::Adapter& adapter, BotApi& api, Downloader& downloader, ChatMoves& moves,
         QuestionBook& questions)
      : adapter_(adapter),
        api_(api),
        downloader_(downloader),
        moves_(moves),
        questions_(questions) {}

  // Until the instance stops, or Telegram refuses the token.
  [[nodiscard]] sdk::Task<> run();

  [[nodiscard]] const Identity& me() const { return me_; }

 private:
  static constexpr int kMostUpdates = 100;  // that Telegram gives at once

  // One message on its way to the host. `original` has its files by reference.
  struct Item {
    sdk::Event original;
    std::string callback_query_id;
    std::string callback_answer;  // what the person sees; empty: the button only stops spinning
    bool dropped = false;         // it only has to be answered
  };

  [[nodiscard]] sdk::Task<> load_offset();
  // False: the token is refused.
  [[nodiscard]] sdk::Task<bool> introduce();
  [[nodiscard]] sdk::Task<Answer> get_updates();
  // After an answer that was too large: the same request would fail for ever.
  [[nodiscard]] sdk::Task<> ask_for_less();
  // Says what is wrong and waits as long as that takes. False: it takes a person.
  [[nodiscard]] sdk::Task<bool> recover(const Answer& answer);
  [[nodiscard]] sdk::Task<> take(const nlohmann::json& updates);
  [[nodiscard]] sdk::Task<> prepare(Meaning meaning, std::vector<Item>& items);
  [[nodiscard]] sdk::Task<> remember_move(const Migration& migration);
  [[nodiscard]] sdk::Task<> resolve_button(Item& item);
  [[nodiscard]] sdk::Task<> submit_until_stored(std::vector<Item> items);
  [[nodiscard]] sdk::Task<> confirm(std::int64_t next_offset);
  [[nodiscard]] sdk::Task<> answer_button(std::string query_id, std::string text);

  void now_online();
  void say(sdk::StateKind kind, const std::string& reason, std::string user_action = {});
  [[nodiscard]] std::chrono::milliseconds next_backoff();

  sdk::Adapter& adapter_;
  BotApi& api_;
  Downloader& downloader_;
  ChatMoves& moves_;
  QuestionBook& questions_;
  Identity me_;
  std::int64_t offset_ = 0;   // 0: none yet
  int limit_ = kMostUpdates;  // of updates in one answer
  int failures_ = 0;          // in a row
  sdk::State state_;          // as said last
};

}  // namespace patchbay::telegram
