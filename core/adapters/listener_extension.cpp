#include "adapters/listener_extension.hpp"

#include <cerrno>
#include <deque>
#include <sys/stat.h>
#include <utility>

#include <patchbay/ext/listener.h>

#include "adapters/abi_text.hpp"
#include "adapters/instance.hpp"
#include "base/ids.hpp"
#include "base/limits.hpp"
#include "net/unix_listener.hpp"

namespace patchbay::adapters {
namespace {

using base::Code;
using base::Result;
using base::Status;

class ListenerDetail final : public Detail {
 public:
  ListenerDetail(std::uint32_t kind, std::uint64_t connection, std::string_view data)
      : data_(data), abi_{sizeof(pbay_listener_event), kind, connection, adapters::abi(data_)} {}
  [[nodiscard]] DetailKind kind() const override { return DetailKind::kListener; }
  [[nodiscard]] const void* abi() const override { return &abi_; }
  [[nodiscard]] std::size_t bytes() const override { return data_.size(); }

 private:
  std::string data_;
  pbay_listener_event abi_;
};

void listen_on(const pbay_host* host, pbay_op op, pbay_str name) PBAY_NOEXCEPT {
  if (Bridge* bridge = Bridge::of(host)) {
    bridge->post(
        [op, name = copy(name)](Instance& instance) { instance.listeners().listen(op, name); });
  }
}

std::int32_t send_bytes(const pbay_host* host, std::uint64_t connection,
                        pbay_str bytes) PBAY_NOEXCEPT {
  Bridge* bridge = Bridge::of(host);
  if (bridge == nullptr) {
    return PBAY_E_NOT_FOUND;
  }
  switch (bridge->connections.take(connection, view(bytes).size())) {
    case ConnectionBuffers::Room::kNoConnection:
      return PBAY_E_NOT_FOUND;
    case ConnectionBuffers::Room::kFull:
    case ConnectionBuffers::Room::kNever:
      return PBAY_E_BUSY;
    case ConnectionBuffers::Room::kTaken:
      break;
  }
  bridge->post([connection, bytes = copy(bytes)](Instance& instance) mutable {
    instance.listeners().send(connection, std::move(bytes));
  });
  return PBAY_OK;
}

void hang_up_on(const pbay_host* host, std::uint64_t connection) PBAY_NOEXCEPT {
  if (Bridge* bridge = Bridge::of(host)) {
    bridge->post([connection](Instance& instance) { instance.listeners().hang_up(connection); });
  }
}

void close_listener(const pbay_host* host, pbay_op op) PBAY_NOEXCEPT {
  if (Bridge* bridge = Bridge::of(host)) {
    bridge->post([op](Instance& instance) { instance.listeners().close(op); });
  }
}

}  // namespace

// One socket that is listened on, with its connections.
class ListenerExtension::Socket final : public net::UnixListenerEvents {
 public:
  Socket(ListenerExtension& extension, pbay_op op) : extension_(extension), op_(op) {}
  ~Socket() override {
    for (const auto& [id, connection] : connections_) {
      forget(id);
    }
  }

  Status open(const std::string& path) {
    auto listener = net::UnixListener::listen(*owner().services().sockets, path, {}, *this);
    if (listener.ok()) {
      listener_ = std::move(*listener);
    }
    return listener.status();
  }

  void send(std::uint64_t id, std::string bytes) {
    Connection& connection = connections_.at(id);
    connection.queue.push_back(std::move(bytes));
    flush(id, connection);
  }

  void hang_up(std::uint64_t id) {
    Connection& connection = connections_.at(id);
    connection.hang_up = true;
    flush(id, connection);
  }

  void accepted(net::ConnectionId peer) override {
    const std::uint64_t id = ++extension_.last_connection_;
    ids_[peer] = id;
    connections_[id].peer = peer;
    extension_.socket_of_connection_[id] = this;
    owner().bridge().connections.add(id);
    emit(PBAY_LISTENER_ACCEPTED, id, {}, extension_.count_visit());
  }

