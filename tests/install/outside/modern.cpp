#include <patchbay/sdk/adapter.hpp>

namespace outside {

using namespace patchbay::sdk;

class ModernAdapter final : public Adapter {
 public:
  using Adapter::Adapter;

  Task<> run() override {
    set_state(StateKind::kOnline);
    co_return;
  }

  Task<Result> deliver(Delivery delivery) override {
    HttpRequest request = HttpRequest::post_json("https://a.example.org/send", "{}");
    request.delivery(delivery.op);
    const HttpResponse response = co_await http.send(request);
    if (!response.answered()) {
      co_return response.unanswered("send");
    }
    if (!response.success()) {
      co_return Result::not_sent(PBAY_E_REJECTED, "the platform refused: " + response.body);
    }
    const Completion durable = co_await part_sent(delivery.op, 0, response.body);
    if (!durable.ok()) {
      co_return Result::unknown(durable.text);
    }
    co_return Result::sent({response.body});
  }

  Capabilities capabilities(const Chat& chat) override {
    static_cast<void>(chat);
    Capabilities out;
    out.bits = PBAY_CAN_TEXT;
    return out;
  }
};

}  // namespace outside

PATCHBAY_ADAPTER(outside::ModernAdapter, "modern", PATCHBAY_ADAPTER_VERSION,
                 PATCHBAY_ADAPTER_VENDOR)
