// WebSockets over TCP, and how Beast's failures are told.
#include "net/beast_channel.hpp"

namespace patchbay::net {

using base::Code;
using base::Status;
using boost::asio::ip::tcp;
namespace websocket = boost::beast::websocket;

Status handshake_failure(const boost::system::error_code& error, const HttpOrigin& origin,
                         int http_status) {
  const std::string where = origin.str() + ": ";
  if (http_status != 0) {
    return {Code::kUnavailable, where + "the server refuses the WebSocket with HTTP status " +
                                    std::to_string(http_status)};
  }
  const bool protocol =
      error.category() == make_error_code(websocket::error::closed).category() ||
      error.category() == make_error_code(boost::beast::http::error::bad_method).category();
  if (protocol && error != boost::beast::http::error::end_of_stream &&
      error != boost::beast::http::error::partial_message) {
    return {Code::kUnavailable,
            where + "what answers there is no WebSocket server (" + error.message() + ")"};
  }
  return {Code::kUnavailable, where + "the connection ended before the WebSocket was open"};
}

Status read_failure(const boost::system::error_code& error, const WebSocketHello& hello) {
  const std::string where = hello.origin.str() + ": ";
  if (error == websocket::error::message_too_big || error == websocket::error::buffer_overflow) {
    return {Code::kTooLarge, where + "a message is larger than " +
                                 std::to_string(hello.max_message_bytes) + " bytes"};
  }
  if (error == boost::beast::error::timeout) {
    return {Code::kTimeout, where + "the other side did not finish closing in time"};
  }
  if (error.category() == make_error_code(websocket::error::closed).category()) {
    return {Code::kUnavailable,
            where + "the other side broke the WebSocket protocol: " + error.message()};
  }
  return {Code::kUnavailable, where + "the connection ended without a close"};
}

std::shared_ptr<WebSocketChannel> make_plain_channel(tcp::socket socket, WebSocketHello hello,
                                                     WebSocketChannelEvents& events) {
  return std::make_shared<BeastChannel<tcp::socket>>(std::move(hello), events, std::move(socket));
}

}  // namespace patchbay::net
