// The control socket <data>/run/control.sock: what the command line asks the running host.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/event_loop.hpp"
#include "base/lifetime.hpp"
#include "base/status.hpp"
#include "base/unique_function.hpp"
#include "host/control_params.hpp"
#include "net/line_splitter.hpp"
#include "net/unix_listener.hpp"

namespace patchbay::host {

// The requests of a connection are served one after the other: the next is read from it when the
// answer to the former has been. So a client costs the host one request and one answer at a time.
// [core thread]
class ControlServer final : private net::UnixListenerEvents {
 public:
  using Reply = base::UniqueFunction<void(base::Result<nlohmann::json>)>;
  using Handler = std::function<void(const nlohmann::json& params, Reply reply)>;

  // A client that takes longer to read an answer is dropped.
  explicit ControlServer(base::Milliseconds unread_answer = std::chrono::seconds(30))
      : unread_answer_(unread_answer) {}
  ~ControlServer() override;

  // Before listen(). A handler sees only params that have passed check_params(); it may reply
  // later.
  void add(std::string method, std::vector<ControlParam> params, Handler handler);
  [[nodiscard]] base::Status listen(base::EventLoop& loop, const std::string& path);

 private:
  void accepted(net::ConnectionId connection) override;
  void received(net::ConnectionId connection, std::string_view bytes) override;
  void ended(net::ConnectionId connection) override;
  void writable(net::ConnectionId connection) override;
  void closed(net::ConnectionId connection, const base::Status& why) override;

  struct Connection {
    net::LineSplitter lines;
    bool ended = false;      // nothing more is read; it closes after the answer
    bool is_served = false;  // a request is under way, or its answer
    base::MonotonicTime quiet_since;
    base::TimerId unread = 0;  // while an answer waits to be read
  };
  struct Method {
    std::vector<ControlParam> params;
    Handler handler;
  };
  void make_room_for(net::ConnectionId newest);
  void serve_next(net::ConnectionId connection);
  void handle(net::ConnectionId connection, std::string_view line);
  void refuse_oversized(net::ConnectionId connection, const base::Status& why);
  void answer(net::ConnectionId connection, const std::string& line);

  const base::Milliseconds unread_answer_;
  base::EventLoop* loop_ = nullptr;  // from listen() on
  std::map<std::string, Method, std::less<>> methods_;
  std::unordered_map<net::ConnectionId, Connection> connections_;
  std::unique_ptr<net::UnixListener> listener_;
  base::Lifetime lifetime_;
};

}  // namespace patchbay::host
