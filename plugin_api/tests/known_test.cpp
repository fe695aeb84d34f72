// Structs and tables of a host that is older than the headers of the SDK: what such a host did not
// know is absent, and the bytes behind its structs are somebody else's.
#include <algorithm>
#include <cstddef>
#include <cstring>
#include <gtest/gtest.h>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include <patchbay/sdk/adapter.hpp>
#include <patchbay/sdk/listener.hpp>
#include <patchbay/sdk/stream.hpp>
#include <patchbay/sdk/webhook.hpp>
#include <patchbay/sdk/websocket.hpp>

namespace patchbay::sdk {

// A table to which `appended` was added after its first release.
struct Grown {
  std::uint32_t struct_size;
  std::uint32_t reserved;
  int (*first)();
  int (*appended)();
};
template <>
inline constexpr std::size_t kFirstSize<Grown> = offsetof(Grown, appended);

namespace {

// Structs as an older host lays them out: no byte behind what it knew may be read, and what stands
// there is no text.
class OlderHost {
 public:
  // `whole`, of which the host knew the first `size` bytes.
  template <class Struct>
  const Struct& knows(const Struct& whole, std::size_t size) {
    return *static_cast<const Struct*>(array(std::vector<Struct>{whole}, size));
  }
  // Elements of `size` bytes each.
  template <class Struct>
  const void* array(const std::vector<Struct>& whole, std::size_t size) {
    constexpr std::size_t kBehind = 1024;
    auto& bytes = kept_.emplace_back(new (std::align_val_t{alignof(std::max_align_t)})
                                         std::byte[whole.size() * size + kBehind]);
    std::memset(bytes.get(), 0xEE, whole.size() * size + kBehind);
    for (std::size_t i = 0; i < whole.size(); ++i) {
      Struct one = whole[i];
      one.struct_size = static_cast<std::uint32_t>(size);
      std::memcpy(bytes.get() + i * size, &one, size);
    }
    return bytes.get();
  }

