#include <patchbay/ext/timer.h>

#include "misbehaving.hpp"

namespace misbehaving {

using patchbay::sdk::make_abi;
using patchbay::sdk::to_abi;

void complete(Instance& self, pbay_op op, std::int32_t code, std::string_view text,
              std::uint32_t sent_state) {
  const pbay_str remote_id = to_abi("m1");
  auto result = make_abi<pbay_result>();
  result.code = code;
  result.sent_state = sent_state;
  result.retry_after_ms = -1;
  result.text = to_abi(text);
  result.remote_ids = &remote_id;
  result.remote_id_count = code == PBAY_OK ? 1 : 0;
  result.remote_id_stride = sizeof(remote_id);
  self.host->op_complete(self.host, op, &result);
}

void part(Instance& self, pbay_op delivery, std::uint32_t number, std::string_view remote_id) {
  self.host->op_part(self.host, ++self.last_op, delivery, number, to_abi(remote_id), pbay_str{});
}

void submit(Instance& self, const std::function<void(pbay_event&, pbay_chat&)>& change) {
  const pbay_op op = ++self.last_op;
  const std::string id = std::to_string(op);
  auto chat = make_abi<pbay_chat>();
  chat.id = to_abi("c");
  auto sender = make_abi<pbay_sender>();
  sender.id = to_abi("s");
  auto event = make_abi<pbay_event>();
  event.event_id = to_abi(id);
  event.message_id = to_abi(id);
  event.chat = &chat;
  event.sender = &sender;
  change(event, chat);
  self.submitted.insert(op);
  self.host->submit(self.host, op, &event);
}

void request(Instance& self, pbay_op delivery,
             const std::function<void(pbay_http_request&)>& change) {
  const auto* http = self.extension<pbay_http>(PBAY_EXT_HTTP);
  const std::string url = (self.api_base.empty() ? "https://x.example.org" : self.api_base);
  auto out = make_abi<pbay_http_request>();
  out.method = to_abi("POST");
  out.url = to_abi(url);
  out.body_fd = -1;
  out.delivery_op = delivery;
  change(out);
  http->request(self.host, ++self.last_op, &out);
}

void start_timer(Instance& self, pbay_op op, std::int64_t delay_ms) {
  self.extension<pbay_timer>(PBAY_EXT_TIMER)->start(self.host, op, delay_ms);
}

}  // namespace misbehaving
