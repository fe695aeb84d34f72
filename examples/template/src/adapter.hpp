// One instance: an account. The platform calls us (webhook) and is called (HTTP).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <patchbay/sdk/adapter.hpp>
#include <patchbay/sdk/webhook.hpp>

namespace mychannel {

namespace sdk = patchbay::sdk;

class MyChannelAdapter final : public sdk::Adapter {
 public:
  using Adapter::Adapter;

  sdk::Result configure(std::string_view settings_json) override;
  sdk::Task<> run() override;
  sdk::Task<sdk::Result> deliver(sdk::Delivery delivery) override;
  sdk::Task<sdk::Result> fetch(std::string reference, std::uint64_t staging_handle) override;
  sdk::Capabilities capabilities(const sdk::Chat& chat) override;
  std::optional<std::vector<sdk::Event>> translate(std::string_view kind,
                                                   std::string_view payload) override;

 private:
  sdk::Task<std::uint32_t> take(const sdk::WebhookRequest& request);
  sdk::HttpRequest part(const sdk::Delivery& delivery, std::uint32_t number) const;

  std::string api_base_;
  std::string token_;
  std::string webhook_secret_;
  sdk::Webhook webhook_{runtime()};
};

}  // namespace mychannel
