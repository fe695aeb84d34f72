// The server's side of a WebSocket, frame by frame, on a scripted server's connection.
#pragma once

#include <cstdint>
#include <openssl/evp.h>
#include <openssl/sha.h>
#include <string>
#include <string_view>

#include "scripted_server.hpp"

namespace patchbay::net {

struct SeenFrame {
  int opcode = -1;  // -1: the client has ended
  std::string data;
};

inline constexpr int kTextFrame = 1;
inline constexpr int kBinaryFrame = 2;
inline constexpr int kCloseFrame = 8;
inline constexpr int kPingFrame = 9;
inline constexpr int kPongFrame = 10;

inline std::string close_data(int code, std::string_view reason = {}) {
  std::string data{static_cast<char>(code >> 8), static_cast<char>(code & 0xFF)};
  return data += reason;
}

class WebSocketPeer {
 public:
  explicit WebSocketPeer(Peer& peer) : peer_(peer) {}

  // Reads the request and agrees.
  SeenRequest accept(const std::string& more_headers = "") {
    SeenRequest request = peer_.read_request();
    const std::string_view name = "Sec-WebSocket-Key: ";
    const std::size_t at = request.head.find(name);
    if (at == std::string::npos) {
      return request;
    }
    const std::size_t begin = at + name.size();
    const std::string key = request.head.substr(begin, request.head.find("\r\n", begin) - begin) +
                            "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
    unsigned char hash[SHA_DIGEST_LENGTH];
    SHA1(reinterpret_cast<const unsigned char*>(key.data()), key.size(), hash);
    unsigned char text[2 * SHA_DIGEST_LENGTH];
    EVP_EncodeBlock(text, hash, sizeof(hash));
    peer_.send(std::string("HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n"
                           "Connection: Upgrade\r\nSec-WebSocket-Accept: ") +
               reinterpret_cast<const char*>(text) + "\r\n" + more_headers + "\r\n");
    return request;
  }

  // A whole frame; clients mask theirs.
  SeenFrame read() {
    SeenFrame frame;
    const std::string head = peer_.read_exactly(2);
    if (head.size() < 2) {
      return frame;
    }
    std::uint64_t size = static_cast<unsigned char>(head[1]) & 0x7FU;
    if (size >= 126) {
      const std::string more = peer_.read_exactly(size == 126 ? 2 : 8);
      size = 0;
      for (const char c : more) {
        size = size << 8 | static_cast<unsigned char>(c);
      }
    }
    const std::string mask = peer_.read_exactly(4);
    frame.data = peer_.read_exactly(size);
    if (mask.size() < 4 || frame.data.size() < size) {
      return frame;
    }
    for (std::size_t i = 0; i < frame.data.size(); ++i) {
      frame.data[i] = static_cast<char>(frame.data[i] ^ mask[i % 4]);
    }
    frame.opcode = head[0] & 0x0F;
    is_final = (head[0] & 0x80) != 0;
    return frame;
  }

  bool send(int opcode, std::string_view data) {
    std::string frame(1, static_cast<char>(0x80 | opcode));
    if (data.size() < 126) {
      frame += static_cast<char>(data.size());
    } else {
      const int bytes = data.size() < 65536 ? 2 : 8;
      frame += static_cast<char>(bytes == 2 ? 126 : 127);
      for (int i = bytes - 1; i >= 0; --i) {
        frame += static_cast<char>(data.size() >> (8 * i));
      }
    }
    return peer_.send(frame += data);
  }

  // Sends back what comes until a close, which it answers.
  void echo() {
    while (true) {
      const SeenFrame frame = read();
      if (frame.opcode < 0) {
        return;
      }
      send(frame.opcode == kPingFrame ? kPongFrame : frame.opcode, frame.data);
      if (frame.opcode == kCloseFrame) {
        return;
      }
    }
  }

  bool is_final = false;  // of the last frame

 private:
  Peer& peer_;
};

}  // namespace patchbay::net
