#include "telegram/telegram_adapter.hpp"

#include <nlohmann/json.hpp>
#include <utility>

#include "common/json_value.hpp"

namespace patchbay::telegram {

using sdk::Result;
using sdk::Task;

Result TelegramAdapter::configure(std::string_view settings_json) {
  auto settings = read_settings(settings_json);
  if (const auto* problem = std::get_if<SettingsProblem>(&settings); problem != nullptr) {
    return Result::not_sent(PBAY_E_INVALID, problem->text);
  }
  parts_.emplace(*this, std::get<Settings>(std::move(settings)));
  return {};
}

Task<> TelegramAdapter::run() { return parts_->poller.run(); }

Task<Result> TelegramAdapter::deliver(sdk::Delivery delivery) {
  return parts_->deliverer.deliver(std::move(delivery));
}

Task<Result> TelegramAdapter::fetch(std::string reference, std::uint64_t staging_handle) {
  return parts_->downloader.fetch(std::move(reference), staging_handle);
}

Task<> TelegramAdapter::typing(sdk::Chat chat) {
  return parts_->deliverer.show_typing(std::move(chat));
}

std::optional<std::vector<sdk::Event>> TelegramAdapter::translate(std::string_view kind,
                                                                  std::string_view payload) {
  const auto update = kind == "update" ? common::parse_json(payload) : std::nullopt;
  if (!update) {
    return std::nullopt;
  }
  std::optional<Meaning> meaning = read_update(*update, parts_->poller.me());
  if (!meaning) {
    return std::nullopt;
  }
  std::vector<sdk::Event> events;
  if (meaning->event) {
    events.push_back(*std::move(meaning->event));
  }
  return events;
}

// The rates: https://core.telegram.org/bots/faq#my-bot-is-hitting-limits-how-do-i-avoid-this
sdk::Capabilities TelegramAdapter::capabilities(const sdk::Chat& chat) {
  sdk::Capabilities caps;
  caps.generation = 1;
  caps.bits = PBAY_CAN_TEXT | PBAY_CAN_FILES | PBAY_CAN_THREADS | PBAY_CAN_EDIT | PBAY_CAN_DELETE |
              PBAY_CAN_REACT | PBAY_CAN_TYPING | PBAY_CAN_BUTTONS;
  caps.text_unit = PBAY_UNIT_UTF16;
  caps.text_limit = kTextLimit;
  caps.caption_limit = kCaptionLimit;
  caps.files_per_part = 1;
  caps.file_bytes = kUploadBytes;
  const bool is_room = chat.kind != sdk::ChatKind::kDirect;
  caps.chat_messages = is_room ? 20 : 3;  // a person: one a second, with a little burst
  caps.chat_period_ms = is_room ? 60'000 : 3'000;
  caps.account_messages = 30;
  caps.account_period_ms = 1'000;
  return caps;
}

}  // namespace patchbay::telegram
