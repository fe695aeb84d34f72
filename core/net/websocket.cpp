#include "net/websocket.hpp"

#include <utility>

#include "base/text.hpp"
#include "net/websocket_state.hpp"

namespace patchbay::net {
namespace {

using base::Code;
using base::Result;
using base::Status;
using boost::asio::ip::tcp;

// Of memory, besides the data: many small messages are no way around the cap.
constexpr std::size_t kFrameBytes = 64;

// RFC 6455, 7.4: what an endpoint may send.
bool is_sendable_code(std::uint16_t code) {
  return (code >= 1000 && code <= 1003) || (code >= 1007 && code <= 1011) ||
         (code >= 3000 && code <= 4999);
}

constexpr std::string_view kSubprotocols = "sec-websocket-protocol";

template <class Fits>
bool fits_all(std::string_view list, Fits fits) {
  while (true) {
    const std::size_t comma = list.find(',');
    if (!fits(base::trim(list.substr(0, comma)))) {
      return false;
    }
    if (comma == std::string_view::npos) {
      return true;
    }
    list.remove_prefix(comma + 1);
  }
}

// As the name of a header is one.
bool are_tokens(std::string_view list) {
  return fits_all(list, [](std::string_view name) {
    return check_header({std::string(name), std::string()}).ok();
  });
}

bool is_one_of(std::string_view name, std::string_view list) {
  return !fits_all(list, [name](std::string_view other) { return other != name; });
}

}  // namespace

WebSocket::State::State(const WebSocketSetup& setup, WebSocketRequest wanted, WebSocketEvents& to)
    : loop_(setup.loop),
      resolver_(setup.resolver),
      trust_(setup.trust),
      user_agent_(setup.user_agent),
      request_(std::move(wanted)),
      events_(&to) {}

WebSocket::State::~State() { shut_down(); }

void WebSocket::State::open() {
  Status problem;
  if (auto url = parse_websocket_url(request_.url); url.ok()) {
    url_ = std::move(url).value();
    if (const Status bad = check_upgrade_headers(request_.headers); !bad.ok()) {
      problem = bad.with_context(url_.origin.str());
    }
  } else {
    problem = url.status();
  }
  if (!problem.ok()) {
    loop_.post([weak = weak_from_this(), problem] {
      if (const auto self = weak.lock()) {
        self->refuse(problem, 0);
      }
    });
    return;
  }
  deadline_ = loop_.run_after(request_.timeout, [weak = weak_from_this()] {
    if (const auto self = weak.lock()) {
      self->refuse(
          {Code::kTimeout, self->url_.origin.str() + ": the WebSocket was not open within " +
                               std::to_string(self->request_.timeout.count()) + " ms"},
          0);
    }
  });
  dialer_ = std::make_shared<Dialer>(
      loop_, resolver_, url_.origin.host, static_cast<std::uint16_t>(url_.origin.port),
      request_.allow, [this](Result<tcp::socket> socket) { dialled(std::move(socket)); });
  dialer_->start();
}

Status check_upgrade_headers(const HttpHeaders& headers) {
  bool offers = false;
  for (const HttpHeader& header : headers) {
    PATCHBAY_TRY(check_header(header));
    const std::string name = base::to_lower(header.name);
    if (name == kSubprotocols) {
      if (std::exchange(offers, true) || !are_tokens(header.value)) {
        return {Code::kInvalidArgument,
                "header " + header.name + " is to be one list of names with commas between them"};
      }
    } else if (name == "host" || name == "upgrade" || name == "connection" ||
               name.starts_with("sec-websocket-")) {
      return {Code::kInvalidArgument, "header " + header.name + " is written by the client itself"};
    }
  }
  return {};
}

void WebSocket::State::dialled(Result<tcp::socket> socket) {
  const auto keep = shared_from_this();
  if (!socket.ok()) {
    refuse(socket.status().with_context(url_.origin.str()), 0);
    return;
  }
  dialer_.reset();
  if (const std::string* offered = find_header(request_.headers, kSubprotocols)) {
    offered_ = *offered;
  }
  WebSocketHello hello{url_.origin, std::move(url_.target),     std::exchange(request_.headers, {}),
                       user_agent_, request_.max_message_bytes, request_.close_timeout};
  channel_ = url_.origin.scheme == "wss"
                 ? make_tls_channel(std::move(socket).value(), trust_, std::move(hello), *this)
                 : make_plain_channel(std::move(socket).value(), std::move(hello), *this);
  channel_->shake_hands();
}

void WebSocket::State::refuse(const Status& why, int http_status) {
  const auto keep = shared_from_this();
  WebSocketEvents* events = events_;
  shut_down();
  if (events != nullptr) {
    events->refused(why, http_status);
  }
}

void WebSocket::State::shut_down() {
  events_ = nullptr;
  phase_ = Phase::kOver;
  loop_.cancel(std::exchange(deadline_, 0));
  if (const auto dialer = std::exchange(dialer_, nullptr)) {
    dialer->cancel();
  }
  if (const auto channel = std::exchange(channel_, nullptr)) {
    channel->drop();
  }
  frames_.clear();
}

// ---- what the channel says ----------------------------------------------------------------------

void WebSocket::State::shaken(std::string subprotocol) {
  const auto keep = shared_from_this();
  const std::string offered = std::exchange(offered_, {});
  // RFC 6455, 4.1: the client fails the connection. Without the server's words, which can be any.
  if (!subprotocol.empty() && !is_one_of(subprotocol, offered)) {
    refuse({Code::kUnavailable,
            url_.origin.str() + ": the server chose a subprotocol that it was not offered"},
           0);
    return;
  }
  subprotocol_ = std::move(subprotocol);
  loop_.cancel(std::exchange(deadline_, 0));
  phase_ = Phase::kOpen;
  events_->opened();
  read_next();
}

void WebSocket::State::not_shaken(const Status& why, int http_status) { refuse(why, http_status); }

void WebSocket::State::message(WebSocketKind kind, std::string data) {
  const auto keep = shared_from_this();
  reading_ = false;
  if (phase_ == Phase::kOpen) {
    events_->received(kind, std::move(data));
  }
  read_next();
}

void WebSocket::State::ponged(std::string_view data) {
  const auto keep = shared_from_this();
  if (phase_ == Phase::kOpen) {
    events_->pong(data);
  }
}

void WebSocket::State::closing() {
  if (phase_ == Phase::kOpen) {
    phase_ = Phase::kClosing;
    wind_up_within(request_.close_timeout);
  }
}

void WebSocket::State::written() {
  const auto keep = shared_from_this();
  writing_ = false;
  queued_bytes_ -= frames_.front().cost;
  frames_.pop_front();
  write_next();
  if (was_busy_ && phase_ == Phase::kOpen && queued_bytes_ <= request_.max_queued_bytes / 2) {
    was_busy_ = false;
    events_->writable();
  }
}

void WebSocket::State::ended(const WebSocketEnd& end) {
  const auto keep = shared_from_this();
  WebSocketEvents* events = events_;
  shut_down();
  if (events != nullptr) {
    events->closed(end);
  }
}

// ---- what the owner asks for --------------------------------------------------------------------

Status WebSocket::State::queue(Frame frame) {
  if (phase_ != Phase::kOpen) {
    return {Code::kNotFound, url_.origin.str() + ": the WebSocket is not open"};
  }
  if (!frames_.empty() &&
      queued_bytes_ + frame.data.size() + kFrameBytes > request_.max_queued_bytes) {
    was_busy_ = true;
    return {Code::kBusy, url_.origin.str() + " reads too slowly: wait until writable"};
  }
  push(std::move(frame));
  return {};
}

void WebSocket::State::push(Frame frame) {
  frame.cost = frame.data.size() + kFrameBytes;
  queued_bytes_ += frame.cost;
  frames_.push_back(std::move(frame));
  write_next();
}

Status WebSocket::State::send(WebSocketKind kind, std::string data) {
  const bool text = kind == WebSocketKind::kText;
  if (text && !base::is_valid_utf8(data)) {
    return {Code::kInvalidArgument, "a WebSocket's text message must be UTF-8; send it as binary"};
  }
  return queue(Frame{text ? FrameKind::kText : FrameKind::kBinary, std::move(data)});
}

Status WebSocket::State::ping(std::string data) {
  if (data.size() > kWebSocketControlBytes) {
    return {Code::kInvalidArgument,
            "a ping has at most " + std::to_string(kWebSocketControlBytes) + " bytes"};
  }
  return queue(Frame{FrameKind::kPing, std::move(data)});
}

void WebSocket::State::close(std::uint16_t code, std::string_view reason) {
  if (phase_ != Phase::kOpen) {
    return;
  }
  std::string words = base::to_valid_utf8(reason);
  words.resize(base::utf8_prefix(words, kWebSocketReasonBytes).size());
  Frame frame{FrameKind::kClose, std::move(words)};
  frame.code = is_sendable_code(code) ? code : std::uint16_t{1000};
  phase_ = Phase::kClosing;
  wind_up_within(request_.close_timeout);
  push(std::move(frame));
}

void WebSocket::State::wind_up_within(base::Milliseconds time) {
  deadline_ = loop_.run_after(time, [weak = weak_from_this()] {
    if (const auto self = weak.lock(); self && self->channel_) {
      WebSocketEnd end = self->channel_->end_so_far();
      if (end.code == kWebSocketNoClose) {
        end.why = {Code::kTimeout,
                   self->url_.origin.str() + ": the other side did not finish closing in time"};
      }
      self->ended(end);
    }
  });
}

void WebSocket::State::write_next() {
  if (writing_ || frames_.empty() || !channel_) {
    return;
  }
  writing_ = true;
  Frame& frame = frames_.front();
  switch (frame.kind) {
    case FrameKind::kText:
      channel_->write(WebSocketKind::kText, std::move(frame.data));
      break;
    case FrameKind::kBinary:
      channel_->write(WebSocketKind::kBinary, std::move(frame.data));
      break;
    case FrameKind::kPing:
      channel_->ping(std::move(frame.data));
      break;
    case FrameKind::kClose:
      channel_->close(frame.code, frame.data);
      break;
  }
}

void WebSocket::State::read_next() {
  if (!reading_ && !paused_ && channel_ && phase_ != Phase::kOver) {
    reading_ = true;
    channel_->read();
  }
}

void WebSocket::State::pause() { paused_ = true; }

void WebSocket::State::resume() {
  paused_ = false;
  if (phase_ == Phase::kOpen) {
    read_next();
  }
}

// ---- the handle ---------------------------------------------------------------------------------

WebSocket::WebSocket(std::shared_ptr<State> state) : state_(std::move(state)) {}
WebSocket::~WebSocket() { state_->shut_down(); }

Status WebSocket::send(WebSocketKind kind, std::string data) {
  return state_->send(kind, std::move(data));
}
Status WebSocket::ping(std::string data) { return state_->ping(std::move(data)); }
void WebSocket::close(std::uint16_t code, std::string_view reason) { state_->close(code, reason); }
const std::string& WebSocket::subprotocol() const { return state_->subprotocol(); }
void WebSocket::pause_reading() { state_->pause(); }
void WebSocket::resume_reading() { state_->resume(); }

}  // namespace patchbay::net
