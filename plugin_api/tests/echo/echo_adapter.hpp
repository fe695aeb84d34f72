// A whole small adapter: polls "updates", submits them, acknowledges by offset; sends by POST.
#pragma once

#include <string>

#include "patchbay/sdk/adapter.hpp"
#include "patchbay/sdk/listener.hpp"
#include "patchbay/sdk/webhook.hpp"

namespace patchbay::echo {

class EchoAdapter final : public sdk::Adapter {
 public:
  using Adapter::Adapter;
  static constexpr std::uint32_t kTypingLastsMs = 5000;

  sdk::Result configure(std::string_view settings_json) override;
  sdk::Task<> run() override;
  sdk::Task<sdk::Result> deliver(sdk::Delivery delivery) override;
  sdk::Task<sdk::Result> fetch(std::string reference, std::uint64_t staging_handle) override;
  sdk::Capabilities capabilities(const sdk::Chat& chat) override;
  std::optional<std::vector<sdk::Event>> translate(std::string_view kind,
                                                   std::string_view payload) override;
  void typing(const sdk::Chat& chat);

 private:
  sdk::Task<> poll();
  sdk::Task<> serve_console();
  sdk::Task<> serve_webhook();

  std::string instance_ = "echo";
  std::string api_ = "https://echo.example.org";
  sdk::Listener listener_{runtime()};
  sdk::Webhook webhook_{runtime()};
};

}  // namespace patchbay::echo
