// A file of 100 MB through the daemon: from a terminal into a session's inbox, and back from its
// outbox to the terminal.
#include <algorithm>
#include <array>
#include <cstring>
#include <fcntl.h>
#include <fstream>
#include <nlohmann/json.hpp>
#include <optional>
#include <random>
#include <sys/socket.h>
#include <unistd.h>

#include "console/frames.hpp"
#include "daemon.hpp"
#include "statistics.hpp"

namespace patchbay::bench {
namespace {

using nlohmann::json;

constexpr std::size_t kFileBytes = 100'000'000;

std::string config_of(const Place& place) {
  return R"({"instances":{"console":{"channel":"console"}},"agents":{"main":{"command":[")" +
         place.build + R"(/bin/patchbay-agent","--echo"]}},)" +
         R"("wirings":[{"chats":"console:*","agent":"main","engage":"always"}]})";
}

// As large files are: a film's head, then what no compression makes smaller.
std::string file_bytes() {
  std::string bytes(
      "\0\0\0\x20"
      "ftypisom\0\0\2\0isomiso2avc1mp41",
      32);
  bytes.resize(kFileBytes);
  std::mt19937_64 random(1);
  for (std::size_t at = 32; at + sizeof(std::uint64_t) <= bytes.size();
       at += sizeof(std::uint64_t)) {
    const std::uint64_t word = random();
    std::memcpy(bytes.data() + at, &word, sizeof word);
  }
  return bytes;
}

// A terminal that keeps nothing of what it receives.
class Terminal {
 public:
  explicit Terminal(const std::string& socket) : socket_(connect_to(socket)) {
    send({{"type", "hello"}, {"chat", "bench"}});
    wait_for("welcome");
    send({{"type", "ready"}});
  }

  // Until the host says that the message is durable.
  void send_file(const std::string& bytes) {
    send({{"type", "message"},
          {"id", "m1"},
          {"size", 0},
          {"files", json::array({{{"name", "film.mp4"}, {"size", bytes.size()}}})}});
    while (true) {
      const console::Frame frame = next();
      const json head = json::parse(frame.json);
      if (head["type"] == "stored") {
        if (head["outcome"] != "stored") {
          throw std::runtime_error("the file was not stored: " + frame.json);
        }
        return;
      }
      if (head["type"] == "busy" || head["type"] == "refused") {
        throw std::runtime_error("the file was not taken: " + frame.json);
      }
      if (head["type"] == "get") {
        const std::size_t offset = head["offset"];
        const std::size_t size = std::min(console::kChunkBytes, bytes.size() - offset);
        send({{"type", "data"},
              {"id", "m1"},
              {"file", head["file"]},
              {"offset", offset},
              {"size", size}});
        send_all(std::string_view(bytes).substr(offset, size));
      }
    }
  }

  // Until an answer with one file is there; its head.
  json wait_for_answer() { return wait_for("message"); }
  // All of its file; the bytes received.
  std::size_t receive_file(const json& message) {
    const std::size_t size = message["files"][0]["size"];
    std::size_t received = 0;
    while (received < size) {
      send({{"type", "get"}, {"id", message["id"]}, {"file", 0}, {"offset", received}});
      received += wait_for_frame("data").body.size();
    }
    send({{"type", "ack"}, {"id", message["id"]}});
    return received;
  }

 private:
  json wait_for(const std::string& type) { return json::parse(wait_for_frame(type).json); }
  console::Frame wait_for_frame(const std::string& type) {
    while (true) {
      console::Frame frame = next();
      if (json::parse(frame.json)["type"] == type) {
        return frame;
      }
    }
  }
  console::Frame next() {
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
  void send(const json& frame) { send_all(frame.dump() + "\n"); }
  void send_all(std::string_view bytes) {
    while (!bytes.empty()) {
      const ssize_t count = ::send(socket_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (count <= 0) {
        throw std::runtime_error("the console takes nothing");
      }
      bytes.remove_prefix(static_cast<std::size_t>(count));
    }
  }

  base::UniqueFd socket_;
  console::FrameReader reader_{console::kAnswerBytes};
};

// Milliseconds to write the bytes to a new file durably.
double plain_write(const std::string& path, const std::string& bytes) {
  const auto begin = Clock::now();
  const base::UniqueFd file(::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
  for (std::size_t written = 0; written < bytes.size();) {
    const ssize_t count = ::write(file.get(), bytes.data() + written,
                                  std::min(console::kChunkBytes, bytes.size() - written));
    if (count <= 0) {
      throw std::runtime_error("cannot write " + path);
    }
    written += static_cast<std::size_t>(count);
  }
  if (::fsync(file.get()) != 0) {
    throw std::runtime_error("cannot sync " + path);
  }
  return milliseconds_since(begin);
}

}  // namespace

std::vector<Figure> attachment(const Place& place) {
  const std::string bytes = file_bytes();
  const double plain = plain_write(place.folder + "/plain", bytes);
  Daemon daemon(place, place.folder + "/data", config_of(place));
  daemon.start();
  daemon.wait_quiet();
  const Memory idle = daemon.memory();
  daemon.forget_peak();
  Terminal terminal(daemon.data() + "/run/console.sock");

  const auto begin = Clock::now();
  terminal.send_file(bytes);
  const double in = milliseconds_since(begin);
  const double peak_in = daemon.memory().peak_mb;
  const json answer = terminal.wait_for_answer();
  daemon.forget_peak();
  const auto answered = Clock::now();
  if (terminal.receive_file(answer) != kFileBytes) {
    throw std::runtime_error("another file came back");
  }
  const double out = milliseconds_since(answered);
  const double peak_out = daemon.memory().peak_mb;
  daemon.stop();
  const std::string baseline = "write and fsync of 100 MB";
  return {
      {"100 MB in: first byte → durable in the inbox", "ms", in, baseline, plain, {}},
      {"100 MB out: adapter called → last byte at the terminal", "ms", out, baseline, plain, {}},
      {"100 MB in: peak of VmRSS over idle",
       "MB",
       peak_in - idle.resident_mb,
       "VmRSS at rest",
       idle.resident_mb,
       {at_most(8)}},
      {"100 MB out: peak of VmRSS over idle",
       "MB",
       peak_out - idle.resident_mb,
       "VmRSS at rest",
       idle.resident_mb,
       {at_most(8)}}};
}

}  // namespace patchbay::bench
