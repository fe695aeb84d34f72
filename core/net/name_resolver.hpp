// Host names to addresses without blocking the loop: each name is asked for on a thread of its own,
// since getaddrinfo() cannot be given up and one that waits for a dead server must not delay the
// next. Internal; the core thread.
#pragma once

#include <boost/asio/ip/tcp.hpp>
#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/status.hpp"
#include "base/unique_function.hpp"

namespace patchbay::base {
class EventLoop;
}

namespace patchbay::net {

class NameResolver {
 public:
  using Endpoints = std::vector<boost::asio::ip::tcp::endpoint>;
  using Done = base::UniqueFunction<void(base::Result<Endpoints>)>;
  using Question = std::uint64_t;  // 0 is never one

  explicit NameResolver(base::EventLoop& loop);
  // Answers no more. Threads that still ask end by themselves.
  ~NameResolver();
  NameResolver(const NameResolver&) = delete;
  NameResolver& operator=(const NameResolver&) = delete;

  // A name or an address; `done` comes later, never inside this call, with at least one endpoint,
  // kUnavailable, or kBusy when too many names wait.
  Question resolve(std::string host, std::uint16_t port, Done done);
  // Its `done` is destroyed without a call.
  void forget(Question question);

 private:
  // What the threads hold: shared with them, since they may outlive the resolver.
  struct Gate;
  struct Waiting {
    Question question = 0;
    std::string host;
    std::uint16_t port = 0;
  };

  void answer_later(Question question, base::Result<Endpoints> answer);
  void answered(Question question, base::Result<Endpoints> answer);
  void ask_next();
  [[nodiscard]] base::Status ask(const Waiting& waiting);

  base::EventLoop& loop_;
  std::shared_ptr<Gate> gate_;
  std::unordered_map<Question, Done> open_;
  std::deque<Waiting> waiting_;
  std::size_t threads_ = 0;
  Question last_ = 0;
};

}  // namespace patchbay::net
