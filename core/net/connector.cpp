#include "net/connector.hpp"

#include <boost/asio/ssl/context.hpp>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <utility>

#include "base/event_loop.hpp"
#include "net/name_resolver.hpp"
#include "net/stream_state.hpp"
#include "net/websocket_state.hpp"

namespace patchbay::net {

using base::Code;
using base::Result;
using base::Status;
namespace ssl = boost::asio::ssl;

struct Connector::State {
  State(base::EventLoop& event_loop, std::string agent)
      : loop(event_loop), user_agent(std::move(agent)), resolver(event_loop) {}

  base::EventLoop& loop;
  std::string user_agent;
  NameResolver resolver;
  ssl::context trust{ssl::context::tls_client};
};

Connector::Connector(std::unique_ptr<State> state) : state_(std::move(state)) {}
Connector::~Connector() = default;

Result<std::unique_ptr<Connector>> Connector::make(base::EventLoop& loop,
                                                   ConnectorOptions options) {
  auto state = std::make_unique<State>(loop, std::move(options.user_agent));
  SSL_CTX* trust = state->trust.native_handle();
  // The system's folder alone: its bundle file would be parsed whole (20 ms), the folder is asked
  // for the one authority that is needed.
  const int loaded = options.ca_file.empty()
                         ? SSL_CTX_load_verify_dir(trust, X509_get_default_cert_dir())
                         : SSL_CTX_load_verify_file(trust, options.ca_file.c_str());
  if (loaded != 1) {
    return Status(Code::kInvalidArgument,
                  "net.ca_file: " + options.ca_file + " holds no certificate that can be read");
  }
  SSL_CTX_set_verify(trust, SSL_VERIFY_PEER, nullptr);
  SSL_CTX_set_min_proto_version(trust, TLS1_2_VERSION);
  SSL_CTX_set_mode(trust, SSL_MODE_RELEASE_BUFFERS);  // 34 KiB less for each idle connection
  return std::unique_ptr<Connector>(new Connector(std::move(state)));
}

std::unique_ptr<WebSocket> Connector::open_websocket(WebSocketRequest request,
                                                     WebSocketEvents& events) {
  const WebSocketSetup setup{state_->loop, state_->resolver, state_->trust, state_->user_agent};
  auto opened = std::make_shared<WebSocket::State>(setup, std::move(request), events);
  opened->open();
  return std::make_unique<WebSocket>(std::move(opened));
}

std::unique_ptr<Stream> Connector::open_stream(StreamRequest request, StreamEvents& events) {
  auto opened =
      std::make_shared<Stream::State>(state_->loop, state_->resolver, std::move(request), events);
  opened->open();
  return std::make_unique<Stream>(std::move(opened));
}

}  // namespace patchbay::net