  void received(net::ConnectionId peer, std::string_view bytes) override {
    const std::uint64_t id = ids_.at(peer);
    Connection& connection = connections_.at(id);
    const std::size_t size = bytes.size() + kUntakenEventBytes;
    connection.untaken += size;
    if (connection.untaken > kUntakenBytes && !connection.paused) {
      connection.paused = true;
      listener_->pause_reading(peer);
    }
    emit(PBAY_LISTENER_DATA, id, bytes,
         [&extension = extension_, id, size] { extension.taken(id, size); });
  }

  // The ABI has no half-closed connections: what is queued is written, then it is over.
  void ended(net::ConnectionId peer) override { hang_up(ids_.at(peer)); }

  void writable(net::ConnectionId peer) override {
    const std::uint64_t id = ids_.at(peer);
    flush(id, connections_.at(id));
  }

  void closed(net::ConnectionId peer, const Status& /*why*/) override {
    const std::uint64_t id = ids_.at(peer);
    ids_.erase(peer);
    connections_.erase(id);
    forget(id);
    emit(PBAY_LISTENER_CLOSED, id, {}, extension_.count_visit());
  }

  void pause_accepting() { listener_->pause_accepting(); }
  void resume_accepting() { listener_->resume_accepting(); }

  void taken(std::uint64_t id, std::size_t size) {
    Connection& connection = connections_.at(id);
    connection.untaken -= size;
    if (connection.paused && connection.untaken <= kUntakenBytes / 2) {
      connection.paused = false;
      listener_->resume_reading(connection.peer);
    }
  }

 private:
  struct Connection {
    net::ConnectionId peer = 0;
    std::deque<std::string> queue;  // not yet accepted by the listener
    std::size_t untaken = 0;
    bool paused = false;
    bool hang_up = false;
  };

  [[nodiscard]] ExtensionOwner& owner() { return extension_.owner_; }

  void emit(std::uint32_t kind, std::uint64_t id, std::string_view data,
            base::UniqueFunction<void()> taken) {
    owner().emit(op_, std::make_unique<ListenerDetail>(kind, id, data), std::move(taken));
  }

  void flush(std::uint64_t id, Connection& connection) {
    while (!connection.queue.empty()) {
      const Status sent = listener_->send(connection.peer, connection.queue.front());
      if (sent.code() == Code::kBusy) {
        return;  // writable() comes
      }
      // Sent, or never to be: the connection is gone and closed() comes.
      const std::size_t size = connection.queue.front().size();
      connection.queue.pop_front();
      if (owner().bridge().connections.give_back(id, size)) {
        emit(PBAY_LISTENER_WRITABLE, id, {}, nullptr);
      }
    }
    if (connection.hang_up) {
      listener_->hang_up(connection.peer);
    }
  }

  void forget(std::uint64_t id) {
    owner().bridge().connections.remove(id);
    extension_.socket_of_connection_.erase(id);
  }

