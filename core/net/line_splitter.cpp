#include "net/line_splitter.hpp"

namespace patchbay::net {

void LineSplitter::append(std::string_view bytes) {
  buffer_.erase(0, begin_);
  scanned_ -= begin_;
  begin_ = 0;
  buffer_ += bytes;
}

base::Result<std::optional<std::string>> LineSplitter::next() {
  const std::size_t end = buffer_.find('\n', scanned_);
  const std::size_t length = (end == std::string::npos ? buffer_.size() : end) - begin_;
  if (length > max_line_bytes_) {
    return base::Status(base::Code::kTooLarge, "a line is longer than the limit of " +
                                                   std::to_string(max_line_bytes_) + " bytes");
  }
  if (end == std::string::npos) {
    scanned_ = buffer_.size();
    return std::optional<std::string>();
  }
  std::string line = buffer_.substr(begin_, length);
  if (!line.empty() && line.back() == '\r') {
    line.pop_back();
  }
  begin_ = end + 1;
  scanned_ = begin_;
  return std::optional<std::string>(std::move(line));
}

}  // namespace patchbay::net
