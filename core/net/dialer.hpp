// One TCP connection to a host by name: resolves, asks who decides about each address, and connects
// to the first that may be and answers. Internal; the core thread.
#pragma once

#include <boost/asio/ip/tcp.hpp>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "base/event_loop.hpp"
#include "base/status.hpp"
#include "base/unique_function.hpp"
#include "net/host_allow.hpp"
#include "net/name_resolver.hpp"

namespace patchbay::net {

// Shared with the handlers that Asio holds.
class Dialer : public std::enable_shared_from_this<Dialer> {
 public:
  // kRefused by `allow`, kUnavailable.
  using Done = base::UniqueFunction<void(base::Result<boost::asio::ip::tcp::socket>)>;

  Dialer(base::EventLoop& loop, NameResolver& resolver, std::string host, std::uint16_t port,
         HostAllow allow, Done done);

  // `done` comes once, never inside this call. It has no deadline: who dials has one.
  void start();
  // `done` does not come any more, and nothing is connected to.
  void cancel();

 private:
  void resolved(base::Result<NameResolver::Endpoints> endpoints);
  void try_next();
  [[nodiscard]] base::Status open_socket(const boost::asio::ip::tcp::endpoint& endpoint);
  void connect(const boost::asio::ip::tcp::endpoint& endpoint);
  void connected(const boost::system::error_code& error);
  void finish(base::Result<boost::asio::ip::tcp::socket> result);

  base::EventLoop& loop_;
  NameResolver& resolver_;
  const std::string host_;
  const std::uint16_t port_;
  const HostAllow allow_;
  Done done_;  // empty once it has come or been cancelled
  NameResolver::Question question_ = 0;
  NameResolver::Endpoints endpoints_;
  std::size_t next_ = 0;
  boost::asio::ip::tcp::socket socket_;
  base::TimerId attempt_timer_ = 0;
  bool attempt_timed_out_ = false;
  base::Status refusal_;  // of an address; another one of the same name may still be allowed
  base::Status failure_;  // of a connect
};

}  // namespace patchbay::net
