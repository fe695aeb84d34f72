// What travels between `patchbay chat` and the console adapter, over a Unix socket: frames. A frame
// is a JSON object on a line; its "size", if it has one, is the number of raw bytes that follow.
//
//   terminal                                      adapter
//   {"type":"hello","chat":"ada"}                 {"type":"welcome","chat":"ada"}
//   {"type":"message","id","size",                {"type":"stored","id","outcome"}   it is durable
//     "files":[{"name","mime","size"}]} + text    {"type":"busy","id","reason"}      again, later
//                                                 {"type":"refused","id","reason"}   never again
//
//   {"type":"ack","id"}: shown, files saved     ← {"type":"message","id","size","files"} + text
//   {"type":"unsaved","id","reason"}                 (a delivery; also edit, reaction, delete)
//                                                  "replyTo": the message it answers, only where
//                                                  that is not the newest of the chat
//   {"type":"ready"}: offer what waits            {"type":"typing"}
//                                                 {"type":"error","message"}: the end, for good
//
// Whoever receives a message pulls its files, chunk by chunk, so that nobody is flooded. A chunk
// says which one it is: any other frame may come between.
//   {"type":"get","id","file":0,"offset":0}            answered by
//   {"type":"data","id","file":0,"offset":0,"size"}    + at most kChunkBytes; or by
//   {"type":"gone","id","file":0,"reason"}
// A terminal's message has at most 64 files; a terminal that does not send a chunk within a minute
// is hung up.
//
// A terminal has one message under way and sends the next when it knows what became of it: so
// nothing overtakes a message that has to wait. One that is sent again under its id (after a lost
// connection) changes nothing.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace patchbay::console {

inline constexpr std::size_t kLineBytes = 256 * 1024;         // of JSON: 100 files and their names
inline constexpr std::size_t kChunkBytes = 256 * 1024;        // of a file
inline constexpr std::size_t kTextBytes = 1024 * 1024;        // that a person says at once
inline constexpr std::size_t kAnswerBytes = 8 * 1024 * 1024;  // that an agent says at once
inline constexpr std::size_t kChatNameBytes = 64;

// A chat is a word, so that its key needs no quoting anywhere: letters, digits and . _ - @.
[[nodiscard]] bool is_chat_name(std::string_view name);
inline constexpr const char* kChatNameRule =
    "a chat's name has letters, digits and . _ - @ only, at most 64 bytes";

struct Frame {
  std::string json;
  std::string body;

  // Constructors, since coroutines hand frames on: g++ 12 mishandles aggregates there.
  Frame() = default;
  Frame(std::string line, std::string bytes) : json(std::move(line)), body(std::move(bytes)) {}
};

// Frames out of a byte stream. Holds at most a line or a body, and what was appended last.
class FrameReader {
 public:
  explicit FrameReader(std::size_t body_bytes) : body_bytes_(body_bytes) {}

  void append(std::string_view bytes) { buffer_.append(bytes); }
  // The next whole frame. `broken` says why the stream cannot be read on: a line that is too long
  // or no JSON object, or a body over `body_bytes`.
  [[nodiscard]] std::optional<Frame> next();
  [[nodiscard]] const std::string& broken() const { return broken_; }

 private:
  [[nodiscard]] bool read_line();
  void consume(std::size_t bytes);

  std::size_t body_bytes_;
  std::string buffer_;
  std::size_t start_ = 0;            // what lies before was given out
  std::size_t scanned_ = 0;          // from the start; no line feed in it
  std::optional<std::string> line_;  // of the frame whose body is coming
  std::size_t size_ = 0;             // of that body
  std::string broken_;
};

}  // namespace patchbay::console