 private:
  struct Free {
    void operator()(std::byte* bytes) const noexcept {
      ::operator delete[](bytes, std::align_val_t{alignof(std::max_align_t)});
    }
  };
  std::vector<std::unique_ptr<std::byte[], Free>> kept_;
};

TEST(Known, OfADeliveryWhatTheHostDidNotKnowIsAbsent) {
  OlderHost host;
  auto chat = make_abi<pbay_chat>();
  chat.id = to_abi("c1");
  chat.thread_id = to_abi("t1");
  auto whole = make_abi<pbay_delivery>();
  whole.chat = &host.knows(chat, offsetof(pbay_chat, thread_id));
  whole.text = to_abi("hello");
  whole.deadline_ms = 7;
  whole.extra_json = to_abi("{}");
  const pbay_delivery& given = host.knows(whole, offsetof(pbay_delivery, extra_json));
  const Delivery delivery(1, given);
  EXPECT_EQ(delivery.chat.id, "c1");
  EXPECT_EQ(delivery.chat.thread_id, "");
  EXPECT_EQ(delivery.text, "hello");
  EXPECT_EQ(delivery.deadline_ms, 7);
  EXPECT_EQ(delivery.extra_json, "");
  EXPECT_TRUE(delivery.target_ids.empty());
}

TEST(Known, ElementsOfAnArrayMayBeShorter) {
  OlderHost host;
  auto file = make_abi<pbay_outbound_file>();
  file.fd = 3;
  file.name = to_abi("a.txt");
  file.caption = to_abi("not known");
  auto option = make_abi<pbay_option>();
  option.label = to_abi("Yes");
  option.url = to_abi("not known");
  constexpr std::size_t kFile = offsetof(pbay_outbound_file, caption);
  constexpr std::size_t kOption = offsetof(pbay_option, url);
  auto given = make_abi<pbay_delivery>();
  given.files = static_cast<const pbay_outbound_file*>(host.array(std::vector{file, file}, kFile));
  given.file_count = 2;
  given.file_stride = kFile;
  given.options = static_cast<const pbay_option*>(host.array(std::vector{option, option}, kOption));
  given.option_count = 2;
  given.option_stride = kOption;
  const Delivery delivery(1, given);
  ASSERT_EQ(delivery.files.size(), 2U);
  EXPECT_EQ(delivery.files[1].fd, 3);
  EXPECT_EQ(delivery.files[1].name, "a.txt");
  EXPECT_EQ(delivery.files[1].caption, "");
  ASSERT_EQ(delivery.options.size(), 2U);
  EXPECT_EQ(delivery.options[1].label, "Yes");
  EXPECT_EQ(delivery.options[1].url, "");
}

TEST(Known, AnElementIsNoLongerThanItsStride) {
  auto header = make_abi<pbay_header>();
  header.name = to_abi("a");
  header.value = to_abi("not within the stride");
  const auto headers = copy_headers(&header, 1, offsetof(pbay_header, value));
  ASSERT_EQ(headers.size(), 1U);
  EXPECT_EQ(headers[0].name, "a");
  EXPECT_EQ(headers[0].value, "");
  EXPECT_EQ(copy_headers(&header, 1, 0).at(0).name, "");
}

TEST(Known, AStructThatIsLongerIsReadAsFarAsItIsKnown) {
  struct Newer {
    pbay_header known;
    pbay_str appended;
  };
  std::vector<Newer> sent(2);
  for (Newer& newer : sent) {
    newer.known = make_abi<pbay_header>();
    newer.known.struct_size = sizeof(Newer);
    newer.known.name = to_abi("a");
    newer.known.value = to_abi("b");
    newer.appended = to_abi("c");
  }
  const auto headers = copy_headers(&sent[0].known, 2, sizeof(Newer));
  ASSERT_EQ(headers.size(), 2U);
  EXPECT_EQ(headers[1].name + headers[1].value, "ab");
}

TEST(Known, CompletionsAndTheirDetails) {
  OlderHost host;
  auto response = make_abi<pbay_http_response>();
  response.status = 200;
  response.staged_bytes = 5;
  response.body = to_abi("not known");
  auto value = make_abi<pbay_kv_value>();
  value.value = to_abi("not known");
  auto completion = make_abi<pbay_completion>();
  completion.code = PBAY_E_BUSY;
  completion.value = 4;
  completion.text = to_abi("not known");
  completion.detail = &host.knows(response, offsetof(pbay_http_response, body));
  EXPECT_EQ(HttpResponse(completion).status, 200U);
  EXPECT_EQ(HttpResponse(completion).body, "");
  EXPECT_EQ(HttpResponse(completion).staged_bytes, 0);
  completion.detail = &host.knows(value, offsetof(pbay_kv_value, value));
  EXPECT_EQ(KvValue(completion).value, "");
  const pbay_completion& shorter = host.knows(completion, offsetof(pbay_completion, text));
  const Completion copied(shorter);
  EXPECT_EQ(copied.code, PBAY_E_BUSY);
  EXPECT_EQ(copied.value, 4U);
  EXPECT_EQ(copied.text, "");
}

TEST(Known, EventsOfConnections) {
  OlderHost host;
  auto websocket = make_abi<pbay_websocket_event>();
  websocket.kind = PBAY_WEBSOCKET_CLOSED;
  websocket.data = to_abi("not known");
  const WebSocketEvent frame(host.knows(websocket, offsetof(pbay_websocket_event, data)));
  EXPECT_EQ(frame.kind, WebSocketEventKind::kClosed);
  EXPECT_EQ(frame.data, "");
  auto stream = make_abi<pbay_stream_event>();
  stream.data = to_abi("not known");
  EXPECT_EQ(StreamEvent(host.knows(stream, offsetof(pbay_stream_event, data))).data, "");
  auto listener = make_abi<pbay_listener_event>();
  listener.data = to_abi("not known");
  EXPECT_EQ(ListenerEvent(host.knows(listener, offsetof(pbay_listener_event, data))).data, "");
  auto request = make_abi<pbay_webhook_request>();
  request.method = to_abi("POST");
  request.body = to_abi("not known");
  const WebhookRequest call(host.knows(request, offsetof(pbay_webhook_request, body)));
  EXPECT_EQ(call.method, "POST");
  EXPECT_EQ(call.body, "");
}

// What a test kit reads of an adapter is read in the same way.
TEST(Known, EventsAndStates) {
  OlderHost host;
  auto file = make_abi<pbay_inbound_file>();
  file.reference = to_abi("f-1");
  file.error = to_abi("not known");
  auto sender = make_abi<pbay_sender>();
  sender.id = to_abi("u-1");
  sender.name = to_abi("not known");
  auto whole = make_abi<pbay_event>();
  whole.text = to_abi("hello");
  whole.sender = &host.knows(sender, offsetof(pbay_sender, name));
  whole.files = &host.knows(file, offsetof(pbay_inbound_file, error));
  whole.file_count = 1;
  whole.file_stride = offsetof(pbay_inbound_file, error);
  whole.group_id = to_abi("not known");
  const Event event(host.knows(whole, offsetof(pbay_event, group_id)));
  EXPECT_EQ(event.text, "hello");
  EXPECT_EQ(event.sender.id, "u-1");
  EXPECT_EQ(event.sender.name, "");
  EXPECT_EQ(event.files.at(0).reference, "f-1");
  EXPECT_EQ(event.files.at(0).error, "");
  EXPECT_EQ(event.group_id, "");
  auto state = make_abi<pbay_state>();
  state.reason = to_abi("why");
  state.login_code = to_abi("not known");
  const State shown(host.knows(state, offsetof(pbay_state, login_code)));
  EXPECT_EQ(shown.reason, "why");
  EXPECT_EQ(shown.login_code, "");
}

// A host that lends one table.
struct Lender {
  const void* table = nullptr;
  pbay_host host = make_abi<pbay_host>();
  Runtime runtime{&host};

