// Structs as they travel between the daemon and a runner, and what becomes of bytes that are none.
#include "adapters/isolation/wire.hpp"

#include <gtest/gtest.h>
#include <optional>
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
  const auto* got = reader.next_one<pbay_delivery>();
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

// There and on arrival; both stay as long as this.
template <class T>
class Travelled {
 public:
  explicit Travelled(const T* given) {
    writer_.one(given);
    reader_.emplace(writer_.bytes(), descriptors_);
    got_ = reader_->next_one<T>();
    EXPECT_TRUE(reader_->ok());
  }
  const T* get() const { return got_; }
  const T* operator->() const { return got_; }

 private:
  Writer writer_;
  const std::vector<base::UniqueFd> descriptors_;
  std::optional<Reader> reader_;
  const T* got_ = nullptr;
};

template <class T>
T sized() {
  T out{};
  out.struct_size = sizeof(T);
  return out;
}

TEST(Wire, AStructThatIsLeftOutOrTooShortArrivesAsThat) {
  EXPECT_EQ(Travelled<pbay_result>(nullptr).get(), nullptr);
  auto shorter = sized<pbay_result>();
  shorter.struct_size = 8;
  const Travelled<pbay_result> got(&shorter);
  ASSERT_NE(got.get(), nullptr);
  EXPECT_EQ(known_part(got.get()), std::nullopt);
}

TEST(Wire, AStructWithinAnotherTooShortArrivesAsThat) {
  auto sender = sized<pbay_sender>();
  sender.struct_size = 0;
  sender.id = abi("42");
  auto event = sized<pbay_event>();
  event.sender = &sender;
  event.text = abi("behind it");
  const Travelled<pbay_event> got(&event);
  EXPECT_EQ(got->chat, nullptr);
  ASSERT_NE(got->sender, nullptr);
  EXPECT_EQ(known_part(got->sender), std::nullopt);
  EXPECT_EQ(view(got->text), "behind it");
}

// The second of three; `change` breaks it.
void expect_one_broken_header(void (*change)(pbay_header&)) {
  pbay_header headers[3] = {sized<pbay_header>(), sized<pbay_header>(), sized<pbay_header>()};
  headers[2].name = abi("third");
  change(headers[1]);
  auto request = sized<pbay_http_request>();
  request.body_fd = -1;
  request.headers = headers;
  request.header_count = 3;
  request.header_stride = sizeof(pbay_header);
  const Travelled<pbay_http_request> got(&request);
  ASSERT_EQ(got->header_count, 3U);
  EXPECT_NE(known_element(got->headers, got->header_stride, 0), std::nullopt);
  EXPECT_EQ(known_element(got->headers, got->header_stride, 1), std::nullopt);
  EXPECT_EQ(view(known_element(got->headers, got->header_stride, 2)->name), "third");
}

TEST(Wire, AnElementThatIsTooShortOrTooLongArrivesAsThat) {
  expect_one_broken_header([](pbay_header& header) { header.struct_size = 0; });
  expect_one_broken_header([](pbay_header& header) { header.struct_size = 1000; });
}

TEST(Wire, AListThatIsNoneArrivesAsThatWithItsCount) {
  const pbay_inbound_file file = sized<pbay_inbound_file>();
  struct Case {
    const pbay_inbound_file* first;
    std::uint32_t count;
    std::uint32_t stride;
  };
  for (const Case& given : {Case{&file, 1, 0}, Case{&file, 1, sizeof(file) - 8},
                            Case{nullptr, 1, sizeof(file)}, Case{&file, 5000, sizeof(file)}}) {
    auto event = sized<pbay_event>();
    event.files = given.first;
    event.file_count = given.count;
    event.file_stride = given.stride;
    const Travelled<pbay_event> got(&event);
    EXPECT_EQ(got->file_count, given.count);
    EXPECT_EQ(got->files == nullptr, given.first == nullptr);
    EXPECT_EQ(known_element(got->files, got->file_stride, 0), std::nullopt);
  }
}

TEST(Wire, AListOfTextsThatIsNoneArrivesAsThat) {
  const pbay_str id = abi("r1");
  auto result = sized<pbay_result>();
  result.remote_ids = &id;
  result.remote_id_count = 1;
  result.remote_id_stride = 8;
  EXPECT_LT(Travelled<pbay_result>(&result)->remote_id_stride, sizeof(pbay_str));
  result.remote_id_stride = sizeof(id);
  EXPECT_EQ(view(Travelled<pbay_result>(&result)->remote_ids[0]), "r1");
}

TEST(Wire, AnEmptyListIsThere) {
  const pbay_http_part part = sized<pbay_http_part>();
  auto request = sized<pbay_http_request>();
  request.body_fd = -1;
  request.parts = &part;
  const Travelled<pbay_http_request> got(&request);
  EXPECT_NE(got->parts, nullptr) << "a body of parts, of which there are none";
  EXPECT_EQ(got->part_count, 0U);
}