  ListenerExtension& extension_;
  pbay_op op_;
  std::unordered_map<net::ConnectionId, std::uint64_t> ids_;
  std::unordered_map<std::uint64_t, Connection> connections_;
  std::unique_ptr<net::UnixListener> listener_;  // the first to go: it calls this object
};

ListenerExtension::ListenerExtension(ExtensionOwner& owner, std::string run_dir,
                                     base::UniqueFunction<bool(const std::string&)> is_instance)
    : owner_(owner), run_dir_(std::move(run_dir)), is_instance_(std::move(is_instance)) {}

ListenerExtension::~ListenerExtension() = default;

// Whoever connects to a socket knows it by the name of its instance.
Status ListenerExtension::check_name(const std::string& name) const {
  if (!base::is_instance_name(name)) {
    return {Code::kInvalidArgument, "a listener's name is [a-z0-9][a-z0-9-]{0,31}"};
  }
  const std::string& own = owner_.bridge().name().str();
  if (name == own) {
    return {};
  }
  if (!name.starts_with(own + "-")) {
    return {Code::kRefused, "instance '" + own + "' may listen on '" + own + "' and '" + own +
                                "-…' only, not on '" + name + "'"};
  }
  // "work-2…" is that of instance "work-2", if there is one, and not of "work".
  for (std::size_t end = name.find('-', own.size() + 1);; end = name.find('-', end + 1)) {
    const std::string other = name.substr(0, end);
    if (is_instance_(other)) {
      return {Code::kRefused, "instance '" + own + "' may not listen on '" + name +
                                  "': such names are those of instance '" + other + "'"};
    }
    if (end == std::string::npos) {
      return {};
    }
  }
}

Result<std::string> ListenerExtension::socket_path(const std::string& name) const {
  PATCHBAY_TRY(check_name(name));
  if (::mkdir(run_dir_.c_str(), 0700) != 0 && errno != EEXIST) {
    return Status::from_errno(errno, run_dir_);
  }
  return run_dir_ + "/" + name + ".sock";
}

void ListenerExtension::listen(pbay_op op, const std::string& name) {
  if (!owner_.begin(op, "listener")) {
    return;
  }
  if (sockets_.size() >= limits::kListeners) {
    owner_.complete(op, {.code = PBAY_E_BUSY,
                         .text = "the instance listens on " + std::to_string(limits::kListeners) +
                                 " sockets already, which is the most"});
    return;
  }
  auto socket = std::make_unique<Socket>(*this, op);
  const auto path = socket_path(name);
  const Status opened = path.ok() ? socket->open(*path) : path.status();
  if (!opened.ok()) {
    Completion refused = completion_of(opened);
    if (opened.code() == Code::kAlreadyExists) {
      refused.code = PBAY_E_BUSY;  // somebody listens there
    }
    owner_.complete(op, std::move(refused));
    return;
  }
  if (paused_) {
    socket->pause_accepting();
  }
  sockets_[op] = std::move(socket);
  owner_.complete_open(op, {.text = *path});
}

void ListenerExtension::send(std::uint64_t connection, std::string bytes) {
  if (const auto found = socket_of_connection_.find(connection);
      found != socket_of_connection_.end()) {
    found->second->send(connection, std::move(bytes));
  }
}

void ListenerExtension::hang_up(std::uint64_t connection) {
  if (const auto found = socket_of_connection_.find(connection);
      found != socket_of_connection_.end()) {
    found->second->hang_up(connection);
  }
}

void ListenerExtension::taken(std::uint64_t connection, std::size_t size) {
  if (const auto found = socket_of_connection_.find(connection);
      found != socket_of_connection_.end()) {
    found->second->taken(connection, size);
  }
}

// Of all sockets, also of those that were closed meanwhile.
base::UniqueFunction<void()> ListenerExtension::count_visit() {
  untaken_visits_ += kUntakenEventBytes;
  if (untaken_visits_ > kUntakenBytes && !paused_) {
    paused_ = true;
    for (const auto& [op, socket] : sockets_) {
      socket->pause_accepting();
    }
  }
  return [this] { visit_taken(); };
}

void ListenerExtension::visit_taken() {
  untaken_visits_ -= kUntakenEventBytes;
  if (paused_ && untaken_visits_ <= kUntakenBytes / 2) {
    paused_ = false;
    for (const auto& [op, socket] : sockets_) {
      socket->resume_accepting();
    }
  }
}

void ListenerExtension::close(pbay_op op) {
  if (sockets_.erase(op) != 0) {
    owner_.end(op);
  }
}

void ListenerExtension::shut_down() { sockets_.clear(); }

const void* listener_table() {
  static constexpr pbay_listener kTable = {
      sizeof(pbay_listener), 0, listen_on, send_bytes, hang_up_on, close_listener};
  return &kTable;
}

}  // namespace patchbay::adapters
