// Peers: the other ends of a test's WebSockets, streams or child processes. What the adapter may
// open, and what happens then.
//
//   host.websockets().expect("wss://gateway.example.org/*")
//       .says(R"({"op":10})")                          // as soon as it is open
//       .replies_json("/op", "2", R"({"t":"READY"})");   // to each message that has it
//   host.start();
//   pbay_op gateway = host.websockets().open().at(0);
//   host.websockets().say(gateway, R"({"op":0,"t":"MESSAGE_CREATE"})");
//   host.websockets().end(gateway, 4000, "session timed out");
//
// An opening that nothing expects fails the test, and so does an expectation that was never met.
#ifndef PATCHBAY_TESTKIT_PEERS_HPP
#define PATCHBAY_TESTKIT_PEERS_HPP

#include <chrono>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "patchbay/sdk/http.hpp"

namespace patchbay::testkit {

// kind: of a WebSocket's message PBAY_WEBSOCKET_TEXT ..., of a process's line PBAY_PROCESS_LINE
// ...; 0 is the usual one of all.
struct PeerMessage {
  std::uint32_t kind = 0;
  std::string bytes;
};

struct PeerOpening {
  std::string endpoint;  // the URL, "tcp://host:port", or the name of a process
  std::vector<sdk::Header> headers;
};

// Accepts, unless it is told otherwise. `*` in an endpoint or a pattern stands for anything.
class PeerExpectation {
 public:
  explicit PeerExpectation(std::string endpoint) : endpoint_(std::move(endpoint)) {}

  // ---- what is opened ----
  PeerExpectation& header(std::string name, std::string value);
  PeerExpectation& times(int count);
  PeerExpectation& always();  // any number of times, also never

  // ---- what happens then ----
  PeerExpectation& refuse(std::int32_t code, std::string text, std::uint32_t http_status = 0);
  PeerExpectation& chooses(std::string subprotocol);  // of those that a WebSocket offers
  PeerExpectation& hang();                            // until its timeout, or for ever
  PeerExpectation& after(std::chrono::milliseconds delay);
  PeerExpectation& says(std::string bytes, std::uint32_t kind = 0);
  PeerExpectation& replies(std::string pattern, std::string bytes, std::uint32_t kind = 0);
  // To each message that is JSON with this value at the pointer; `json` is JSON text ("7",
  // "\"text\"").
  PeerExpectation& replies_json(std::string pointer, const std::string& json, std::string bytes,
                                std::uint32_t kind = 0);
  // The connection ends when the adapter has sent so many bytes.
  PeerExpectation& cut_after(std::size_t bytes);

  [[nodiscard]] bool matches(const PeerOpening& opening) const;
  [[nodiscard]] bool used_up() const noexcept { return met_ >= times_; }
  [[nodiscard]] bool met() const noexcept { return always_ || met_ >= times_; }
  [[nodiscard]] std::string describe() const;

 private:
  friend class Peers;
  friend class PeerHost;

  std::string endpoint_;
  std::vector<sdk::Header> headers_;
  int times_ = 1;
  int met_ = 0;
  bool always_ = false;
  bool hangs_ = false;
  std::int32_t code_ = PBAY_OK;
  std::string text_;
  std::uint32_t http_status_ = 0;
  std::chrono::milliseconds after_{0};
  std::vector<PeerMessage> says_;
  // What a message of the adapter has to be, and what it is answered with.
  std::vector<std::pair<std::function<bool(std::string_view)>, PeerMessage>> replies_;
  std::optional<std::size_t> cut_after_;
};

class Peers {
 public:
  // The references stay valid as long as the host.
  PeerExpectation& expect(std::string endpoint);
  // What becomes of an opening that no expectation matches; it is no breach then.
  PeerExpectation& otherwise();

  [[nodiscard]] std::vector<pbay_op> open() const;  // in order
  // Every opening so far, in order.
  [[nodiscard]] const std::vector<PeerOpening>& openings() const noexcept { return openings_; }
  // What the adapter sent so far.
  [[nodiscard]] const std::vector<PeerMessage>& heard(pbay_op peer) const;

  void say(pbay_op peer, std::string bytes, std::uint32_t kind = 0);
  // code: of a WebSocket's close, or with which a process exits.
  void end(pbay_op peer, std::int32_t code = 0, std::string reason = {});
  // A peer that does not read: send() answers PBAY_E_BUSY. The end of it is told as WRITABLE.
  void stop_reading(pbay_op peer);
  void resume_reading(pbay_op peer);

  // Expectations that were not met, for a message; empty: none.
  [[nodiscard]] std::string unmet() const;

 private:
  friend class PeerHost;

  struct Peer {
    PeerExpectation* expectation = nullptr;
    std::vector<PeerMessage> heard;
    std::size_t heard_bytes = 0;
    bool open = false;
    bool reading = true;
    bool busy_told = false;
  };
  enum class News : std::uint8_t { kMessage, kWritable, kEnded };

  [[nodiscard]] PeerExpectation* find(const PeerOpening& opening);

  std::deque<PeerExpectation> expectations_;
  std::optional<PeerExpectation> otherwise_;
  std::vector<PeerOpening> openings_;
  std::map<pbay_op, Peer> peers_;
  std::map<pbay_op, std::uint64_t> opening_;  // not open yet, and the host's timer for that
  // Set by the fake host: gives the adapter an event; runs what is ready.
  std::function<void(pbay_op, News, std::int32_t code, PeerMessage)> tell_;
  std::function<void()> run_;
};

}  // namespace patchbay::testkit

#endif  // PATCHBAY_TESTKIT_PEERS_HPP
