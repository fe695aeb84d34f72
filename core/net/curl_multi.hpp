// libcurl's multi interface on Boost.Asio: libcurl says which descriptors and which time it waits
// for, Asio waits. Internal; the core thread.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>
#include <curl/curl.h>
#include <functional>
#include <memory>
#include <unordered_map>
#include <utility>

namespace patchbay::net {

class CurlMulti : public std::enable_shared_from_this<CurlMulti> {
 public:
  // Runs outside libcurl's callbacks, so it may add and remove transfers.
  using Finished = std::function<void(CURL* easy, CURLcode code)>;

  // Shared with the handlers that Asio holds, which may run after close().
  static std::shared_ptr<CurlMulti> make(boost::asio::io_context& context, Finished finished);
  ~CurlMulti();
  CurlMulti(const CurlMulti&) = delete;
  CurlMulti& operator=(const CurlMulti&) = delete;

  [[nodiscard]] CURLM* handle() const { return multi_; }
  // True while libcurl is on the stack: then add and remove are not possible.
  [[nodiscard]] bool inside() const { return inside_; }
  bool add(CURL* easy);
  void remove(CURL* easy);
  // For a call that lets libcurl call back.
  template <class Call>
  auto within(Call call) {
    const bool outer = std::exchange(inside_, true);
    const auto result = call();
    inside_ = outer;
    return result;
  }
  // No `finished` comes any more.
  void close() { finished_ = nullptr; }

 private:
  struct Socket {
    explicit Socket(boost::asio::io_context& context) : descriptor(context) {}
    // libcurl owns the descriptor: released, never closed.
    boost::asio::posix::stream_descriptor descriptor;
    int wanted = CURL_POLL_NONE;
    bool reading = false;  // an async_wait is under way
    bool writing = false;
  };

  CurlMulti(boost::asio::io_context& context, Finished finished);
  static int on_socket(CURL* easy, curl_socket_t fd, int what, void* self, void* socket) noexcept;
  static int on_timer(CURLM* multi, long milliseconds, void* self) noexcept;
  void watch(curl_socket_t fd, int what);
  void unwatch(curl_socket_t fd);
  void wait(const std::shared_ptr<Socket>& socket);
  void ready(const std::shared_ptr<Socket>& socket, int event, bool failed);
  void set_timer(long milliseconds);
  void act(curl_socket_t fd, int events);
  void collect_finished();

  boost::asio::io_context& context_;
  boost::asio::steady_timer timer_;
  std::unordered_map<curl_socket_t, std::shared_ptr<Socket>> sockets_;  // shared with their waits
  Finished finished_;
  CURLM* multi_ = nullptr;
  bool inside_ = false;
};

}  // namespace patchbay::net
