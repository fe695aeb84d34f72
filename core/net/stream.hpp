// The client of a byte stream: a TCP port or a Unix socket. All of it belongs to the core thread.
// Not through the proxy of the configuration, and without TLS.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "base/clock.hpp"
#include "base/limits.hpp"
#include "base/status.hpp"
#include "net/host_allow.hpp"

namespace patchbay::net {

struct StreamRequest {
  std::string endpoint;                                             // endpoint.hpp
  std::size_t max_queued_bytes = limits::kStreamBufferBytes;        // out
  base::Milliseconds timeout = limits::kStreamConnect;              // name and connect
  base::Milliseconds flush_timeout = limits::kStreamFlush;          // of what is queued at the end
  HostAllow allow;                                                  // unset: every host
  std::function<base::Status(std::string_view path)> allow_socket;  // unset: every path
};

// What happens on a stream. Calls come on the core thread, one at a time, never from inside a call
// to the stream; each of them may call the stream, and destroy it.
class StreamEvents {
 public:
  virtual ~StreamEvents() = default;
  // One of these two is the first; after refused() nothing follows. Codes: kRefused by one of the
  // two that allow, kInvalidArgument, kTimeout, kUnavailable.
  virtual void opened() = 0;
  virtual void refused(const base::Status& why) = 0;
  virtual void received(std::string_view bytes) = 0;
  // The other side will send no more, but may still read: answer it, then close().
  virtual void ended() = 0;
  // After a send() that was answered kBusy: at least half of the queue is free again.
  virtual void writable() = 0;
  // By the other side, after close(), or for an error (then the status is not ok). Nothing follows.
  virtual void closed(const base::Status& why) = 0;
};

// Made by a Connector.
class Stream {
 public:
  struct State;
  // Shared with the handlers that Asio holds.
  explicit Stream(std::shared_ptr<State> state);
  // Drops the connection without events.
  ~Stream();
  Stream(const Stream&) = delete;
  Stream& operator=(const Stream&) = delete;

  // Queues all of `bytes`, or nothing. kNotFound: not open, or closing. kBusy: the queue would hold
  // more than its cap; writable() comes. kTooLarge: it never could.
  [[nodiscard]] base::Status send(std::string_view bytes);
  // After what is queued has been written; received() comes no more, closed() does, at the latest
  // after flush_timeout.
  void close();
  // Stops and goes on reading, for a receiver whose own queue is full.
  void pause_reading();
  void resume_reading();

 private:
  std::shared_ptr<State> state_;
};

}  // namespace patchbay::net
