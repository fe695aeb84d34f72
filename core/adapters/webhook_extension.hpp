// "patchbay.webhook/1": requests to /webhook/<instance>.
#pragma once

#include <cstddef>
#include <cstdint>
#include <unordered_map>

#include <patchbay/adapter.h>

#include "adapters/extension_owner.hpp"
#include "adapters/webhook_server.hpp"
#include "base/limits.hpp"

namespace patchbay::adapters {

// Requests that an adapter was given and has not returned from: beyond it they are answered 503.
// Whoever reaches the listener can send them, so it is far from what ends an isolated adapter.
inline constexpr std::size_t kUntakenWebhookBytes = limits::kRunnerHeldBytes / 8;

// [core thread]
class WebhookExtension {
 public:
  // server: null if no listener is configured.
  WebhookExtension(ExtensionOwner& owner, WebhookServer* server) : owner_(owner), server_(server) {}

  void open(pbay_op op);
  void respond(std::uint64_t request, net::HttpServerAnswer answer);
  void close(pbay_op op);
  void shut_down();

 private:
  struct Waiting {
    net::HttpResponder respond;
    base::TimerId timer = 0;
  };
  void take(net::HttpServerRequest request, const std::string& target, net::HttpResponder respond);

  ExtensionOwner& owner_;
  WebhookServer* server_;
  pbay_op op_ = 0;  // of the open route
  std::unordered_map<std::uint64_t, Waiting> waiting_;
  std::uint64_t last_request_ = 0;
  std::size_t untaken_ = 0;  // bytes; also of a route that was closed meanwhile
  bool crowded_ = false;     // requests are turned away, which was logged
};

[[nodiscard]] const void* webhook_table();

}  // namespace patchbay::adapters
