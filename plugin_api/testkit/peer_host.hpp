// The host's side of websocket, stream and process: one kind of long-lived connection each, from
// the script's peers to the adapter.
#pragma once

#include "fake_host_impl.hpp"
#include "patchbay/testkit/peers.hpp"

namespace patchbay::testkit {

class PeerHost {
 public:
  using Impl = FakeHost::Impl;
  using News = Peers::News;
  // The struct behind pbay_adapter.on_event's detail, for one piece of news.
  using MakeDetail = const void* (*)(LentMemory&, News news, std::int32_t code,
                                     const PeerMessage& message);

  static void connect(Impl& host, Peers& peers, MakeDetail make_detail);
  // Completes what a host refuses with that code, or because too many are open. False: neither.
  static bool refuse(Impl& host, const Peers& peers, pbay_op op, std::int32_t code);
  static void open(Impl& host, Peers& peers, pbay_op op, std::string_view what, PeerOpening opening,
                   std::int64_t timeout_ms);
  // `too_large`: what a message that would never fit is answered.
  static std::int32_t send(Impl& host, Peers& peers, pbay_op op, std::string_view what,
                           PeerMessage message, std::size_t most_bytes,
                           std::int32_t too_large = PBAY_E_TOO_LARGE);
  // The adapter ends it; the news comes all the same.
  static void close(Impl& host, Peers& peers, pbay_op op, std::string_view what, std::int32_t code,
                    std::string reason);
};

}  // namespace patchbay::testkit
