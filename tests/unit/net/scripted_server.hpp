// A TCP server on loopback whose every byte a test decides: one thread for each connection runs a
// script on a blocking socket, with TLS if wanted.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "base/unique_fd.hpp"

namespace patchbay::net {

// A key and a certificate for it that it signed itself, as PEM; made anew in each process.
struct SelfSigned {
  std::string certificate;
  std::string key;
};
[[nodiscard]] SelfSigned make_self_signed(const std::string& host);

struct SeenRequest {
  std::string head;  // request line and headers, with the empty line
  std::string body;
  [[nodiscard]] std::string line() const { return head.substr(0, head.find("\r\n")); }
  [[nodiscard]] bool has(std::string_view text) const {
    return head.find(text) != std::string::npos;
  }
};

// The server's end of one connection. Blocking; every wait ends after the tests' patience.
class Peer {
 public:
  explicit Peer(base::UniqueFd fd);
  Peer(const Peer&) = delete;
  Peer& operator=(const Peer&) = delete;
  ~Peer();

  // False: the client did not complete the handshake.
  bool start_tls(const SelfSigned& identity);
  // At least one byte, or empty at the end.
  std::string read_some(std::size_t most = 65536);
  std::string read_exactly(std::size_t size);
  // A request with Content-Length or none; an empty head when the client has ended.
  SeenRequest read_request();
  bool send(std::string_view bytes);
  // "HTTP/1.1 200 OK" with a length.
  bool answer(std::string_view body, std::string_view extra_headers = {},
              std::string_view status = "200 OK");
  void wait_for_end();
  void close();
  // With RST instead of FIN.
  void reset();
  [[nodiscard]] int fd() const { return fd_.get(); }

 private:
  struct Tls;
  base::UniqueFd fd_;
  std::unique_ptr<Tls> tls_;
  std::string unread_;
};

class ScriptedServer {
 public:
  // connection: 1 for the first.
  using Script = std::function<void(Peer& peer, int connection)>;

  explicit ScriptedServer(Script script);
  ~ScriptedServer();
  ScriptedServer(const ScriptedServer&) = delete;
  ScriptedServer& operator=(const ScriptedServer&) = delete;

  [[nodiscard]] int port() const { return port_; }
  [[nodiscard]] std::string url(std::string_view path, std::string_view scheme = "http",
                                std::string_view host = "127.0.0.1") const;
  [[nodiscard]] int connections() const { return connections_; }
  // Scripts that have run to their end.
  [[nodiscard]] int ended() const { return ended_; }
  // New connections are refused; those that stand go on.
  void stop_listening();
  // Ends every connection and joins; the scripts have run then.
  void stop();

 private:
  void accept();

  Script script_;
  base::UniqueFd listener_;
  int port_ = 0;
  std::atomic<int> connections_ = 0;
  std::atomic<int> ended_ = 0;
  std::atomic<bool> stopping_ = false;
  std::mutex mutex_;
  std::vector<std::thread> threads_;          // guarded by mutex_
  std::vector<std::shared_ptr<Peer>> peers_;  // guarded by mutex_; shared with their threads
  std::thread acceptor_;
};

// A port on loopback that nobody listens on.
[[nodiscard]] int unused_port();

}  // namespace patchbay::net
