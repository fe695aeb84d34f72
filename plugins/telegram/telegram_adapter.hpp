// The Telegram adapter: the Bot API by long polling.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include <patchbay/sdk/adapter.hpp>

#include "telegram/bot_api.hpp"
#include "telegram/chat_moves.hpp"
#include "telegram/deliverer.hpp"
#include "telegram/downloader.hpp"
#include "telegram/poller.hpp"
#include "telegram/question_book.hpp"

namespace patchbay::telegram {

class TelegramAdapter : public sdk::Adapter {
 public:
  // "The status is set for 5 seconds or less": https://core.telegram.org/bots/api#sendchataction
  static constexpr std::uint32_t kTypingLastsMs = 5000;

  using Adapter::Adapter;

  sdk::Result configure(std::string_view settings_json) override;
  sdk::Task<> run() override;
  sdk::Task<sdk::Result> deliver(sdk::Delivery delivery) override;
  sdk::Task<sdk::Result> fetch(std::string reference, std::uint64_t staging_handle) override;
  [[nodiscard]] sdk::Capabilities capabilities(const sdk::Chat& chat) override;
  // kind "update": one Update of getUpdates. Files stay references, buttons keep their raw value.
  [[nodiscard]] std::optional<std::vector<sdk::Event>> translate(std::string_view kind,
                                                                 std::string_view payload) override;
  sdk::Task<> typing(sdk::Chat chat);

 private:
  // What works together once the settings are known.
  struct Parts {
    Parts(sdk::Adapter& adapter, Settings settings)
        : api(adapter.http, std::move(settings)),
          moves(adapter),
          questions(adapter.kv),
          downloader(adapter, api),
          deliverer(adapter, api, moves, questions),
          poller(adapter, api, downloader, moves, questions) {}

    BotApi api;
    ChatMoves moves;
    QuestionBook questions;
    Downloader downloader;
    Deliverer deliverer;
    Poller poller;
  };

  std::optional<Parts> parts_;  // after configure()
};

}  // namespace patchbay::telegram
