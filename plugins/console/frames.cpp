#include "console/frames.hpp"

#include <algorithm>
#include <cctype>
#include <nlohmann/json.hpp>

#include "common/json_value.hpp"

namespace patchbay::console {
namespace {

// Below it, moving the rest to the front costs more than keeping what was given out.
constexpr std::size_t kCompactBytes = 64 * 1024;

}  // namespace

bool is_chat_name(std::string_view name) {
  return !name.empty() && name.size() <= kChatNameBytes &&
         std::all_of(name.begin(), name.end(), [](unsigned char c) {
           return c >= 0x80 || std::isalnum(c) != 0 || c == '.' || c == '_' || c == '-' || c == '@';
         });
}

std::optional<Frame> FrameReader::next() {
  if (!broken_.empty() || (!line_ && !read_line()) || buffer_.size() - start_ < size_) {
    return std::nullopt;
  }
  Frame frame(*std::move(line_), buffer_.substr(start_, size_));
  line_.reset();
  consume(size_);
  return frame;
}

// Each line is read once, however slowly its body comes.
bool FrameReader::read_line() {
  const std::size_t end = buffer_.find('\n', start_ + scanned_);
  const std::size_t length = (end == std::string::npos ? buffer_.size() : end) - start_;
  if (length > kLineBytes) {
    broken_ = "a line is longer than 256 KiB";
    return false;
  }
  if (end == std::string::npos) {
    scanned_ = length;
    return false;
  }
  std::string line = buffer_.substr(start_, length);
  const auto json = common::parse_json(line);
  if (!json || !json->is_object()) {
    broken_ = "a line is not a JSON object";
    return false;
  }
  const std::int64_t size = common::integer_of(*json, "size");
  if (size < 0 || static_cast<std::size_t>(size) > body_bytes_) {
    broken_ = "a frame has more than " + std::to_string(body_bytes_) + " bytes";
    return false;
  }
  consume(length + 1);
  size_ = static_cast<std::size_t>(size);
  line_ = std::move(line);
  return true;
}

void FrameReader::consume(std::size_t bytes) {
  start_ += bytes;
  scanned_ = 0;
  if (start_ == buffer_.size()) {
    buffer_.clear();
    start_ = 0;
  } else if (start_ > kCompactBytes) {
    buffer_.erase(0, start_);
    start_ = 0;
  }
}

}  // namespace patchbay::console
