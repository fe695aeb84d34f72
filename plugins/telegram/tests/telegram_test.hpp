// A Telegram instance in the fake host, and a Bot API that is a script.
#pragma once

#include <chrono>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include <patchbay/testkit/fake_host.hpp>

#include "fixture.hpp"

namespace patchbay::telegram {

inline const std::string kToken = "110201543:AAHdqTcvCH1vGWJxfSeofSAs0K5PALDsaw";
inline const std::string kBase = "https://api.telegram.org";

class TelegramTest : public testing::Test {
 protected:
  using json = nlohmann::json;

  TelegramTest() { make_host(); }

  // A new process: what the old one had in memory is gone, the durable map is not.
  void make_host(std::map<std::string, std::string> kv = {}) {
    host_.reset();
    testkit::FakeHostOptions options;
    options.secrets = {kToken, "AAHdqTcvCH1vGWJxfSeofSAs0K5PALDsaw"};
    const json settings = {{"instance", "telegram"}, {"bot_token", kToken}};
    host_ = std::make_unique<testkit::FakeHost>(&patchbay_adapter_v1, settings.dump(), options);
    host_->kv() = std::move(kv);
  }

  static std::string url_of(const std::string& method) {
    return kBase + "/bot" + kToken + "/" + method;
  }
  static std::string ok(const json& result) {
    return json({{"ok", true}, {"result", result}}).dump();
  }
  static std::string refusal(int code, const std::string& description,
                             const json& parameters = nullptr) {
    json body = {{"ok", false}, {"error_code", code}, {"description", description}};
    if (!parameters.is_null()) {
      body["parameters"] = parameters;
    }
    return body.dump();
  }
  static json sent_message(int id) { return {{"message_id", id}, {"date", 1767225600}}; }

  testkit::HttpExpectation& expect(const std::string& method) {
    return host_->http().expect("POST", url_of(method));
  }
  testkit::HttpExpectation& expect_refusal(const std::string& method, int code,
                                           const std::string& description,
                                           const json& parameters = nullptr) {
    return expect(method).answer(static_cast<std::uint32_t>(code),
                                 refusal(code, description, parameters));
  }

  void expect_me(bool reads_all = true) {
    expect("getMe").answer(200, ok({{"id", 7001},
                                    {"is_bot", true},
                                    {"first_name", "Patchbay"},
                                    {"username", "Patchbay_Bot"},
                                    {"can_read_all_group_messages", reads_all}}));
  }
  // One poll that brings these fixtures.
  testkit::HttpExpectation& expect_updates(const std::vector<std::string>& names) {
    json updates = json::array();
    for (const std::string& name : names) {
      updates.push_back(json::parse(fixture(name)));
    }
    return expect("getUpdates").answer(200, ok(updates));
  }
  // From here on nothing comes: each poll ends empty after its 30 s.
  void expect_silence() {
    expect("getUpdates").always().answer(200, ok(json::array())).after(std::chrono::seconds(30));
  }
  void start_idle() {
    expect_me();
    expect_silence();
    host_->start();
  }
  void start_with(const std::vector<std::string>& names) {
    expect_me();
    expect_updates(names);
    expect_silence();
    host_->start();
  }

  [[nodiscard]] std::vector<const testkit::RecordedRequest*> requests_to(
      const std::string& method) {
    return host_->http().requests_to(url_of(method));
  }
  [[nodiscard]] json last_body(const std::string& method) {
    const auto requests = requests_to(method);
    return requests.empty() ? json() : json::parse(requests.back()->body);
  }
  [[nodiscard]] const sdk::State& state() const { return host_->states().back(); }

  static sdk::Delivery message(std::string chat_id, std::string text, std::string thread = {}) {
    sdk::Delivery out;
    out.chat = sdk::Chat(sdk::ChatKind::kGroup, std::move(chat_id), std::move(thread));
    out.text = std::move(text);
    return out;
  }
  static sdk::Delivery about(sdk::DeliveryKind kind, std::string target, std::string text = {}) {
    sdk::Delivery out = message("1111", std::move(text));
    out.kind = kind;
    out.target_id = std::move(target);
    return out;
  }
  sdk::Result delivered(sdk::Delivery delivery) {
    const pbay_op op = host_->deliver(std::move(delivery));
    const sdk::Result* result = host_->result(op);
    EXPECT_NE(result, nullptr) << "the delivery did not end";
    return result == nullptr ? sdk::Result() : *result;
  }

  std::unique_ptr<testkit::FakeHost> host_;
};

}  // namespace patchbay::telegram
