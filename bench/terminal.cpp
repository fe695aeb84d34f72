#include "terminal.hpp"

#include <algorithm>
#include <array>
#include <stdexcept>
#include <sys/socket.h>

#include "daemon.hpp"

namespace patchbay::bench {

using nlohmann::json;

Terminal::Terminal(const std::string& socket) : socket_(connect_to(socket)) {
  send({{"type", "hello"}, {"chat", "bench"}});
  wait_for("welcome");
  send({{"type", "ready"}});
}

std::string Terminal::next_id() { return "m" + std::to_string(++last_id_); }

void Terminal::send_text(const std::string& text) {
  const std::string id = next_id();
  send({{"type", "message"}, {"id", id}, {"size", text.size()}});
  send_all(text);
  wait_until_stored(id, {});
}

void Terminal::send_file(const std::string& bytes) {
  const std::string id = next_id();
  send({{"type", "message"},
        {"id", id},
        {"size", 0},
        {"files", json::array({{{"name", "film.mp4"}, {"size", bytes.size()}}})}});
  wait_until_stored(id, bytes);
}

void Terminal::wait_until_stored(const std::string& id, const std::string& bytes) {
  while (true) {
    const console::Frame frame = next();
    const json head = json::parse(frame.json);
    if (head["type"] == "stored") {
      if (head["outcome"] != "stored") {
        throw std::runtime_error("the message was not stored: " + frame.json);
      }
      return;
    }
    if (head["type"] == "busy" || head["type"] == "refused") {
      throw std::runtime_error("the message was not taken: " + frame.json);
    }
    if (head["type"] == "get") {
      const std::size_t offset = head["offset"];
      const std::size_t size = std::min(console::kChunkBytes, bytes.size() - offset);
      send({{"type", "data"},
            {"id", id},
            {"file", head["file"]},
            {"offset", offset},
            {"size", size}});
      send_all(std::string_view(bytes).substr(offset, size));
    }
  }
}

json Terminal::wait_for_answer() { return json::parse(wait_for("message").json); }

std::size_t Terminal::receive_file(const json& message) {
  const std::size_t size = message["files"][0]["size"];
  std::size_t received = 0;
  while (received < size) {
    send({{"type", "get"}, {"id", message["id"]}, {"file", 0}, {"offset", received}});
    received += wait_for("data").body.size();
  }
  return received;
}

void Terminal::acknowledge(const json& message) { send({{"type", "ack"}, {"id", message["id"]}}); }

console::Frame Terminal::wait_for(const std::string& type) {
  while (true) {
    console::Frame frame = next();
    if (json::parse(frame.json)["type"] == type) {
      return frame;
    }
  }
}

console::Frame Terminal::next() {
  while (true) {
    if (auto frame = reader_.next()) {
      return *std::move(frame);
    }
    std::array<char, 65536> buffer{};
    const ssize_t count = ::recv(socket_.get(), buffer.data(), buffer.size(), 0);
    if (count <= 0 || !reader_.broken().empty()) {
      throw std::runtime_error("the console closed " + reader_.broken());
    }
    reader_.append({buffer.data(), static_cast<std::size_t>(count)});
  }
}

void Terminal::send(const json& frame) { send_all(frame.dump() + "\n"); }

void Terminal::send_all(std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t count = ::send(socket_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (count <= 0) {
      throw std::runtime_error("the console takes nothing");
    }
    bytes.remove_prefix(static_cast<std::size_t>(count));
  }
}

}  // namespace patchbay::bench