// In the same words: what the adapter's process is told of does not depend on where it runs.
TEST(Wire, AnEventWithAStructThatIsTooShortIsRefusedByTheDaemon) {
  const auto problem_of = [](const pbay_event& event) {
    return copy_event(&event, base::InstanceName("work"), base::ChannelName("telegram"), {})
        .problem;
  };
  const auto sent = [&problem_of](const pbay_event& event) {
    return problem_of(*Travelled<pbay_event>(&event).get());
  };
  const sdk::Event event = testkit::event_of_two_files();
  EXPECT_TRUE(sent(testkit::EventParts(event).event).ok());
  for (const testkit::SizeCase& given : testkit::kSizeCases) {
    testkit::EventParts parts(event);
    given.spoil(parts);
    EXPECT_FALSE(sent(parts.event).ok()) << given.name;
    EXPECT_EQ(sent(parts.event).message(), problem_of(parts.event).message()) << given.name;
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
      static_cast<void>(reader.next_one<pbay_delivery>());
      return reader.ok();
    }()) << "it has no descriptor for its file";
  }
}

TEST(Wire, AWriterNeedsLittleMoreThanWhatIsSent) {
  const std::string large(limits::kRunnerFrameBytes - 1024, 'a');
  Writer writer;
  writer(large, std::uint64_t{1}, std::string("more"));
  EXPECT_FALSE(writer.is_too_large());
  EXPECT_LT(writer.bytes().capacity(), large.size() + (std::size_t{1} << 20U));
  Writer too_large;
  too_large(std::string("little"), large, large);
  EXPECT_TRUE(too_large.is_too_large());
  EXPECT_LT(too_large.bytes().capacity(), large.size() + (std::size_t{1} << 20U));
}

TEST(Wire, AFrameThatIsTooLargeIsNotSent) {
  Sockets sockets;
  Writer writer;
  writer(std::string(limits::kRunnerFrameBytes, 'a'), std::uint64_t{1});
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

Writer text_frame(std::string text) {
  Writer out;
  out(std::move(text));
  return out;
}

TEST(Wire, WhatIsPostedWaitsForNobodyAndArrivesInOrder) {
  Sockets sockets;
  std::uint64_t posted = 0;
  while (sockets.one->post(FrameKind::kReturn, posted, text_frame("answer")).ok()) {
    ++posted;
  }
  EXPECT_EQ(sockets.one->unsent(), FrameSocket::Unsent::kNotRead);
  EXPECT_EQ(sockets.one->post(FrameKind::kReturn, 0, text_frame("")).code(), base::Code::kBusy);
  for (std::uint64_t id = 0; id < posted; ++id) {
    ASSERT_TRUE(sockets.one->flush().ok());
    EXPECT_EQ(sockets.other->receive()->id, id);
  }
  EXPECT_EQ(sockets.one->unsent(), FrameSocket::Unsent::kNothing);
}

TEST(Wire, WhatIsPostedGoesBetweenFramesThatWait) {
  Sockets sockets;
  constexpr std::uint64_t kAnswers = 100;
  constexpr std::size_t kLarge = 20'000'000;
  std::thread sender([&] {
    EXPECT_TRUE(
        sockets.one->send(FrameKind::kDeliver, 0, text_frame(std::string(kLarge, 'a'))).ok());
  });
  std::uint64_t next = 1;
  std::thread poster([&] {
    for (std::uint64_t id = 1; id <= kAnswers; ++id) {
      EXPECT_TRUE(sockets.one->post(FrameKind::kReturn, id, text_frame("answer")).ok());
    }
  });
  poster.join();  // nobody reads yet
  for (std::uint64_t i = 0; i <= kAnswers; ++i) {
    const auto frame = sockets.other->receive();
    ASSERT_TRUE(frame.ok());
    const auto text = frame->reader().next<std::string>();
    if (frame->kind == FrameKind::kDeliver) {
      EXPECT_EQ(text.size(), kLarge);
    } else {
      EXPECT_EQ(frame->id, next++);
      EXPECT_EQ(text, "answer");
    }
  }
  sender.join();
}

TEST(Wire, WhatIsNotReadInTimeIsGivenUp) {
  Sockets sockets;
  const Writer large = text_frame(std::string(10'000'000, 'a'));
  EXPECT_EQ(sockets.one->send(FrameKind::kDestroy, 1, large, std::chrono::milliseconds(20)).code(),
            base::Code::kTimeout);
  EXPECT_EQ(sockets.one->send(FrameKind::kDestroy, 2, {}).code(), base::Code::kTimeout)
      << "half a frame has left";
  EXPECT_EQ(sockets.one->post(FrameKind::kReturn, 3, {}).code(), base::Code::kTimeout);
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
