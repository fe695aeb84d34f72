#include "console/outbox.hpp"

#include "console/frames.hpp"

namespace patchbay::console {

bool Outbox::send(std::string_view line, std::string_view body) {
  if (bytes_ + line.size() + body.size() > kOutboxBytes) {
    return false;
  }
  std::string piece(line);
  piece += '\n';
  while (true) {
    const std::string_view part = body.substr(0, kChunkBytes);
    piece += part;
    body.remove_prefix(part.size());
    bytes_ += piece.size();
    pieces_.push_back(std::move(piece));
    if (body.empty()) {
      break;
    }
    piece.clear();
  }
  flush();
  return true;
}

void Outbox::flush() {
  while (!pieces_.empty() && listener_.send(connection_, pieces_.front()) != PBAY_E_BUSY) {
    // Sent, or never to be: then the connection is gone, and its end comes.
    bytes_ -= pieces_.front().size();
    pieces_.pop_front();
  }
}

}  // namespace patchbay::console
