#include "host/control_server.hpp"

#include <nlohmann/json.hpp>

#include "host/control_protocol.hpp"

namespace patchbay::host {

using nlohmann::json;

void ControlServer::add(std::string method, std::vector<ControlParam> params, Handler handler) {
  methods_.emplace(std::move(method), Method{std::move(params), std::move(handler)});
}

base::Status ControlServer::listen(base::EventLoop& loop, const std::string& path) {
  net::UnixListenerOptions options;
  options.max_connections = limits::kControlConnections;
  options.max_buffered_bytes = 16 * limits::kControlFrameBytes;
  PATCHBAY_ASSIGN(listener_, net::UnixListener::listen(loop, path, options, *this));
  return {};
}

void ControlServer::accepted(net::ConnectionId connection) {
  connections_.emplace(connection, Connection{net::LineSplitter(limits::kControlFrameBytes)});
}

void ControlServer::received(net::ConnectionId connection, std::string_view bytes) {
  auto found = connections_.find(connection);
  if (found == connections_.end()) {
    return;
  }
  found->second.lines.append(bytes);
  while (true) {
    found = connections_.find(connection);  // a handler may have answered and closed
    if (found == connections_.end()) {
      return;
    }
    auto line = found->second.lines.next();
    if (!line.ok()) {
      refuse_oversized(connection, line.status());
      return;
    }
    if (!line->has_value()) {
      return;
    }
    handle(connection, **line);
  }
}

void ControlServer::handle(net::ConnectionId connection, std::string_view line) {
  json params;
  const ControlRequest request = parse_request(line, params);
  ++connections_.at(connection).pending;
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
    answer(connection, result.ok() ? response_line(id, *result) : error_line(id, result.status()));
  }));
}

// There is no way on in such a stream: it closes once what was asked before is answered.
void ControlServer::refuse_oversized(net::ConnectionId connection, const base::Status& why) {
  listener_->pause_reading(connection);
  Connection& refused = connections_.at(connection);
  refused.ended = true;
  ++refused.pending;
  answer(connection, error_line(kNoRequestId, why.with_context("invalid request frame")));
}

void ControlServer::answer(net::ConnectionId connection, const std::string& line) {
  const auto found = connections_.find(connection);
  if (found == connections_.end()) {
    return;
  }
  --found->second.pending;
  // A client that does not read its answers is dropped.
  if (!listener_->send(connection, line).ok() ||
      (found->second.ended && found->second.pending == 0)) {
    listener_->hang_up(connection);
  }
}

void ControlServer::ended(net::ConnectionId connection) {
  const auto found = connections_.find(connection);
  if (found == connections_.end()) {
    return;
  }
  // A last line may lack its end, as `printf … | nc -U` sends it. What was refused is no line.
  const bool refused = found->second.ended;
  found->second.ended = true;
  if (const std::string last(found->second.lines.rest()); !refused && !last.empty()) {
    handle(connection, last);
    return;  // its answer hangs up when it was the last one
  }
  if (found->second.pending == 0) {
    listener_->hang_up(connection);
  }
}

void ControlServer::writable(net::ConnectionId) {}

void ControlServer::closed(net::ConnectionId connection, const base::Status&) {
  connections_.erase(connection);
}

}  // namespace patchbay::host
