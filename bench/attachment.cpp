// A file of 100 MB through the daemon: from a terminal into a session's inbox, and back from its
// outbox to the terminal.
#include <algorithm>
#include <cstring>
#include <fcntl.h>
#include <fstream>
#include <nlohmann/json.hpp>
#include <random>
#include <unistd.h>

#include "console/frames.hpp"
#include "daemon.hpp"
#include "statistics.hpp"
#include "terminal.hpp"

namespace patchbay::bench {
namespace {

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
  const nlohmann::json answer = terminal.wait_for_answer();
  daemon.forget_peak();
  const auto answered = Clock::now();
  if (terminal.receive_file(answer) != kFileBytes) {
    throw std::runtime_error("another file came back");
  }
  const double out = milliseconds_since(answered);
  terminal.acknowledge(answer);
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
