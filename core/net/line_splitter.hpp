// Lines out of a byte stream, bounded: for JSON lines on a socket.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "base/status.hpp"

namespace patchbay::net {

class LineSplitter {
 public:
  explicit LineSplitter(std::size_t max_line_bytes) : max_line_bytes_(max_line_bytes) {}

  // Call next() until it is empty before the next append().
  void append(std::string_view bytes);
  // The next whole line, without "\n" or "\r\n"; nothing: more bytes are needed. kTooLarge for a
  // line over the limit, finished or not: there is no way on, close the connection.
  [[nodiscard]] base::Result<std::optional<std::string>> next();
  // What came after the last whole line, at the end of the stream; empty: nothing.
  [[nodiscard]] std::string_view rest() const { return std::string_view(buffer_).substr(begin_); }

 private:
  std::size_t max_line_bytes_;
  std::string buffer_;
  std::size_t begin_ = 0;    // of what next() has not given out
  std::size_t scanned_ = 0;  // no line feed in [begin_, scanned_)
};

}  // namespace patchbay::net
