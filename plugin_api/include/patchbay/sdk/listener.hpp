// Listener: a Unix socket that the host listens on for the instance. A member of the adapter:
//
//   Listener listener_{runtime()};
//   ...
//   Completion listening = co_await listener_.listen("console");   // text: the socket's path
//   for (;;) { ListenerEvent event = co_await listener_.next(); ... }
//
// It is closed when the instance stops; next() then ends by Stopped.
#ifndef PATCHBAY_SDK_LISTENER_HPP
#define PATCHBAY_SDK_LISTENER_HPP

#include <cstdint>
#include <string>
#include <string_view>

#include "../ext/listener.h"
#include "event_queue.hpp"
#include "operation.hpp"

namespace patchbay::sdk {

// The values are those of the ABI.
enum class ListenerEventKind : std::uint32_t {
  kAccepted = PBAY_LISTENER_ACCEPTED,
  kData = PBAY_LISTENER_DATA,
  kWritable = PBAY_LISTENER_WRITABLE,
  kClosed = PBAY_LISTENER_CLOSED,
};

struct ListenerEvent {
  ListenerEventKind kind = ListenerEventKind::kAccepted;
  std::uint64_t connection = 0;
  std::string data;

  ListenerEvent() = default;
  explicit ListenerEvent(const Known<pbay_listener_event>& event)
      : kind(static_cast<ListenerEventKind>(event->kind)),
        connection(event->connection),
        data(copy(event->data)) {}
};

class Listener final : public EventSink {
 public:
  explicit Listener(Runtime& runtime)
      : runtime_(runtime),
        listener_(runtime.extension<pbay_listener>(PBAY_EXT_LISTENER)),
        queue_(runtime) {
    runtime_.add_sink(this);
  }
  ~Listener() { runtime_.remove_sink(this); }

  // Once. name: [a-z0-9][a-z0-9-]{0,31}.
  [[nodiscard]] auto listen(std::string_view name) {
    auto issue = [this, name = std::string(name)](const pbay_host* host, pbay_op op) {
      op_ = op;
      runtime_.route(op, this);
      listener_->listen(host, op, to_abi(name));
    };
    return Operation<Completion, decltype(issue)>(runtime_, GiveUp::kNever, listener_ != nullptr,
                                                  nullptr, issue);
  }
  [[nodiscard]] auto next() noexcept { return queue_.next(); }

  // PBAY_OK, PBAY_E_BUSY (wait for kWritable), PBAY_E_NOT_FOUND (the connection is gone).
  std::int32_t send(std::uint64_t connection, std::string_view bytes) const noexcept {
    return op_ != 0 ? listener_->send(runtime_.host(), connection, to_abi(bytes))
                    : PBAY_E_NOT_FOUND;
  }
  // Closes after what is queued has been written.
  void hang_up(std::uint64_t connection) const noexcept {
    if (op_ != 0) {
      listener_->hang_up(runtime_.host(), connection);
    }
  }
  // Stops listening and drops the connections.
  void close() {
    if (op_ != 0) {
      listener_->close(runtime_.host(), op_);
      runtime_.unroute(op_);
      op_ = 0;
    }
  }

  void event(const void* detail) override {
    const ListenerEvent event(*static_cast<const pbay_listener_event*>(detail));
    if (!queue_.push(event)) {
      runtime_.log(PBAY_LOG_WARNING,
                   "a listener's connection was closed: its bytes came faster than they were read");
      hang_up(event.connection);
    }
  }
  void stop() override {
    close();
    queue_.stop();
  }

 private:
  Runtime& runtime_;
  const pbay_listener* listener_;
  EventQueue<ListenerEvent> queue_;
  pbay_op op_ = 0;
};

}  // namespace patchbay::sdk

#endif  // PATCHBAY_SDK_LISTENER_HPP
