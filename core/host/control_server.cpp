#include "host/control_server.hpp"

#include <nlohmann/json.hpp>
#include <utility>

#include "base/event_loop.hpp"
#include "host/control_protocol.hpp"

namespace patchbay::host {

using nlohmann::json;

namespace {

// Of one answer, and so of what a connection may have the host keep.
constexpr std::size_t kAnswerBytes = 8 * limits::kControlFrameBytes;

}  // namespace

ControlServer::~ControlServer() {
  for (auto& [id, connection] : connections_) {
    loop_->cancel(connection.unread);
  }
}

void ControlServer::add(std::string method, std::vector<ControlParam> params, Handler handler) {
  methods_.emplace(std::move(method), Method{std::move(params), std::move(handler)});
}

base::Status ControlServer::listen(base::EventLoop& loop, const std::string& path) {
  net::UnixListenerOptions options;
  options.max_connections = 2 * limits::kControlConnections;  // while room is made
  options.max_buffered_bytes = kAnswerBytes;
  loop_ = &loop;
  PATCHBAY_ASSIGN(listener_, net::UnixListener::listen(loop, path, options, *this));
  return {};
}

void ControlServer::accepted(net::ConnectionId connection) {
  connections_.emplace(connection,
                       Connection{.lines = net::LineSplitter(limits::kControlFrameBytes),
                                  .quiet_since = loop_->now()});
  if (connections_.size() > limits::kControlConnections) {
    make_room_for(connection);
  }
}

// Clients that say nothing keep nobody out: the one that has been quiet longest goes.
void ControlServer::make_room_for(net::ConnectionId newest) {
  net::ConnectionId dropped = newest;
  base::MonotonicTime since = base::MonotonicTime::max();
  for (const auto& [id, connection] : connections_) {
    if (id != newest && !connection.is_served && connection.quiet_since < since) {
      dropped = id;
      since = connection.quiet_since;
    }
  }
  closed(dropped, {});
  listener_->drop(dropped);
}

void ControlServer::received(net::ConnectionId connection, std::string_view bytes) {
  const auto found = connections_.find(connection);
  if (found != connections_.end()) {
    found->second.lines.append(bytes);
    serve_next(connection);
  }
}

void ControlServer::serve_next(net::ConnectionId connection) {
  Connection& served = connections_.at(connection);
  const auto line = served.lines.next();
  if (!line.ok()) {
    refuse_oversized(connection, line.status());
  } else if (line->has_value()) {
    handle(connection, **line);
  } else {
    listener_->resume_reading(connection);
  }
}

void ControlServer::handle(net::ConnectionId connection, std::string_view line) {
  json params;
  const ControlRequest request = parse_request(line, params);
  listener_->pause_reading(connection);
  connections_.at(connection).is_served = true;
  if (!request.problem.ok()) {
    answer(connection, error_line(request.id, request.problem));
    return;
  }
  const auto method = methods_.find(request.method);
  if (method == methods_.end()) {
    answer(connection, error_line(request.id, {base::Code::kInvalidArgument,
                                               "unknown method: " + request.method}));
    return;
  }
  if (const base::Status checked = check_params(request.method, method->second.params, params);
      !checked.ok()) {
    answer(connection, error_line(request.id, checked));
    return;
  }
  method->second.handler(params, lifetime_.guard([this, connection,
                                                  id = request.id](base::Result<json> result) {
    std::string told = result.ok() ? response_line(id, *result) : error_line(id, result.status());
    if (told.size() > kAnswerBytes) {
      told = error_line(
          id, {base::Code::kTooLarge, "the answer has more than " + std::to_string(kAnswerBytes) +
                                          " bytes; ask for less at once"});
    }
    answer(connection, told);
  }));
}

// There is no way on in such a stream: it closes.
void ControlServer::refuse_oversized(net::ConnectionId connection, const base::Status& why) {
  listener_->pause_reading(connection);
  connections_.at(connection).ended = true;
  answer(connection, error_line(kNoRequestId, why.with_context("invalid request frame")));
}

void ControlServer::answer(net::ConnectionId connection, const std::string& line) {
  const auto found = connections_.find(connection);
  if (found == connections_.end()) {
    return;
  }
  if (!listener_->send(connection, line).ok() || found->second.ended) {
    listener_->hang_up(connection);
    return;
  }
  listener_->tell_when_written(connection);
  found->second.unread =
      loop_->run_after(unread_answer_, [this, connection] { listener_->drop(connection); });
}

void ControlServer::writable(net::ConnectionId connection) {
  if (!connections_.contains(connection)) {
    return;  // it had to make room
  }
  Connection& served = connections_.at(connection);
  loop_->cancel(std::exchange(served.unread, 0));
  served.is_served = false;
  served.quiet_since = loop_->now();
  serve_next(connection);
}

void ControlServer::ended(net::ConnectionId connection) {
  if (!connections_.contains(connection)) {
    return;
  }
  Connection& served = connections_.at(connection);
  served.ended = true;
  // A last line may lack its end, as `printf … | nc -U` sends it.
  if (const std::string last(served.lines.rest()); !last.empty()) {
    handle(connection, last);  // its answer hangs up
  } else {
    listener_->hang_up(connection);
  }
}

void ControlServer::closed(net::ConnectionId connection, const base::Status&) {
  const auto found = connections_.find(connection);
  if (found != connections_.end()) {
    loop_->cancel(found->second.unread);
    connections_.erase(found);
  }
}

}  // namespace patchbay::host
