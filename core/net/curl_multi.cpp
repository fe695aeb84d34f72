#include "net/curl_multi.hpp"

#include <utility>

namespace patchbay::net {

std::shared_ptr<CurlMulti> CurlMulti::make(boost::asio::io_context& context, Finished finished) {
  return std::shared_ptr<CurlMulti>(new CurlMulti(context, std::move(finished)));
}

CurlMulti::CurlMulti(boost::asio::io_context& context, Finished finished)
    : context_(context),
      timer_(context),
      finished_(std::move(finished)),
      multi_(curl_multi_init()) {
  curl_multi_setopt(multi_, CURLMOPT_SOCKETFUNCTION, &CurlMulti::on_socket);
  curl_multi_setopt(multi_, CURLMOPT_SOCKETDATA, this);
  curl_multi_setopt(multi_, CURLMOPT_TIMERFUNCTION, &CurlMulti::on_timer);
  curl_multi_setopt(multi_, CURLMOPT_TIMERDATA, this);
}

CurlMulti::~CurlMulti() {
  inside_ = true;  // cleaning up calls on_socket and on_timer
  curl_multi_cleanup(multi_);
  while (!sockets_.empty()) {
    unwatch(sockets_.begin()->first);
  }
}

bool CurlMulti::add(CURL* easy) {
  const bool outer = std::exchange(inside_, true);
  const CURLMcode code = curl_multi_add_handle(multi_, easy);
  inside_ = outer;
  return code == CURLM_OK;
}

void CurlMulti::remove(CURL* easy) {
  const bool outer = std::exchange(inside_, true);
  curl_multi_remove_handle(multi_, easy);
  inside_ = outer;
}

int CurlMulti::on_socket(CURL*, curl_socket_t fd, int what, void* self, void*) noexcept {
  auto* multi = static_cast<CurlMulti*>(self);
  if (what == CURL_POLL_REMOVE) {
    multi->unwatch(fd);
  } else {
    multi->watch(fd, what);
  }
  return 0;
}

int CurlMulti::on_timer(CURLM*, long milliseconds, void* self) noexcept {
  static_cast<CurlMulti*>(self)->set_timer(milliseconds);
  return 0;
}

void CurlMulti::watch(curl_socket_t fd, int what) {
  auto& socket = sockets_[fd];
  if (!socket) {
    socket = std::make_shared<Socket>(context_);
    boost::system::error_code error;
    socket->descriptor.assign(fd, error);
    if (error) {
      // Not watchable: the request's deadline ends it.
      sockets_.erase(fd);
      return;
    }
  }
  socket->wanted = what;
  // While cleaning up nothing may wait any more, and there is no shared_from_this.
  if (!weak_from_this().expired()) {
    wait(socket);
  }
}

void CurlMulti::unwatch(curl_socket_t fd) {
  const auto found = sockets_.find(fd);
  if (found == sockets_.end()) {
    return;
  }
  found->second->wanted = CURL_POLL_NONE;
  found->second->descriptor.release();  // ends the waits
  sockets_.erase(found);
}

void CurlMulti::wait(const std::shared_ptr<Socket>& socket) {
  using Descriptor = boost::asio::posix::stream_descriptor;
  if ((socket->wanted & CURL_POLL_IN) != 0 && !socket->reading) {
    socket->reading = true;
    socket->descriptor.async_wait(
        Descriptor::wait_read, [weak = weak_from_this(), socket](boost::system::error_code error) {
          socket->reading = false;
          if (const auto self = weak.lock()) {
            self->ready(socket, CURL_CSELECT_IN, error.failed());
          }
        });
  }
  if ((socket->wanted & CURL_POLL_OUT) != 0 && !socket->writing) {
    socket->writing = true;
    socket->descriptor.async_wait(
        Descriptor::wait_write, [weak = weak_from_this(), socket](boost::system::error_code error) {
          socket->writing = false;
          if (const auto self = weak.lock()) {
            self->ready(socket, CURL_CSELECT_OUT, error.failed());
          }
        });
  }
}

void CurlMulti::ready(const std::shared_ptr<Socket>& socket, int event, bool failed) {
  // Unwatched meanwhile (its number may already be another socket's), or of no interest any more.
  const int interest = event == CURL_CSELECT_IN ? CURL_POLL_IN : CURL_POLL_OUT;
  if ((socket->wanted & interest) == 0) {
    return;
  }
  act(socket->descriptor.native_handle(), failed ? CURL_CSELECT_ERR : event);
  if (socket->wanted != CURL_POLL_NONE) {
    wait(socket);
  }
}

void CurlMulti::set_timer(long milliseconds) {
  if (milliseconds < 0 || weak_from_this().expired()) {
    timer_.cancel();
    return;
  }
  timer_.expires_after(std::chrono::milliseconds(milliseconds));
  timer_.async_wait([weak = weak_from_this()](boost::system::error_code error) {
    const auto self = weak.lock();
    // One that had fired when it was set anew does no harm: libcurl looks at the time itself.
    if (self && !error) {
      self->act(CURL_SOCKET_TIMEOUT, 0);
    }
  });
}

void CurlMulti::act(curl_socket_t fd, int events) {
  const auto keep = shared_from_this();  // `finished` may drop the client
  int running = 0;
  inside_ = true;
  curl_multi_socket_action(multi_, fd, events, &running);
  inside_ = false;
  collect_finished();
}

void CurlMulti::collect_finished() {
  int left = 0;
  while (const CURLMsg* message = curl_multi_info_read(multi_, &left)) {
    if (message->msg == CURLMSG_DONE && finished_) {
      // Copied: the message is libcurl's until the transfer is removed.
      finished_(message->easy_handle, message->data.result);
    }
  }
}

}  // namespace patchbay::net
