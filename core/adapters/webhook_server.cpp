#include "adapters/webhook_server.hpp"

#include <string_view>
#include <utility>

namespace patchbay::adapters {
namespace {

constexpr std::string_view kPrefix = "/webhook/";

net::HttpServerAnswer plain_answer(int status, std::string text) {
  return {.status = status,
          .headers = {{"Content-Type", "text/plain; charset=utf-8"}},
          .body = std::move(text)};
}

}  // namespace

base::Result<std::unique_ptr<WebhookServer>> WebhookServer::listen(base::EventLoop& loop,
                                                                   const WebhookListen& options) {
  std::string url = options.public_url;
  while (url.ends_with('/')) {
    url.pop_back();
  }
  std::unique_ptr<WebhookServer> out(new WebhookServer(std::move(url)));
  net::HttpServerOptions server;
  server.address = options.address;
  server.port = options.port;
  auto listening = net::HttpServer::listen(
      loop, server, [self = out.get()](net::HttpServerRequest request, net::HttpResponder respond) {
        self->route(std::move(request), std::move(respond));
      });
  if (!listening.ok()) {
    return listening.status().with_context("webhooks");
  }
  out->server_ = std::move(*listening);
  return out;
}

void WebhookServer::expect(const base::InstanceName& instance) { routes_.try_emplace(instance); }

void WebhookServer::open(const base::InstanceName& instance, Handler handler) {
  routes_[instance] = std::move(handler);
}

void WebhookServer::close(const base::InstanceName& instance) { routes_[instance] = nullptr; }

std::string WebhookServer::public_url(const base::InstanceName& instance) const {
  return public_url_.empty() ? std::string() : public_url_ + std::string(kPrefix) + instance.str();
}

void WebhookServer::route(net::HttpServerRequest request, net::HttpResponder respond) {
  const std::string_view target = request.target;
  if (!target.starts_with(kPrefix)) {
    respond(plain_answer(404, "There is nothing here.\n"));
    return;
  }
  const auto end = target.find_first_of("/?", kPrefix.size());
  const auto name =
      target.substr(kPrefix.size(),
                    end == std::string_view::npos ? std::string_view::npos : end - kPrefix.size());
  const auto found = routes_.find(base::InstanceName(std::string(name)));
  if (found == routes_.end()) {
    respond(plain_answer(404, "There is no such instance.\n"));
    return;
  }
  if (!found->second) {
    // Platforms repeat what was answered 503.
    respond(plain_answer(503, "This instance does not take webhooks now.\n"));
    return;
  }
  const std::string below(end == std::string_view::npos ? std::string_view() : target.substr(end));
  found->second(std::move(request), below, std::move(respond));
}

}  // namespace patchbay::adapters
