// The blocking client of a Unix stream socket, for commands that talk to the daemon.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.hpp"
#include "base/limits.hpp"
#include "base/status.hpp"
#include "base/unique_fd.hpp"

namespace patchbay::net {

// One thread at a time.
class UnixStream {
 public:
  // kUnavailable: nobody listens there (no such file, or refused); kTimeout.
  [[nodiscard]] static base::Result<UnixStream> connect(const std::string& path,
                                                        base::Milliseconds timeout);

  // All of it, or a failure after which the stream is of no use. kUnavailable: the peer has gone.
  [[nodiscard]] base::Status send(std::string_view bytes, base::Milliseconds timeout);
  // The next bytes, at least one; empty when the peer has ended. kTimeout: none came.
  [[nodiscard]] base::Result<std::string> read_some(base::Milliseconds timeout);
  // The next line without its line feed; nothing when the peer has ended. What follows the line is
  // kept for the next call. kTooLarge: the line is longer than `max_bytes`.
  [[nodiscard]] base::Result<std::optional<std::string>> read_line(
      base::Milliseconds timeout, std::size_t max_bytes = limits::kControlFrameBytes);
  // No more will be sent; reading goes on.
  void finish_sending();

  // To poll for input; a line may be waiting in the buffer besides.
  [[nodiscard]] int fd() const { return fd_.get(); }
  [[nodiscard]] bool has_buffered_line() const { return buffer_.find('\n') != std::string::npos; }

 private:
  UnixStream(base::UniqueFd fd, std::string path) : fd_(std::move(fd)), path_(std::move(path)) {}

  base::UniqueFd fd_;
  std::string path_;
  std::string buffer_;  // read and not yet given out
};

}  // namespace patchbay::net
