// "patchbay.stream/1": byte streams to the hosts and Unix sockets that the instance may contact.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <unordered_map>

#include <patchbay/adapter.h>

#include "adapters/extension_owner.hpp"
#include "adapters/host_rules.hpp"

namespace patchbay::adapters {

// [core thread]
class StreamExtension {
 public:
  StreamExtension(ExtensionOwner& owner, std::shared_ptr<const HostRules> rules);
  ~StreamExtension();
  StreamExtension(const StreamExtension&) = delete;
  StreamExtension& operator=(const StreamExtension&) = delete;

  void open(pbay_op op, std::string endpoint);
  // `bytes` were taken from the stream's buffer (bridge().streams) already.
  void send(pbay_op op, std::string bytes);
  void close(pbay_op op);
  void shut_down();

 private:
  class Socket;
  void taken(pbay_op op, std::size_t size);

  ExtensionOwner& owner_;
  std::shared_ptr<const HostRules> rules_;  // shared with the connections that are being opened
  std::unordered_map<pbay_op, std::unique_ptr<Socket>> sockets_;
};

[[nodiscard]] const void* stream_table();

}  // namespace patchbay::adapters
