#include "net/unix_listener.hpp"

#include <fstream>
#include <future>
#include <gmock/gmock.h>
#include <map>
#include <sys/stat.h>
#include <sys/un.h>

#include "net/unix_stream.hpp"
#include "net_test.hpp"
#include "test_common/temp_folder.hpp"

namespace patchbay::net {
namespace {

using base::Code;
using base::Milliseconds;
using ::testing::HasSubstr;

constexpr Milliseconds kPatience{20'000};

// Keeps what happened on every connection.
struct Recorder final : UnixListenerEvents {
  struct Seen {
    std::string bytes;
    bool ended = false;
    int writable = 0;
    int closed = 0;
    base::Status why;
  };
  void accepted(ConnectionId id) override { seen[id]; }
  void received(ConnectionId id, std::string_view bytes) override {
    seen[id].bytes += bytes;
    if (on_received) {
      on_received(id, bytes);
    }
  }
  void ended(ConnectionId id) override {
    seen[id].ended = true;
    if (on_ended) {
      on_ended(id);
    }
  }
  void writable(ConnectionId id) override { ++seen[id].writable; }
  void closed(ConnectionId id, const base::Status& why) override {
    ++seen[id].closed;
    seen[id].why = why;
  }
  std::map<ConnectionId, Seen> seen;
  std::function<void(ConnectionId, std::string_view)> on_received;
  std::function<void(ConnectionId)> on_ended;
};

class UnixListenerTest : public NetTest {
 protected:
  void listen(UnixListenerOptions options = {}) {
    auto made = UnixListener::listen(loop_, path_, options, events_);
    ASSERT_TRUE(made.ok()) << made.status().message();
    listener_ = std::move(made).value();
  }

  UnixStream connect() {
    auto stream = UnixStream::connect(path_, kPatience);
    EXPECT_TRUE(stream.ok()) << stream.status().message();
    return std::move(stream).value();
  }

  // A connection that the listener knows.
  std::pair<UnixStream, ConnectionId> connect_accepted() {
    UnixStream stream = connect();
    const std::size_t before = events_.seen.size();
    EXPECT_TRUE(run_until([&] { return events_.seen.size() > before; }));
    return {std::move(stream), events_.seen.rbegin()->first};
  }

  test::TempFolder folder_;
  std::string path_ = (folder_.path() / "control.sock").string();
  Recorder events_;
  std::unique_ptr<UnixListener> listener_;
};

TEST_F(UnixListenerTest, CarriesBytesBothWays) {
  listen();
  auto [client, id] = connect_accepted();
  ASSERT_TRUE(client.send("{\"a\":1}\n", kPatience).ok());
  ASSERT_TRUE(run_until([&, id = id] { return events_.seen[id].bytes == "{\"a\":1}\n"; }));
  ASSERT_TRUE(listener_->send(id, "{\"b\":2}\n{\"c\"").ok());
  run_ready();
  ASSERT_TRUE(listener_->send(id, ":3}\n").ok());
  run_ready();
  EXPECT_EQ(client.read_line(kPatience).value(), "{\"b\":2}");
  EXPECT_EQ(client.read_line(kPatience).value(), "{\"c\":3}");
  EXPECT_EQ(listener_->connections(), 1U);
}

TEST_F(UnixListenerTest, IsForItsUserAlone) {
  listen();
  struct stat facts{};
  ASSERT_EQ(::stat(path_.c_str(), &facts), 0);
  EXPECT_EQ(facts.st_mode & 07777, 0600U);
  EXPECT_TRUE(S_ISSOCK(facts.st_mode));
}

TEST_F(UnixListenerTest, TellsWhenAllIsWritten) {
  constexpr std::size_t kMuch = 2 * 1024 * 1024;  // more than the kernel holds
  UnixListenerOptions options;
  options.max_buffered_bytes = kMuch;
  listen(options);
  auto [client, id] = connect_accepted();
  ASSERT_TRUE(listener_->send(id, std::string(kMuch, 'x')).ok());
  listener_->tell_when_written(id);
  run_ready();
  EXPECT_EQ(events_.seen[id].writable, 0);
  for (std::size_t got = 0; got < kMuch;) {
    got += client.read_some(kPatience).value().size();
    run_ready();
  }
  ASSERT_TRUE(run_until([&, id = id] { return events_.seen[id].writable == 1; }));
  ASSERT_TRUE(listener_->send(id, "not asked again").ok());
  run_ready();
  EXPECT_EQ(events_.seen[id].writable, 1);
}

TEST_F(UnixListenerTest, DropsAPeerThatDoesNotRead) {
  listen();
  auto [client, id] = connect_accepted();
  ASSERT_TRUE(listener_->send(id, std::string(1'000'000, 'x')).ok());
  listener_->drop(id);
  EXPECT_EQ(events_.seen[id].closed, 0) << "later";
  ASSERT_TRUE(run_until([&, id = id] { return events_.seen[id].closed == 1; }));
  EXPECT_EQ(listener_->connections(), 0U);
}

TEST_F(UnixListenerTest, AnswersAPeerThatHasFinishedSending) {
  listen();
  auto [client, id] = connect_accepted();
  ASSERT_TRUE(client.send("question", kPatience).ok());
  client.finish_sending();
  ASSERT_TRUE(run_until([&, id = id] { return events_.seen[id].ended; }));
  EXPECT_EQ(events_.seen[id].bytes, "question");
  ASSERT_TRUE(listener_->send(id, "answer").ok());
  listener_->hang_up(id);
  EXPECT_EQ(listener_->send(id, "more").code(), Code::kNotFound);
  ASSERT_TRUE(run_until([&, id = id] { return events_.seen[id].closed == 1; }));
  EXPECT_TRUE(events_.seen[id].why.ok());
  EXPECT_EQ(client.read_some(kPatience).value(), "answer");
  EXPECT_EQ(client.read_some(kPatience).value(), "");
  EXPECT_EQ(listener_->connections(), 0U);
}

TEST_F(UnixListenerTest, SaysThatAPeerHasGone) {
  listen();
  ConnectionId id = 0;
  {
    auto [client, accepted] = connect_accepted();
    id = accepted;
  }
  ASSERT_TRUE(run_until([&] { return events_.seen[id].ended; }));
  ASSERT_TRUE(listener_->send(id, "into the void").ok());
  ASSERT_TRUE(run_until([&] { return events_.seen[id].closed == 1; }));
  EXPECT_EQ(listener_->send(id, "x").code(), Code::kNotFound);
  listener_->hang_up(id);
  listener_->hang_up(12345);
  run_ready();
  EXPECT_EQ(events_.seen[id].closed, 1);
}

TEST_F(UnixListenerTest, ASlowReaderFillsItsOwnBufferAndHearsOfRoom) {
  UnixListenerOptions options;
  options.max_buffered_bytes = 100'000;
  listen(options);
  auto [slow, slow_id] = connect_accepted();
  auto [other, other_id] = connect_accepted();
  EXPECT_EQ(listener_->send(slow_id, std::string(100'001, 'x')).code(), Code::kTooLarge);
  const std::string block(10'000, 'x');
  std::size_t queued = 0;
  base::Status status;
  while ((status = listener_->send(slow_id, block)).ok()) {
    queued += block.size();
    run_ready();
    ASSERT_LT(queued, 10'000'000U);
  }
  EXPECT_EQ(status.code(), Code::kBusy);
  EXPECT_TRUE(listener_->send(other_id, "not affected").ok());
  EXPECT_EQ(events_.seen[slow_id].writable, 0);
  std::size_t read = 0;
  ASSERT_TRUE(run_until([&, &slow = slow, slow_id = slow_id] {
    const auto bytes = slow.read_some(Milliseconds(0));
    read += bytes.ok() ? bytes.value().size() : 0;
    return read == queued && events_.seen[slow_id].writable == 1;
  }));
  EXPECT_TRUE(listener_->send(slow_id, block).ok());
  EXPECT_EQ(events_.seen[other_id].writable, 0);
}

TEST_F(UnixListenerTest, AllThatIsQueuedIsWrittenBeforeAHangUpCloses) {
  listen();
  auto [client, id] = connect_accepted();
  const std::string block(1'000'000, 'y');
  ASSERT_TRUE(listener_->send(id, block).ok());
  listener_->hang_up(id);
  std::string read;
  ASSERT_TRUE(run_until([&, &client = client, id = id] {
    const auto bytes = client.read_some(Milliseconds(0));
    read += bytes.ok() ? bytes.value() : "";
    return events_.seen[id].closed == 1;
  }));
  while (read.size() < block.size()) {
    const auto bytes = client.read_some(kPatience);
    ASSERT_TRUE(bytes.ok() && !bytes.value().empty());
    read += bytes.value();
  }
  EXPECT_TRUE(read == block);
}

TEST_F(UnixListenerTest, PausedReadingHoldsThePeerBack) {
  listen();
  auto [client, id] = connect_accepted();
  listener_->pause_reading(id);
  ASSERT_TRUE(client.send("held back", kPatience).ok());
  run_ready();
  run_ready();
  EXPECT_EQ(events_.seen[id].bytes, "");
  listener_->resume_reading(id);
  ASSERT_TRUE(run_until([&, id = id] { return events_.seen[id].bytes == "held back"; }));
}

TEST_F(UnixListenerTest, OneConnectionTooManyIsClosed) {
  UnixListenerOptions options;
  options.max_connections = 2;
  listen(options);
  auto first = connect_accepted();
  auto second = connect_accepted();
  UnixStream third = connect();
  std::string got = "?";
  ASSERT_TRUE(run_until([&] {
    const auto bytes = third.read_some(Milliseconds(0));
    return bytes.ok() && bytes.value().empty();
  }));
  EXPECT_EQ(events_.seen.size(), 2U);
  EXPECT_EQ(listener_->connections(), 2U);
}

TEST_F(UnixListenerTest, NobodyIsLetInWhileAcceptingIsPaused) {
  listen();
  auto first = connect_accepted();
  listener_->pause_accepting();
  const auto second = connect_accepted();  // was awaited already
  const UnixStream third = connect();
  const UnixStream fourth = connect();
  ASSERT_TRUE(first.first.send("x", kPatience).ok());
  ASSERT_TRUE(run_until([&] { return events_.seen[first.second].bytes == "x"; }));
  EXPECT_EQ(events_.seen.size(), 2U);
  listener_->resume_accepting();
  listener_->resume_accepting();
  EXPECT_TRUE(run_until([&] { return events_.seen.size() == 4; }));
}

TEST_F(UnixListenerTest, ReplacesASocketThatNobodyAnswersOn) {
  {
    // Bound and closed: the file stays, as after a crash.
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    path_.copy(address.sun_path, sizeof(address.sun_path) - 1);
    const base::UniqueFd dead(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    ASSERT_EQ(::bind(dead.get(), reinterpret_cast<const sockaddr*>(&address), sizeof(address)), 0);
  }
  listen();
  connect_accepted();
}

TEST_F(UnixListenerTest, LeavesASocketThatSomebodyAnswersOn) {
  listen();
  const auto second = UnixListener::listen(loop_, path_, {}, events_);
  EXPECT_EQ(second.status().code(), Code::kAlreadyExists);
  EXPECT_THAT(second.status().message(), HasSubstr("another process answers"));
  connect_accepted();
}

TEST_F(UnixListenerTest, LeavesWhatIsNoSocket) {
  std::ofstream(path_) << "precious";
  const auto refused = UnixListener::listen(loop_, path_, {}, events_);
  EXPECT_EQ(refused.status().code(), Code::kAlreadyExists);
  EXPECT_THAT(refused.status().message(), HasSubstr("not a socket"));
  EXPECT_EQ(std::filesystem::file_size(path_), 8U);
}

TEST_F(UnixListenerTest, SaysThatAPathIsTooLong) {
  path_ = (folder_.path() / std::string(120, 'x')).string();
  const auto refused = UnixListener::listen(loop_, path_, {}, events_);
  EXPECT_EQ(refused.status().code(), Code::kInvalidArgument);
  EXPECT_THAT(refused.status().message(), HasSubstr("shorter path"));
  EXPECT_EQ(UnixStream::connect(path_, kPatience).status().code(), Code::kInvalidArgument);
}

TEST_F(UnixListenerTest, RemovesItsOwnFileOnly) {
  listen();
  listener_.reset();
  EXPECT_FALSE(std::filesystem::exists(path_));
  listen();
  std::filesystem::remove(path_);
  std::ofstream(path_) << "somebody else's";
  listener_.reset();
  EXPECT_TRUE(std::filesystem::exists(path_));
}

TEST_F(UnixListenerTest, MayBeDestroyedFromInsideAnEvent) {
  listen();
  UnixStream client = connect();
  ASSERT_TRUE(client.send("go", kPatience).ok());
  events_.on_received = [this](ConnectionId, std::string_view) { listener_.reset(); };
  ASSERT_TRUE(run_until([&] { return listener_ == nullptr; }));
  EXPECT_EQ(client.read_some(kPatience).value(), "");
}

TEST_F(UnixListenerTest, EventsNeverComeFromInsideACall) {
  listen();
  auto [client, id] = connect_accepted();
  listener_->hang_up(id);
  EXPECT_EQ(events_.seen[id].closed, 0);
  ASSERT_TRUE(run_until([&, id = id] { return events_.seen[id].closed == 1; }));
}

TEST_F(UnixListenerTest, ThousandsOfConnectionsLeakNothing) {
  listen();
  const std::size_t before = open_descriptors();
  events_.on_ended = [this](ConnectionId id) { listener_->hang_up(id); };
  events_.on_received = [this](ConnectionId id, std::string_view bytes) {
    EXPECT_TRUE(listener_->send(id, bytes).ok());
    if (id % 2 == 0) {
      listener_->hang_up(id);
    }
  };
  auto visitors = std::async(std::launch::async, [this] {
    for (int i = 0; i < 2000; ++i) {
      auto stream = UnixStream::connect(path_, kPatience);
      if (!stream.ok() || !stream->send("echo\n", kPatience).ok() ||
          stream->read_line(kPatience).value() != "echo") {
        return i;
      }
    }
    return 2000;
  });
  ASSERT_TRUE(run_until(
      [&] { return visitors.wait_for(std::chrono::seconds(0)) == std::future_status::ready; }));
  EXPECT_EQ(visitors.get(), 2000);
  ASSERT_TRUE(run_until([&] { return listener_->connections() == 0; }));
  EXPECT_LE(open_descriptors(), before);
}

TEST_F(UnixListenerTest, AClientWithoutDaemonIsToldSo) {
  const auto nobody = UnixStream::connect(path_, kPatience);
  EXPECT_EQ(nobody.status().code(), Code::kUnavailable);
  EXPECT_THAT(nobody.status().message(), HasSubstr("daemon is not running"));
}

TEST_F(UnixListenerTest, AClientWaitsNoLongerThanAsked) {
  listen();  // the loop does not run: nobody accepts or answers
  UnixStream client = connect();
  EXPECT_EQ(client.read_line(Milliseconds(20)).status().code(), Code::kTimeout);
  EXPECT_EQ(client.read_some(Milliseconds(0)).status().code(), Code::kTimeout);
  const auto flooded = client.send(std::string(50'000'000, 'x'), Milliseconds(20));
  EXPECT_EQ(flooded.code(), Code::kTimeout);
}

TEST_F(UnixListenerTest, AClientKeepsHalfALineForTheNextRead) {
  listen();
  auto [client, id] = connect_accepted();
  ASSERT_TRUE(listener_->send(id, "ha").ok());
  run_ready();
  EXPECT_EQ(client.read_line(Milliseconds(1)).status().code(), Code::kTimeout);
  ASSERT_TRUE(listener_->send(id, "lf\nrest\nmore than eight").ok());
  run_ready();
  EXPECT_EQ(client.read_line(kPatience).value(), "half");
  EXPECT_TRUE(client.has_buffered_line());
  EXPECT_EQ(client.read_line(kPatience).value(), "rest");
  EXPECT_FALSE(client.has_buffered_line());
  EXPECT_EQ(client.read_line(kPatience, 8).status().code(), Code::kTooLarge);
  listener_->hang_up(id);
  run_ready();
  EXPECT_EQ(client.read_some(kPatience).value(), "more than eight");
  EXPECT_EQ(client.read_line(kPatience).value(), std::nullopt);
}

}  // namespace
}  // namespace patchbay::net
