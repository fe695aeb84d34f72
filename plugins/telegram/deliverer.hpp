// Deliveries to Telegram, part by part.
#pragma once

#include <cstddef>
#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include <patchbay/sdk/adapter.hpp>

#include "telegram/bot_api.hpp"
#include "telegram/chat_moves.hpp"
#include "telegram/outbound_plan.hpp"
#include "telegram/question_book.hpp"

namespace patchbay::telegram {

class Deliverer {
 public:
  Deliverer(sdk::Adapter& adapter, BotApi& api, ChatMoves& moves, QuestionBook& questions)
      : adapter_(adapter), api_(api), moves_(moves), questions_(questions) {}

  [[nodiscard]] sdk::Task<sdk::Result> deliver(sdk::Delivery delivery);
  // Best effort: a sign that is not seen is no loss.
  [[nodiscard]] sdk::Task<> show_typing(sdk::Chat chat);

 private:
  [[nodiscard]] sdk::Task<sdk::Result> send(sdk::Delivery& delivery);
  [[nodiscard]] sdk::Task<sdk::Result> send_parts(sdk::Delivery& delivery,
                                                  const std::vector<OutboundPart>& parts,
                                                  std::vector<std::string> sent);
  // With one try each without markup, in the group's new place, and as a document, as Telegram
  // asks.
  [[nodiscard]] sdk::Task<Answer> send_part(sdk::Delivery& delivery, OutboundPart part,
                                            bool quotes);
  [[nodiscard]] sdk::Task<Answer> request_part(const sdk::Delivery& delivery,
                                               const OutboundPart& part, bool quotes,
                                               bool marked_up);
  // For a request of so many bytes, so that it ends before the delivery's deadline: what comes
  // later is taken for unknown by the host.
  [[nodiscard]] CallOptions options_for(const sdk::Delivery& delivery, std::int64_t bytes) const;
  [[nodiscard]] sdk::Task<sdk::Result> edit(sdk::Delivery& delivery);
  // remote_ids of a result that is ok: the parts that are in their place. If the message turns out
  // to be a file, `parts` become those of its caption.
  [[nodiscard]] sdk::Task<sdk::Result> edit_parts(sdk::Delivery& delivery,
                                                  std::vector<OutboundPart>& parts);
  [[nodiscard]] sdk::Task<Answer> edit_message(sdk::Delivery& delivery,
                                               const std::string& message_id,
                                               const OutboundPart& part);
  // Gone they shall be: a message that is gone already is none to fail for.
  [[nodiscard]] sdk::Task<sdk::Result> remove_messages(sdk::Delivery& delivery,
                                                       const std::vector<std::string>& message_ids);
  [[nodiscard]] sdk::Task<sdk::Result> react(sdk::Delivery& delivery);
  [[nodiscard]] sdk::Task<sdk::Result> remove(sdk::Delivery& delivery);
  // A call that may be made twice without harm; follows a group that moved.
  [[nodiscard]] sdk::Task<Answer> call_about_target(sdk::Delivery& delivery,
                                                    std::string_view method,
                                                    nlohmann::json arguments);
  // Whether the chat has another id now, which the delivery then has, too.
  [[nodiscard]] sdk::Task<bool> follow_move(sdk::Delivery& delivery, const Answer& answer);

  sdk::Adapter& adapter_;
  BotApi& api_;
  ChatMoves& moves_;
  QuestionBook& questions_;
};

}  // namespace patchbay::telegram
