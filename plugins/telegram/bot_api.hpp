// Calls to the Bot API: https://core.telegram.org/bots/api#making-requests
#pragma once

#include <chrono>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

#include <patchbay/sdk/delivery.hpp>
#include <patchbay/sdk/http.hpp>
#include <patchbay/sdk/task.hpp>

#include "telegram/answer.hpp"
#include "telegram/settings.hpp"

namespace patchbay::telegram {

// Beside the arguments of a call.
struct CallOptions {
  pbay_op delivery = 0;  // the delivery that it belongs to; 0: none
  bool idempotent = false;
  std::chrono::milliseconds timeout{60'000};
  std::int64_t max_answer_bytes = 0;  // 0: the host's default of 4 MiB

  CallOptions() = default;
};

// A method's name must live until the answer.
class BotApi {
 public:
  BotApi(sdk::Http& http, Settings settings) : http_(http), settings_(std::move(settings)) {}

  [[nodiscard]] sdk::Task<Answer> call(std::string_view method, nlohmann::json arguments,
                                       CallOptions options);

  // Multipart: each member of `arguments` is a field, the file goes in `file_field`.
  [[nodiscard]] sdk::Task<Answer> upload(std::string_view method, nlohmann::json arguments,
                                         std::string file_field, const sdk::OutboundFile& file,
                                         CallOptions options);

  // The content of a file that getFile named, into an open staging handle, which is not yet
  // committed.
  [[nodiscard]] sdk::Task<sdk::HttpResponse> download(std::string file_path, std::uint64_t staging,
                                                      std::chrono::milliseconds timeout);

  // Without the token, whatever it is.
  [[nodiscard]] std::string redact(std::string_view text) const {
    return settings_.token.redact(text);
  }

 private:
  [[nodiscard]] std::string url_of(std::string_view method) const;

  sdk::Http& http_;
  Settings settings_;
};

}  // namespace patchbay::telegram
