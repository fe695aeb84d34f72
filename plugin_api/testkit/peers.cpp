#include "patchbay/testkit/peers.hpp"

#include <algorithm>

#include "glob.hpp"
#include "json_at.hpp"

namespace patchbay::testkit {

PeerExpectation& PeerExpectation::header(std::string name, std::string value) {
  headers_.emplace_back(std::move(name), std::move(value));
  return *this;
}
PeerExpectation& PeerExpectation::times(int count) {
  times_ = count;
  return *this;
}
PeerExpectation& PeerExpectation::always() {
  always_ = true;
  times_ = 1'000'000'000;
  return *this;
}
PeerExpectation& PeerExpectation::refuse(std::int32_t code, std::string text,
                                         std::uint32_t http_status) {
  code_ = code;
  text_ = std::move(text);
  http_status_ = http_status;
  return *this;
}
PeerExpectation& PeerExpectation::chooses(std::string subprotocol) {
  text_ = std::move(subprotocol);
  return *this;
}
PeerExpectation& PeerExpectation::hang() {
  hangs_ = true;
  return *this;
}
PeerExpectation& PeerExpectation::after(std::chrono::milliseconds delay) {
  after_ = delay;
  return *this;
}
PeerExpectation& PeerExpectation::says(std::string bytes, std::uint32_t kind) {
  says_.push_back({kind, std::move(bytes)});
  return *this;
}
PeerExpectation& PeerExpectation::replies(std::string pattern, std::string bytes,
                                          std::uint32_t kind) {
  replies_.emplace_back(
      [pattern = std::move(pattern)](std::string_view said) { return glob_matches(pattern, said); },
      PeerMessage{kind, std::move(bytes)});
  return *this;
}
PeerExpectation& PeerExpectation::replies_json(std::string pointer, const std::string& json,
                                               std::string bytes, std::uint32_t kind) {
  replies_.emplace_back([pointer = std::move(pointer), wanted = nlohmann::json::parse(json)](
                            std::string_view said) { return json_has(said, pointer, wanted); },
                        PeerMessage{kind, std::move(bytes)});
  return *this;
}
PeerExpectation& PeerExpectation::cut_after(std::size_t bytes) {
  cut_after_ = bytes;
  return *this;
}

bool PeerExpectation::matches(const PeerOpening& opening) const {
  return glob_matches(endpoint_, opening.endpoint) &&
         std::all_of(headers_.begin(), headers_.end(), [&](const sdk::Header& wanted) {
           return sdk::find_header(opening.headers, wanted.name) == wanted.value;
         });
}

std::string PeerExpectation::describe() const {
  std::string out = endpoint_;
  for (const sdk::Header& header : headers_) {
    out += "\n    header " + header.name + ": " + header.value;
  }
  return out;
}

PeerExpectation& Peers::expect(std::string endpoint) {
  return expectations_.emplace_back(std::move(endpoint));
}

PeerExpectation& Peers::otherwise() { return otherwise_.emplace("*").always(); }

PeerExpectation* Peers::find(const PeerOpening& opening) {
  for (PeerExpectation& expectation : expectations_) {
    if (!expectation.used_up() && expectation.matches(opening)) {
      ++expectation.met_;
      return &expectation;
    }
  }
  return otherwise_ ? &*otherwise_ : nullptr;
}

std::vector<pbay_op> Peers::open() const {
  std::vector<pbay_op> out;
  for (const auto& [op, peer] : peers_) {
    if (peer.open) {
      out.push_back(op);
    }
  }
  return out;
}

const std::vector<PeerMessage>& Peers::heard(pbay_op peer) const { return peers_.at(peer).heard; }

void Peers::say(pbay_op peer, std::string bytes, std::uint32_t kind) {
  if (peers_.at(peer).open) {
    tell_(peer, News::kMessage, 0, PeerMessage{kind, std::move(bytes)});
    run_();
  }
}

void Peers::end(pbay_op peer, std::int32_t code, std::string reason) {
  if (std::exchange(peers_.at(peer).open, false)) {
    tell_(peer, News::kEnded, code, PeerMessage{0, std::move(reason)});
    run_();
  }
}

void Peers::stop_reading(pbay_op peer) { peers_.at(peer).reading = false; }

void Peers::resume_reading(pbay_op peer) {
  Peer& at = peers_.at(peer);
  at.reading = true;
  if (std::exchange(at.busy_told, false) && at.open) {
    tell_(peer, News::kWritable, 0, {});
    run_();
  }
}

std::string Peers::unmet() const {
  std::string out;
  for (const PeerExpectation& expectation : expectations_) {
    if (!expectation.met()) {
      out += "\n  " + expectation.describe();
    }
  }
  return out;
}

}  // namespace patchbay::testkit
