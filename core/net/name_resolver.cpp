#include "net/name_resolver.hpp"

#include <algorithm>
#include <cstring>
#include <mutex>
#include <netdb.h>
#include <system_error>
#include <thread>
#include <utility>

#include "base/event_loop.hpp"
#include "base/limits.hpp"

namespace patchbay::net {
namespace {

namespace asio = boost::asio;
using base::Code;
using base::Result;
using base::Status;
using Endpoints = NameResolver::Endpoints;

// [any thread] Blocks.
Result<Endpoints> look_up(const std::string& host, std::uint16_t port) {
  addrinfo hints{};
  hints.ai_family = AF_UNSPEC;
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_NUMERICSERV;
  addrinfo* found = nullptr;
  const int error = ::getaddrinfo(host.c_str(), std::to_string(port).c_str(), &hints, &found);
  if (error != 0) {
    return Status(Code::kUnavailable,
                  "the host name cannot be resolved; check the name and this machine's DNS");
  }
  Endpoints out;
  for (const addrinfo* at = found; at != nullptr; at = at->ai_next) {
    asio::ip::tcp::endpoint endpoint;
    if ((at->ai_family == AF_INET || at->ai_family == AF_INET6) &&
        at->ai_addrlen <= endpoint.capacity()) {
      std::memcpy(endpoint.data(), at->ai_addr, at->ai_addrlen);
      endpoint.resize(at->ai_addrlen);
      out.push_back(endpoint);
    }
  }
  ::freeaddrinfo(found);
  if (out.empty()) {
    return Status(Code::kUnavailable, "the host name has no address");
  }
  return out;
}

}  // namespace

struct NameResolver::Gate {
  std::mutex mutex;
  base::EventLoop* loop = nullptr;   // guarded by mutex; null once the resolver is gone
  NameResolver* resolver = nullptr;  // core thread only; null with it
};

NameResolver::NameResolver(base::EventLoop& loop) : loop_(loop), gate_(std::make_shared<Gate>()) {
  gate_->loop = &loop;
  gate_->resolver = this;
}

NameResolver::~NameResolver() {
  const std::lock_guard lock(gate_->mutex);
  gate_->loop = nullptr;
  gate_->resolver = nullptr;
}

NameResolver::Question NameResolver::resolve(std::string host, std::uint16_t port, Done done) {
  const Question question = ++last_;
  open_.emplace(question, std::move(done));
  boost::system::error_code error;
  const auto address = asio::ip::make_address(host, error);
  if (!error) {
    answer_later(question, Endpoints{{address, port}});
  } else if (waiting_.size() >= limits::kNamesWaiting) {
    answer_later(question, Status(Code::kBusy, "too many host names are being resolved"));
  } else {
    waiting_.push_back({question, std::move(host), port});
    ask_next();
  }
  return question;
}

void NameResolver::forget(Question question) {
  open_.erase(question);
  std::erase_if(waiting_, [question](const Waiting& w) { return w.question == question; });
}

void NameResolver::answer_later(Question question, Result<Endpoints> answer) {
  loop_.post([gate = gate_, question, answer = std::move(answer)]() mutable {
    if (gate->resolver != nullptr) {
      gate->resolver->answered(question, std::move(answer));
    }
  });
}

void NameResolver::answered(Question question, Result<Endpoints> answer) {
  const auto found = open_.find(question);
  if (found == open_.end()) {
    return;
  }
  const Done done = std::move(found->second);
  open_.erase(found);
  done(std::move(answer));
}

void NameResolver::ask_next() {
  while (threads_ < limits::kNamesResolved && !waiting_.empty()) {
    const Waiting next = std::move(waiting_.front());
    waiting_.pop_front();
    if (Status refused = ask(next); !refused.ok()) {
      answer_later(next.question, std::move(refused));
    }
  }
}

Status NameResolver::ask(const Waiting& waiting) {
  try {
    std::thread([gate = gate_, waiting] {
      Result<Endpoints> answer = look_up(waiting.host, waiting.port);
      const std::lock_guard lock(gate->mutex);
      if (gate->loop == nullptr) {
        return;
      }
      gate->loop->post([gate, question = waiting.question, answer = std::move(answer)]() mutable {
        if (NameResolver* resolver = gate->resolver) {
          --resolver->threads_;
          resolver->ask_next();
          resolver->answered(question, std::move(answer));
        }
      });
    }).detach();
  } catch (const std::system_error& error) {
    return {Code::kUnavailable,
            std::string("no thread for resolving a host name: ") + error.what()};
  }
  ++threads_;
  return {};
}

}  // namespace patchbay::net
