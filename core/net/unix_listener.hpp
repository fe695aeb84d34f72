// A Unix stream socket to listen on. All of it belongs to the core thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "base/limits.hpp"
#include "base/status.hpp"

namespace patchbay::base {
class EventLoop;
}

namespace patchbay::net {

using ConnectionId = std::uint64_t;  // 0 is never one; not used again

// What happens on a listener. Calls come on the core thread, one at a time, never from inside a
// call to the listener; each of them may call the listener, and destroy it.
class UnixListenerEvents {
 public:
  virtual ~UnixListenerEvents() = default;
  virtual void accepted(ConnectionId connection) = 0;
  virtual void received(ConnectionId connection, std::string_view bytes) = 0;
  // The peer will send no more, but may still read: answer it, then hang_up().
  virtual void ended(ConnectionId connection) = 0;
  // After a send() that was answered kBusy: at least half of the buffer is free again. After
  // tell_when_written(): all of it is.
  virtual void writable(ConnectionId connection) = 0;
  // By the peer, after hang_up(), or for an error (then the status is not ok). Nothing follows.
  virtual void closed(ConnectionId connection, const base::Status& why) = 0;
};

struct UnixListenerOptions {
  std::size_t max_connections = limits::kListenerConnections;     // more are closed at once
  std::size_t max_buffered_bytes = limits::kListenerBufferBytes;  // out, for each connection
};

class UnixListener {
 public:
  // Listens on `path` when it returns: mode 0600 from the first moment. A socket that nobody
  // answers on any more is replaced. kAlreadyExists: somebody answers, or something else lies
  // there; kInvalidArgument: the path is too long for a socket. `loop` and `events` outlive the
  // listener.
  [[nodiscard]] static base::Result<std::unique_ptr<UnixListener>> listen(
      base::EventLoop& loop, std::string path, UnixListenerOptions options,
      UnixListenerEvents& events);
  // Drops the connections, without events, and removes the socket's file if it is still this one's.
  ~UnixListener();
  UnixListener(const UnixListener&) = delete;
  UnixListener& operator=(const UnixListener&) = delete;

  // Queues all of `bytes`, or nothing. kNotFound: the connection is gone or hung up. kBusy: the
  // buffer would hold more than its cap; writable() comes. kTooLarge: it never could.
  [[nodiscard]] base::Status send(ConnectionId connection, std::string_view bytes);
  // writable() comes once, later, when all that is queued has been written.
  void tell_when_written(ConnectionId connection);
  // Closes now; what is queued is lost. closed() comes, later.
  void drop(ConnectionId connection);
  // Closes after what is queued has been written; received() comes no more, closed() does.
  void hang_up(ConnectionId connection);
  // Stops and goes on accepting, one connection later at the latest; who connects meanwhile waits.
  void pause_accepting();
  void resume_accepting();
  // Stops and goes on reading, for a receiver whose own queue is full.
  void pause_reading(ConnectionId connection);
  void resume_reading(ConnectionId connection);

  [[nodiscard]] const std::string& path() const;
  [[nodiscard]] std::size_t connections() const;

 private:
  struct State;
  explicit UnixListener(std::shared_ptr<State> state);
  // Shared with the handlers that Asio holds, which may run after this object is gone.
  std::shared_ptr<State> state_;
};

}  // namespace patchbay::net
