// The HTTP listener for webhooks, and which instance a request is for.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <unordered_map>

#include "adapters/adapters.hpp"
#include "base/status.hpp"
#include "base/unique_function.hpp"
#include "net/http_server.hpp"

namespace patchbay::adapters {

// [core thread]
class WebhookServer {
 public:
  // target: below /webhook/<instance>, with the query.
  using Handler = base::UniqueFunction<void(net::HttpServerRequest, const std::string& target,
                                            net::HttpResponder)>;

  static base::Result<std::unique_ptr<WebhookServer>> listen(base::EventLoop& loop,
                                                             const WebhookListen& options);

  // An instance that is configured, and answers 503 while it has no route.
  void expect(const base::InstanceName& instance);
  void open(const base::InstanceName& instance, Handler handler);
  void close(const base::InstanceName& instance);

  // Empty if none is configured.
  [[nodiscard]] std::string public_url(const base::InstanceName& instance) const;
  [[nodiscard]] std::uint16_t port() const { return server_->port(); }

 private:
  explicit WebhookServer(std::string public_url) : public_url_(std::move(public_url)) {}
  void route(net::HttpServerRequest request, net::HttpResponder respond);

  std::string public_url_;
  std::unordered_map<base::InstanceName, Handler> routes_;  // empty handler: expected
  std::unique_ptr<net::HttpServer> server_;                 // the first to go: it calls this object
};

}  // namespace patchbay::adapters
