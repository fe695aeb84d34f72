#include "console/frames.hpp"

#include <nlohmann/json.hpp>

#include "common/json_value.hpp"

namespace patchbay::console {
namespace {

// The number of raw bytes that follow this line, or nothing if it is no object.
std::optional<std::size_t> data_size(std::string_view line) {
  const auto json = common::parse_json(line);
  if (!json || !json->is_object()) {
    return std::nullopt;
  }
  const std::int64_t size =
      common::string_of(*json, "type") == "data" ? common::integer_of(*json, "size") : 0;
  return size < 0 ? kChunkBytes + 1 : static_cast<std::size_t>(size);
}

}  // namespace

std::optional<Frame> FrameReader::next() {
  const std::size_t end = buffer_.find('\n', scanned_);
  if (end == std::string::npos) {
    scanned_ = buffer_.size();
    if (buffer_.size() > kLineBytes) {
      broken_ = "a line is longer than 2 MiB";
    }
    return std::nullopt;
  }
  const std::string_view line = std::string_view(buffer_).substr(0, end);
  const auto size = data_size(line);
  if (!size || *size > kChunkBytes) {
    broken_ = size ? "a chunk is larger than 256 KiB" : "a line is not a JSON object";
    return std::nullopt;
  }
  if (buffer_.size() < end + 1 + *size) {
    scanned_ = end;
    return std::nullopt;
  }
  Frame frame(std::string(line), buffer_.substr(end + 1, *size));
  buffer_.erase(0, end + 1 + *size);
  scanned_ = 0;
  return frame;
}

}  // namespace patchbay::console
