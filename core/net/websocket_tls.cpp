// WebSockets over TLS.
#include <boost/asio/post.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/beast/websocket/ssl.hpp>
#include <openssl/ssl.h>
#include <openssl/x509_vfy.h>

#include "net/beast_channel.hpp"
#include "net/endpoint.hpp"

namespace patchbay::net {
namespace {

namespace ssl = boost::asio::ssl;
using base::Code;
using base::Status;
using boost::asio::ip::tcp;

class TlsChannel final : public BeastChannel<ssl::stream<tcp::socket>> {
 public:
  using BeastChannel::BeastChannel;

  void shake_hands() override {
    if (!name_the_server()) {
      // Only for want of memory; the handshake must not go on unverified.
      boost::asio::post(next_layer().get_executor(), [self = shared_from_this(), this] {
        fail(Status(Code::kIo, hello().origin.str() + ": TLS cannot be set up"));
      });
      return;
    }
    next_layer().async_handshake(ssl::stream_base::client,
                                 [self = shared_from_this(), this](Error error) {
                                   if (error) {
                                     fail(describe(error));
                                   } else if (events() != nullptr) {
                                     upgrade();
                                   }
                                 });
  }

 private:
  // Whose certificate it must be, and for a name the SNI that says so.
  [[nodiscard]] bool name_the_server() {
    ::SSL* tls = next_layer().native_handle();
    const std::string& host = hello().origin.host;
    if (is_numeric_host(host)) {
      return X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(tls), host.c_str()) == 1;
    }
    SSL_set_hostflags(tls, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
    // SSL_set_tlsext_host_name() is a macro with an old-style cast.
    return SSL_set1_host(tls, host.c_str()) == 1 &&
           SSL_ctrl(tls, SSL_CTRL_SET_TLSEXT_HOSTNAME, TLSEXT_NAMETYPE_host_name,
                    const_cast<char*>(host.c_str())) == 1;
  }

  [[nodiscard]] Status describe(const Error& error) {
    const long verdict = SSL_get_verify_result(next_layer().native_handle());
    const std::string why =
        verdict == X509_V_OK ? error.message() : X509_verify_cert_error_string(verdict);
    return {Code::kUnavailable, hello().origin.str() + ": TLS failed: " + why};
  }

  void fail(const Status& why) {
    if (events() != nullptr) {
      events()->not_shaken(why, 0);
    }
  }
};

}  // namespace

std::shared_ptr<WebSocketChannel> make_tls_channel(tcp::socket socket, ssl::context& trust,
                                                   WebSocketHello hello,
                                                   WebSocketChannelEvents& events) {
  return std::make_shared<TlsChannel>(std::move(hello), events, std::move(socket), trust);
}

}  // namespace patchbay::net
