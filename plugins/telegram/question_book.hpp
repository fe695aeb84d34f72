// Which button means what. Telegram gives a button 64 bytes, fewer than a question's id and value
// may have, so a button carries a short key and its number, and the rest is kept here, across
// restarts.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <string>
#include <string_view>

#include <patchbay/sdk/delivery.hpp>
#include <patchbay/sdk/services.hpp>
#include <patchbay/sdk/task.hpp>

namespace patchbay::telegram {

// What a pressed button says.
struct PressedOption {
  std::string question_id;
  std::string label;
  std::string value;
};

class QuestionBook {
 public:
  // What find() found.
  struct Found {
    std::int32_t code = PBAY_E_NOT_FOUND;  // PBAY_OK; PBAY_E_NOT_FOUND: it was forgotten; else: ask
                                           // again, the host cannot tell now
    std::string error;
    PressedOption option;

    Found() = default;
    [[nodiscard]] bool is_certain() const { return code == PBAY_OK || code == PBAY_E_NOT_FOUND; }
  };

  static constexpr std::size_t kKept = 1000;  // the oldest are forgotten

  explicit QuestionBook(sdk::Kv& kv) : kv_(kv) {}

  // Keeps the options; false when that is not durable. The same delivery keeps the same key.
  [[nodiscard]] sdk::Task<bool> remember(const sdk::Delivery& delivery);
  [[nodiscard]] sdk::Task<Found> find(std::string callback_data);

  // The callback_data of an option, at most 64 bytes.
  [[nodiscard]] static std::string button_of(const sdk::Delivery& delivery, std::size_t option);
  // Whether this callback_data is one of ours; others may come from older programs of the same bot.
  [[nodiscard]] static bool is_ours(std::string_view callback_data);

 private:
  // False: the host cannot read the list now.
  [[nodiscard]] sdk::Task<bool> load();
  [[nodiscard]] sdk::Task<bool> enlist(std::string key);

  sdk::Kv& kv_;
  bool loaded_ = false;
  std::deque<std::string> keys_;  // oldest first
};

}  // namespace patchbay::telegram
