// WebSocketChannel on Beast, for any stream. Included by the two sources that make one. Internal.
#pragma once

#include <boost/beast/core/buffers_to_string.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/websocket/error.hpp>
#include <boost/beast/websocket/stream.hpp>
#include <utility>

#include "net/websocket_channel.hpp"

namespace patchbay::net {

[[nodiscard]] base::Status handshake_failure(const boost::system::error_code& error,
                                             const HttpOrigin& origin, int http_status);
[[nodiscard]] base::Status read_failure(const boost::system::error_code& error,
                                        const WebSocketHello& hello);

template <class Stream>
class BeastChannel : public WebSocketChannel,
                     public std::enable_shared_from_this<BeastChannel<Stream>> {
 public:
  template <class... Arguments>
  BeastChannel(WebSocketHello hello, WebSocketChannelEvents& events, Arguments&&... arguments)
      : stream_(std::forward<Arguments>(arguments)...), hello_(std::move(hello)), events_(&events) {
    namespace websocket = boost::beast::websocket;
    stream_.read_message_max(hello_.max_message_bytes);
    stream_.auto_fragment(false);  // not every platform puts fragments together
    stream_.write_buffer_bytes(kWriteBytes);
    stream_.set_option(websocket::stream_base::decorator(
        [headers = hello_.headers, agent = hello_.user_agent](websocket::request_type& request) {
          request.set(boost::beast::http::field::user_agent, agent);
          for (const HttpHeader& header : headers) {
            request.set(header.name, header.value);
          }
        }));
    // Called within reads only, which keep this object.
    stream_.control_callback([this](websocket::frame_type kind, boost::beast::string_view data) {
      control(kind, std::string_view(data.data(), data.size()));
    });
  }

  void shake_hands() override { upgrade(); }

  void read() override {
    stream_.async_read(buffer_, [self = this->shared_from_this()](Error error, std::size_t) {
      self->on_read(error);
    });
  }

  void write(WebSocketKind kind, std::string data) override {
    out_ = std::move(data);
    stream_.binary(kind == WebSocketKind::kBinary);
    stream_.async_write(
        boost::asio::buffer(out_),
        [self = this->shared_from_this()](Error error, std::size_t) { self->on_written(error); });
  }

  void ping(std::string data) override {
    stream_.async_ping(boost::beast::websocket::ping_data(data),
                       [self = this->shared_from_this()](Error error) { self->on_written(error); });
  }

  void close(std::uint16_t code, const std::string& reason) override {
    close_asked_ = true;
    stream_.async_close({static_cast<boost::beast::websocket::close_code>(code), reason},
                        [self = this->shared_from_this()](Error error) { self->end(error); });
  }

  [[nodiscard]] WebSocketEnd end_so_far() const override {
    WebSocketEnd end;
    const auto& reason = stream_.reason();
    // The answer to a close of ours comes without the callback, and counts also when what follows
    // it is cut: many servers hang up without TLS's own farewell.
    if (close_came_ || reason.code != boost::beast::websocket::close_code::none) {
      end.code = reason.code == boost::beast::websocket::close_code::none
                     ? kWebSocketNoStatus
                     : static_cast<std::uint16_t>(reason.code);
      end.reason.assign(reason.reason.data(), reason.reason.size());
    }
    return end;
  }

  void drop() override {
    events_ = nullptr;
    Error ignored;
    boost::beast::get_lowest_layer(stream_).close(ignored);
  }

 protected:
  using Error = boost::system::error_code;

  void upgrade() {
    const bool v6 = hello_.origin.host.find(':') != std::string::npos;
    const bool usual = hello_.origin.port == (hello_.origin.scheme == "ws" ? 80 : 443);
    const std::string host = v6 ? "[" + hello_.origin.host + "]" : hello_.origin.host;
    stream_.async_handshake(
        response_, usual ? host : host + ":" + std::to_string(hello_.origin.port), hello_.target,
        [self = this->shared_from_this()](Error error) { self->on_upgraded(error); });
  }

  [[nodiscard]] Stream& next_layer() { return stream_.next_layer(); }
  [[nodiscard]] const WebSocketHello& hello() const { return hello_; }
  // Null once dropped.
  [[nodiscard]] WebSocketChannelEvents* events() const { return events_; }

 private:
  static constexpr std::size_t kWriteBytes = std::size_t{16} * 1024;
  static constexpr std::size_t kKeptBytes = std::size_t{64} * 1024;

  void on_upgraded(Error error) {
    if (events_ == nullptr) {
      return;
    }
    if (!error) {
      std::string subprotocol = chosen();
      response_ = {};
      // Of winding up alone: Beast would wait for ever for a server that does not hang up.
      using boost::beast::websocket::stream_base;
      stream_.set_option(stream_base::timeout{hello_.close_timeout, stream_base::none(), false});
      events_->shaken(std::move(subprotocol));
      return;
    }
    const bool declined = error == boost::beast::websocket::error::upgrade_declined;
    const int status = declined ? static_cast<int>(response_.result_int()) : 0;
    events_->not_shaken(handshake_failure(error, hello_.origin, status), status);
  }

  // Two are one that was never offered.
  [[nodiscard]] std::string chosen() const {
    std::string out;
    const auto all = response_.equal_range(boost::beast::http::field::sec_websocket_protocol);
    for (auto at = all.first; at != all.second; ++at) {
      out.append(out.empty() ? "" : ",").append(at->value().data(), at->value().size());
    }
    return out;
  }

  void on_read(Error error) {
    if (error) {
      close_came_ = close_came_ || error == boost::beast::websocket::error::closed;
      // A close of ours takes over the reading, and reports how it ended.
      if (!close_asked_) {
        end(error);
      }
    } else if (events_ != nullptr) {
      std::string data = boost::beast::buffers_to_string(buffer_.data());
      buffer_.consume(buffer_.size());
      if (buffer_.capacity() > kKeptBytes) {
        buffer_.shrink_to_fit();
      }
      events_->message(stream_.got_text() ? WebSocketKind::kText : WebSocketKind::kBinary,
                       std::move(data));
    }
  }

  void on_written(Error error) {
    out_ = {};  // an idle connection holds no memory
    if (error) {
      end(error);
    } else if (events_ != nullptr) {
      events_->written();
    }
  }

  void control(boost::beast::websocket::frame_type kind, std::string_view data) {
    if (kind == boost::beast::websocket::frame_type::close) {
      close_came_ = true;
    }
    if (events_ == nullptr) {
      return;
    }
    if (kind == boost::beast::websocket::frame_type::pong) {
      events_->ponged(data);
    } else if (kind == boost::beast::websocket::frame_type::close) {
      events_->closing();
    }
  }

  void end(Error error) {
    if (events_ == nullptr) {
      return;
    }
    close_came_ = close_came_ || !error || error == boost::beast::websocket::error::closed;
    WebSocketEnd end = end_so_far();
    if (end.code == kWebSocketNoClose) {
      end.why = read_failure(error, hello_);
    }
    events_->ended(end);
  }

  boost::beast::websocket::stream<Stream> stream_;
  const WebSocketHello hello_;
  WebSocketChannelEvents* events_;
  boost::beast::websocket::response_type response_;
  boost::beast::flat_buffer buffer_;
  std::string out_;
  bool close_asked_ = false;
  bool close_came_ = false;
};

}  // namespace patchbay::net
