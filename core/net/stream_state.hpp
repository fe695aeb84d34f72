// What a stream is made of. Internal.
#pragma once

#include <array>
#include <boost/asio/generic/stream_protocol.hpp>
#include <memory>
#include <string>

#include "base/event_loop.hpp"
#include "net/dialer.hpp"
#include "net/endpoint.hpp"
#include "net/stream.hpp"

namespace patchbay::net {

struct Stream::State : std::enable_shared_from_this<State> {
  using Socket = boost::asio::generic::stream_protocol::socket;

  State(base::EventLoop& loop, NameResolver& resolver, StreamRequest wanted, StreamEvents& to);
  ~State();
  State(const State&) = delete;
  State& operator=(const State&) = delete;

  // Once, by the connector.
  void open();
  [[nodiscard]] base::Status send(std::string_view bytes);
  void close();
  void pause() { paused_ = true; }
  void resume();
  void shut_down();

 private:
  enum class Phase { kOpening, kOpen, kClosing, kOver };

  [[nodiscard]] base::Status open_unix();
  void connected();
  void refuse(const base::Status& why);
  void wait_to_read();
  void read();
  void wait_to_write();
  void write();
  void end(const base::Status& why);

  base::EventLoop& loop_;
  NameResolver& resolver_;
  const StreamRequest request_;
  StreamEvents* events_;  // null once nobody listens
  StreamEndpoint endpoint_;
  Phase phase_ = Phase::kOpening;
  std::shared_ptr<Dialer> dialer_;  // shared with Asio's handlers
  Socket socket_;
  base::TimerId deadline_ = 0;
  std::string out_;
  std::size_t out_begin_ = 0;
  bool waiting_to_read_ = false;
  bool waiting_to_write_ = false;
  bool paused_ = false;
  bool input_ended_ = false;
  bool was_busy_ = false;  // writable() is owed
};

}  // namespace patchbay::net
