// What travels between `patchbay chat` and the console adapter, over a Unix socket: JSON, one
// object a line; a frame of type "data" is followed by `size` raw bytes.
//
//   client                                    adapter
//   {"type":"hello","chat":"ada"}             {"type":"welcome","chat":"ada"}
//   {"type":"message","id","text",            {"type":"stored","id","outcome":"stored"}
//     "files":[{"name","mime","size"}]}
//   {"type":"message","id","text","files"}  ← a delivery; also edit, reaction, delete
//   {"type":"ack","id"}                     → it was shown and its files are saved
//   {"type":"typing"}                       ← the agent is at work
//
// Files are pulled by whoever receives the message, so that nobody is flooded:
//   {"type":"get","id","file":0,"offset":0}   answered by
//   {"type":"data","id","file":0,"size":N}    and N bytes, at most kChunkBytes; or by
//   {"type":"gone","id","file":0,"reason"}
//
// A message that is sent again under its id (after a reconnection) changes nothing.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace patchbay::console {

inline constexpr std::size_t kChunkBytes = 256 * 1024;
inline constexpr std::size_t kLineBytes = 2 * 1024 * 1024;

struct Frame {
  std::string json;
  std::string data;  // of a data frame

  // Constructors, since coroutines hand frames on: g++ 12 mishandles aggregates there.
  Frame() = default;
  Frame(std::string line, std::string bytes) : json(std::move(line)), data(std::move(bytes)) {}
};

// Frames out of a byte stream.
class FrameReader {
 public:
  void append(std::string_view bytes) { buffer_.append(bytes); }
  // The next whole frame. `broken` says why the stream cannot be read on: too long a line, or data
  // larger than a chunk.
  [[nodiscard]] std::optional<Frame> next();
  [[nodiscard]] const std::string& broken() const { return broken_; }

 private:
  std::string buffer_;
  std::size_t scanned_ = 0;  // no line feed before
  std::string broken_;
};

}  // namespace patchbay::console