  explicit Lender(const void* lent) : table(lent) {
    host.data = this;
    host.get_extension = [](const pbay_host* self, const char*) noexcept {
      return static_cast<Lender*>(self->data)->table;
    };
  }
};

TEST(Known, ATableOfAnOlderHostLacksWhatWasAppended) {
  OlderHost older;
  Grown whole = {sizeof(Grown), 0, [] { return 1; }, [] { return 2; }};
  Lender lender(&older.knows(whole, offsetof(Grown, appended)));
  const auto* lent = lender.runtime.extension<Grown>("x");
  ASSERT_NE(lent, nullptr);
  EXPECT_EQ(lent->first(), 1);
  EXPECT_EQ(lent->appended, nullptr);
  EXPECT_EQ(lender.runtime.extension<Grown>("x"), lent) << "asked for often, copied once";
}

TEST(Known, ATableAsLongAsOursIsTheHostsOwn) {
  const Grown whole = {sizeof(Grown), 0, [] { return 1; }, [] { return 2; }};
  Lender lender(&whole);
  EXPECT_EQ(lender.runtime.extension<Grown>("x"), &whole);
}

TEST(Known, ATableShorterThanItsFirstReleaseIsNone) {
  OlderHost older;
  const Grown whole = {sizeof(Grown), 0, [] { return 1; }, [] { return 2; }};
  Lender lender(&older.knows(whole, offsetof(Grown, first)));
  EXPECT_EQ(lender.runtime.extension<Grown>("x"), nullptr);
  Lender nothing(nullptr);
  EXPECT_EQ(nothing.runtime.extension<Grown>("x"), nullptr);
}

TEST(Submitted, IsHopelessByItsClass) {
  for (const std::int32_t code : {PBAY_E_INVALID, PBAY_E_TOO_LARGE, -299, PBAY_E_BUG, -599}) {
    EXPECT_TRUE(Submitted(code, "no").hopeless()) << code;
  }
  for (const std::int32_t code :
       {PBAY_OK, PBAY_E_BUSY, PBAY_E_RETRY, PBAY_E_ACCOUNT, -399, PBAY_E_UNKNOWN, PBAY_E_CUT}) {
    EXPECT_FALSE(Submitted(code, "no").hopeless()) << code;
  }
}

}  // namespace
}  // namespace patchbay::sdk
