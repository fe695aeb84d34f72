// An adapter that does as each test tells it, and the fake host that it lives in.
#pragma once

#include <functional>
#include <gtest/gtest.h>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "patchbay/sdk/abi.hpp"
#include "patchbay/testkit/fake_host.hpp"

namespace patchbay::testkit {

// Keeps what comes: "complete 0", "event 0 hello".
struct Puppet {
  const pbay_host* host = nullptr;
  std::vector<std::string> news;
  std::string text;  // of the last completion
  std::function<std::string(const void*)> read_event;
  std::function<void(pbay_op, const pbay_completion&)> on_complete;
  bool has_fetch = true;
  std::function<void()> in_create;
  std::function<void()> in_destroy;
};
inline Puppet* g_puppet = nullptr;  // the one of the test that runs

inline const pbay_module* puppet_entry(std::uint32_t) noexcept {
  static pbay_module module = sdk::make_abi<pbay_module>();
  module.magic = PBAY_MAGIC;
  module.abi_draft = PBAY_ABI_DRAFT;
  module.channel = sdk::to_abi("puppet");
  module.version = sdk::to_abi("1");
  module.create = [](const pbay_host* host, pbay_str, pbay_adapter* out) noexcept {
    g_puppet->host = host;
    if (g_puppet->in_create) {
      g_puppet->in_create();
    }
    out->self = g_puppet;
    out->start = [](void*) noexcept {};
    out->stop = [](void*, std::int64_t) noexcept { g_puppet->host->stopped(g_puppet->host); };
    out->destroy = [](void*) noexcept {
      if (g_puppet->in_destroy) {
        g_puppet->in_destroy();
      }
    };
    out->deliver = [](void*, pbay_op, const pbay_delivery*) noexcept {};
    out->on_complete = [](void*, pbay_op op, const pbay_completion* completion) noexcept {
      g_puppet->news.push_back("complete " + std::to_string(completion->code) + " " +
                               std::to_string(completion->value));
      g_puppet->text = sdk::copy(completion->text);
      if (g_puppet->on_complete) {
        g_puppet->on_complete(op, *completion);
      }
    };
    out->on_event = [](void*, pbay_op, const void* detail) noexcept {
      g_puppet->news.push_back(g_puppet->read_event(detail));
    };
    out->cancel = [](void*, pbay_op) noexcept {};
    if (g_puppet->has_fetch) {
      out->fetch = [](void*, pbay_op, pbay_str, std::uint64_t) noexcept {};
    }
    out->capabilities = [](void*, const pbay_chat*, pbay_caps*) noexcept {};
    return PBAY_OK;
  };
  return &module;
}

class PuppetTest : public testing::Test {
 protected:
  PuppetTest() : PuppetTest(FakeHostOptions{}) {}
  explicit PuppetTest(FakeHostOptions options) : host_(make_host(std::move(options))) {
    host_->start();
  }

  std::unique_ptr<FakeHost> make_host(FakeHostOptions options,
                                      std::string_view settings_json = "{}") {
    g_puppet = &puppet_;
    options.breaches_fail_the_test = false;
    return std::make_unique<FakeHost>(&puppet_entry, settings_json, std::move(options));
  }
  template <class Extension>
  const Extension& table(const char* id) {
    return *static_cast<const Extension*>(puppet_.host->get_extension(puppet_.host, id));
  }
  std::vector<std::string> news() { return std::exchange(puppet_.news, {}); }
  std::vector<std::string> breaches() {
    std::vector<std::string> out;
    for (const Breach& breach : host_->breaches()) {
      out.push_back(breach.what);
    }
    return out;
  }

  Puppet puppet_;
  std::unique_ptr<FakeHost> host_;
};

}  // namespace patchbay::testkit
