// "patchbay.listener/1": Unix sockets in the run folder, on which the host listens for the
// instance.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>

#include <patchbay/adapter.h>

#include "adapters/extension_owner.hpp"
#include "base/status.hpp"
#include "base/unique_function.hpp"

namespace patchbay::adapters {

// [core thread]
class ListenerExtension {
 public:
  // run_dir is made, mode 0700, when the first socket is. is_instance: of this host, whatever its
  // adapter; sockets that bear its name are its own.
  ListenerExtension(ExtensionOwner& owner, std::string run_dir,
                    base::UniqueFunction<bool(const std::string& name)> is_instance);
  ~ListenerExtension();
  ListenerExtension(const ListenerExtension&) = delete;
  ListenerExtension& operator=(const ListenerExtension&) = delete;

  void listen(pbay_op op, const std::string& name);
  // `bytes` were taken from the connection's buffer (bridge().connections) already.
  void send(std::uint64_t connection, std::string bytes);
  void hang_up(std::uint64_t connection);
  void close(pbay_op op);
  void shut_down();

 private:
  class Socket;
  void taken(std::uint64_t connection, std::size_t size);
  // Somebody came or went; what is returned is to be called when the adapter has taken that.
  [[nodiscard]] base::UniqueFunction<void()> count_visit();
  void visit_taken();
  [[nodiscard]] base::Status check_name(const std::string& name) const;
  [[nodiscard]] base::Result<std::string> socket_path(const std::string& name) const;

  ExtensionOwner& owner_;
  std::string run_dir_;
  base::UniqueFunction<bool(const std::string&)> is_instance_;
  std::unordered_map<pbay_op, std::unique_ptr<Socket>> sockets_;
  std::unordered_map<std::uint64_t, Socket*> socket_of_connection_;
  std::uint64_t last_connection_ = 0;
  std::size_t untaken_visits_ = 0;  // counted as bytes are
  bool paused_ = false;             // nobody is let in
};

[[nodiscard]] const void* listener_table();

}  // namespace patchbay::adapters
