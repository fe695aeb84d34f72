#include <patchbay/sdk/adapter.hpp>

using namespace patchbay::sdk;

class HelloAdapter final : public Adapter {
 public:
  using Adapter::Adapter;

  Task<> run() override {
    set_state(StateKind::kOnline);
    co_return;
  }

  Task<Result> deliver(Delivery delivery) override {
    if (delivery.kind != DeliveryKind::kMessage || !delivery.files.empty()) {
      co_return Result::not_sent(PBAY_E_UNSUPPORTED, "this channel takes plain texts only");
    }
    log_info("to " + delivery.chat.id + ": " + delivery.text);
    co_return Result::sent({delivery.part_key(0)});
  }

  Capabilities capabilities(const Chat&) override {
    Capabilities out;
    out.bits = PBAY_CAN_TEXT;
    return out;
  }
};

PATCHBAY_ADAPTER(HelloAdapter, "hello", PATCHBAY_ADAPTER_VERSION, PATCHBAY_ADAPTER_VENDOR)
