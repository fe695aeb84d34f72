// Structs as they travel between the daemon and a runner, and what becomes of bytes that are none.
#include "adapters/isolation/wire.hpp"

#include <gtest/gtest.h>
#include <random>
#include <sys/mman.h>
#include <sys/socket.h>
#include <thread>
#include <unistd.h>

#include "adapters/inbound_copy.hpp"
#include "adapters/isolation/details.hpp"
#include "adapters/isolation/frame_socket.hpp"
#include "adapters/isolation/wire_structs.hpp"
#include "base/limits.hpp"
#include "event_cases.hpp"

namespace patchbay::adapters {
namespace {

using wire::Reader;
using wire::Writer;

struct Sockets {
  Sockets() {
    int ends[2];
    EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
    one = std::make_unique<FrameSocket>(base::UniqueFd(ends[0]));
    other = std::make_unique<FrameSocket>(base::UniqueFd(ends[1]));
  }
  std::unique_ptr<FrameSocket> one;
  std::unique_ptr<FrameSocket> other;
};

pbay_delivery a_delivery(const pbay_chat& chat, const pbay_outbound_file& file,
                         const pbay_str& id) {
  pbay_delivery out{};
  out.struct_size = sizeof(out);
  out.operation = PBAY_DELIVER_QUESTION;
  out.attempt = 3;
  out.chat = &chat;
  out.text = abi("text");
  out.files = &file;
  out.file_count = 1;
  out.file_stride = sizeof(file);
  out.remote_ids = &id;
  out.remote_id_count = 1;
  out.remote_id_stride = sizeof(id);
  out.deadline_ms = -7;
  out.extra_json = abi("{}");
  return out;
}

TEST(Wire, ADeliveryArrivesAsItWasWithItsFile) {
  const base::UniqueFd content(::memfd_create("file", MFD_CLOEXEC));
  ASSERT_EQ(::write(content.get(), "abc", 3), 3);
  const pbay_chat chat{sizeof(pbay_chat), PBAY_CHAT_GROUP, abi("-100"), abi("7")};
  pbay_outbound_file file{};
  file.struct_size = sizeof(file);
  file.fd = content.get();
  file.size = 3;
  file.name = abi("a.txt");
  const pbay_str id = abi("r1");
  const pbay_delivery sent = a_delivery(chat, file, id);
  Writer writer;
  writer.one(&sent);
  Sockets sockets;
  ASSERT_TRUE(sockets.one->send(FrameKind::kDeliver, 9, writer).ok());
  const auto frame = sockets.other->receive();
  ASSERT_TRUE(frame.ok());
  EXPECT_EQ(frame->kind, FrameKind::kDeliver);
  EXPECT_EQ(frame->id, 9U);
  Reader reader = frame->reader();
  const auto* got = static_cast<const pbay_delivery*>(next_one<pbay_delivery>(reader));
  ASSERT_TRUE(reader.ok());
  EXPECT_EQ(got->struct_size, sizeof(pbay_delivery));
  EXPECT_EQ(got->operation, PBAY_DELIVER_QUESTION);
  EXPECT_EQ(got->attempt, 3U);
  EXPECT_EQ(view(got->chat->id), "-100");
  EXPECT_EQ(view(got->chat->thread_id), "7");
  EXPECT_EQ(view(got->text), "text");
  EXPECT_EQ(view(got->remote_ids[0]), "r1");
  EXPECT_EQ(got->deadline_ms, -7);
  EXPECT_EQ(view(got->extra_json), "{}");
  ASSERT_EQ(got->file_count, 1U);
  EXPECT_NE(got->files[0].fd, content.get()) << "a descriptor of its own";
  char bytes[3];
  EXPECT_EQ(::pread(got->files[0].fd, bytes, 3, 0), 3);
  EXPECT_EQ(std::string_view(bytes, 3), "abc");
}

TEST(Wire, AStructThatIsTooShortBecomesWhatTheDaemonRefuses) {
  pbay_result shorter{};
  shorter.struct_size = 8;
  shorter.code = PBAY_OK;
  pbay_result refused{};
  refused.code = PBAY_E_CONTRACT;
  const std::vector<const pbay_result*> unusable = {&shorter, nullptr};
  for (const pbay_result* given : unusable) {
    Writer writer;
    fields(writer, wire::whole(given, refused));
    const std::vector<base::UniqueFd> none;
    Reader reader(writer.bytes(), none);
    const auto got = reader.next<pbay_result>();
    EXPECT_TRUE(reader.ok());
    EXPECT_EQ(got.code, PBAY_E_CONTRACT);
  }
}

// In the same words: what the adapter's process is told of does not depend on where it runs.
TEST(Wire, AnEventWithAStructThatIsTooShortIsRefusedByTheDaemon) {
  const auto problem_of = [](const pbay_event& event) {
    return copy_event(&event, base::InstanceName("work"), base::ChannelName("telegram"), {})
        .problem;
  };
  const auto sent = [&problem_of](const pbay_event& event) {
    Writer writer;
    fields(writer, wire::whole(&event));
    const std::vector<base::UniqueFd> none;
    Reader reader(writer.bytes(), none);
    const auto got = reader.next<pbay_event>();
    EXPECT_TRUE(reader.ok());
    return problem_of(got);
  };
  const sdk::Event event = testkit::event_of_two_files();
  EXPECT_TRUE(sent(testkit::EventParts(event).event).ok());
  for (const testkit::SizeCase& given : testkit::kSizeCases) {
    testkit::EventParts parts(event);
    given.spoil(parts);
    EXPECT_FALSE(sent(parts.event).ok()) << given.name;
    if (parts.event.struct_size == sizeof(pbay_event)) {
      EXPECT_EQ(sent(parts.event).message(), problem_of(parts.event).message()) << given.name;
    }
  }
}

TEST(Wire, BytesThatAreNoneAreReadAsNothing) {
  const std::vector<base::UniqueFd> none;
  std::mt19937 random(1);
  const pbay_chat chat{sizeof(pbay_chat), PBAY_CHAT_GROUP, abi("-100"), abi("7")};
  const pbay_str id = abi("r1");
  pbay_outbound_file file{};
  file.struct_size = sizeof(file);
  file.fd = 0;
  const pbay_delivery sent = a_delivery(chat, file, id);
  Writer writer;
  writer.one(&sent);
  for (int turn = 0; turn < 20'000; ++turn) {
    std::string bytes = writer.bytes();
    const std::size_t changes = random() % 4;
    for (std::size_t i = 0; i < changes; ++i) {
      bytes[random() % bytes.size()] = static_cast<char>(random());
    }
    bytes.resize(random() % (bytes.size() + 1));
    Reader reader(bytes, none);
    EXPECT_FALSE([&] {
      static_cast<void>(next_one<pbay_delivery>(reader));
      return reader.ok();
    }()) << "it has no descriptor for its file";
  }
}

TEST(Wire, AFrameThatIsTooLargeIsNotSent) {
  Sockets sockets;
  Writer writer;
  writer(std::string(limits::kRunnerFrameBytes, 'a'));
  EXPECT_EQ(sockets.one->send(FrameKind::kLog, 0, writer).code(), base::Code::kTooLarge);
  Writer small;
  ASSERT_TRUE(sockets.one->send(FrameKind::kStopped, 0, small).ok());
  EXPECT_EQ(sockets.other->receive()->kind, FrameKind::kStopped);
}

TEST(Wire, LargeFramesOfManyThreadsArriveWhole) {
  Sockets sockets;
  constexpr int kThreads = 4;
  constexpr int kFrames = 20;
  std::vector<std::thread> senders;
  for (int thread = 0; thread < kThreads; ++thread) {
    senders.emplace_back([&sockets, thread] {
      for (int i = 0; i < kFrames; ++i) {
        Writer writer;
        writer(std::string(500'000, static_cast<char>('a' + thread)));
        EXPECT_TRUE(
            sockets.one->send(FrameKind::kLog, static_cast<std::uint64_t>(thread), writer).ok());
      }
    });
  }
  for (int i = 0; i < kThreads * kFrames; ++i) {
    const auto frame = sockets.other->receive();
    ASSERT_TRUE(frame.ok());
    const auto text = frame->reader().next<std::string>();
    EXPECT_EQ(text, std::string(500'000, static_cast<char>('a' + frame->id)));
  }
  for (std::thread& sender : senders) {
    sender.join();
  }
}

TEST(Wire, AnEndedPeerIsSaid) {
  Sockets sockets;
  sockets.one.reset();
  EXPECT_EQ(sockets.other->receive().status().code(), base::Code::kUnavailable);
  Writer writer;
  writer(std::string(1 << 20, 'a'));
  EXPECT_EQ(sockets.other->send(FrameKind::kLog, 0, writer).code(), base::Code::kUnavailable);
}

TEST(Wire, RandomBytesAreNoFrames) {
  std::mt19937 random(2);
  for (int turn = 0; turn < 200; ++turn) {
    int ends[2];
    ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
    FrameSocket socket{base::UniqueFd(ends[0])};
    const base::UniqueFd peer(ends[1]);
    std::string bytes(4000, '\0');
    for (char& byte : bytes) {
      byte = static_cast<char>(random());
    }
    ASSERT_EQ(::write(peer.get(), bytes.data(), bytes.size()), 4000);
    ::shutdown(peer.get(), SHUT_WR);
    while (socket.receive().ok()) {
    }
  }
}

}  // namespace
}  // namespace patchbay::adapters
