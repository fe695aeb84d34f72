// HTTP requests that prove what left. All of it belongs to the core thread.
//
// Beyond what a request asks, the client verifies certificates, speaks HTTP/1.1, keeps no cookies,
// reads no environment and installs no signal handler. The process must ignore SIGPIPE.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/clock.hpp"
#include "base/limits.hpp"
#include "base/status.hpp"
#include "base/unique_function.hpp"
#include "net/host_allow.hpp"
#include "net/http_message.hpp"

namespace patchbay::base {
class EventLoop;
}

namespace patchbay::net {

// Bytes 0 … size-1 of a regular file, read with pread(), so that one descriptor may serve several
// parts. Borrowed: it stays open until the request has completed. A file that has become shorter
// fails the request.
struct FileContent {
  int fd = -1;
  std::int64_t size = 0;
};
using HttpContent = std::variant<std::string, FileContent>;

// One part of multipart/form-data.
struct HttpPart {
  std::string name;
  std::string filename;  // empty: a plain field
  std::string mime;      // empty: none is sent
  HttpContent content;
};

enum class HttpRepeat : std::uint8_t {
  kNever,       // once a byte has left, the request is never written again
  kIdempotent,  // the transport may write it again when a kept connection turns out dead
};

enum class HttpRedirects : std::uint8_t {
  kReturn,  // an answer like any other
  // At most limits::kHttpRedirects, each asked of `allow`, never from https to http. 301, 302 and
  // 303 turn anything but GET and HEAD into GET without body; 307 and 308 repeat the request.
  // Authorization and Cookie headers do not follow to another origin.
  kFollow,
};

// Takes the next bytes of a body, or says kBusy: then it has taken none of them, and the request
// stands still, within its timeout, until HttpClient::resume(), which offers them again. Any other
// failure ends the request with that failure.
using HttpSink = base::UniqueFunction<base::Status(std::string_view bytes)>;

struct HttpRequest {
  std::string method = "GET";
  std::string url;
  // Not Host, Content-Length, Transfer-Encoding, Connection, Expect: the client writes these.
  HttpHeaders headers;
  // Parts become multipart/form-data, whose Content-Type is the client's.
  std::variant<std::monostate, std::string, FileContent, std::vector<HttpPart>> body;
  HttpRepeat repeat = HttpRepeat::kNever;
  HttpRedirects redirects = HttpRedirects::kReturn;
  // Of an answer held in memory; more fails with kTooLarge.
  std::uint64_t max_response_bytes = limits::kHttpResponseBytes;
  // Set: takes the body of a 2xx answer instead of memory. Bodies of other answers stay in memory.
  HttpSink sink;
  base::Milliseconds timeout = limits::kHttpTimeout;  // of the whole request, redirects included
  // Unset: every host. Asked of a kept connection's address too, before a request is written to it.
  // Through a proxy the address stays empty: the proxy resolves.
  HostAllow allow;
};

// What is proven about the request, by counting the bytes that were written.
enum class SentState : std::uint8_t {
  kNotSent,   // not one byte of the request left
  kAnswered,  // an answer's whole header came
  kUnknown,   // bytes left and no answer came
};

struct HttpResult {
  // Ok for every answer, whatever its HTTP status. Else kUnavailable (name, connect, TLS, or the
  // connection ended), kTimeout, kTooLarge, kRefused (by `allow`, or a forbidden redirect),
  // kCancelled, kInvalidArgument (the request), kIo (its file), or what the sink returned. The text
  // names scheme, host and port and never path or query.
  base::Status status;
  SentState sent_state = SentState::kNotSent;
  int http_status = 0;  // 0: none came
  HttpHeaders headers;  // of the last answer, also if its body then failed
  std::string body;
  std::uint64_t sink_bytes = 0;  // taken by the sink
};

struct HttpClientOptions {
  std::string ca_file;  // PEM; the only authorities trusted then. Empty: the system's
  std::string proxy;    // URL; empty: none, whatever the environment says
  std::string user_agent = "patchbay";
  // Open connections; requests over these wait, within their timeout.
  long max_connections = limits::kHttpConnections;
  long max_connections_per_host = limits::kHttpConnectionsPerHost;
};

// An interface, so that what sits above can be tested without sockets.
class HttpClient {
 public:
  using Operation = std::uint64_t;  // 0 is never one
  using Done = base::UniqueFunction<void(HttpResult)>;

  // What is under way is dropped: its connections closed, its `done` destroyed without a call.
  virtual ~HttpClient() = default;

  // `done` runs once, later, on the core thread, never inside this call.
  virtual Operation start(HttpRequest request, Done done) = 0;
  // False if the operation has completed. Else nothing more is written or given to the sink, and
  // `done` comes with kCancelled and the verdict on what had left.
  virtual bool cancel(Operation operation) = 0;
  // The sink has room again. Nothing happens to an operation that does not stand still, or is over.
  // May call the sink at once.
  virtual void resume(Operation operation) = 0;
};

// The client on libcurl. `loop` outlives it. kIo if libcurl cannot start, kInvalidArgument for
// options that it does not take.
[[nodiscard]] base::Result<std::unique_ptr<HttpClient>> make_http_client(base::EventLoop& loop,
                                                                         HttpClientOptions options);

}  // namespace patchbay::net
