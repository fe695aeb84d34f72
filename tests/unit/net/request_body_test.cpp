#include "net/request_body.hpp"

#include "client_test.hpp"

namespace patchbay::net {
namespace {

using base::Code;

std::string read_all(RequestBody& body, std::size_t at_once) {
  std::string result;
  std::string buffer(at_once, '\0');
  while (true) {
    const auto got = body.read(buffer.data(), buffer.size());
    EXPECT_TRUE(got.ok());
    if (!got.ok() || got.value() == 0) {
      return result;
    }
    result.append(buffer, 0, got.value());
  }
}

std::vector<HttpPart> example_parts(int fd) {
  return {{"chat_id", "", "", std::string("-100")},
          {"photo", "a \"b\"\r\n.jpg", "image/jpeg", FileContent{fd, 5}},
          {"again", "c.bin", "", FileContent{fd, 10}},
          {"empty", "", "", std::string()}};
}

constexpr std::string_view kExampleBytes =
    "--B\r\nContent-Disposition: form-data; name=\"chat_id\"\r\n\r\n-100\r\n"
    "--B\r\nContent-Disposition: form-data; name=\"photo\"; filename=\"a %22b%22%0D%0A.jpg\"\r\n"
    "Content-Type: image/jpeg\r\n\r\n01234\r\n"
    "--B\r\nContent-Disposition: form-data; name=\"again\"; "
    "filename=\"c.bin\"\r\n\r\n0123456789\r\n"
    "--B\r\nContent-Disposition: form-data; name=\"empty\"\r\n\r\n\r\n--B--\r\n";

TEST(RequestBodyTest, MultipartIsByteForByteWhatIsMeant) {
  const base::UniqueFd file = file_with("0123456789");
  for (const std::size_t at_once : {1U, 3U, 64U, 100'000U}) {
    auto body = RequestBody::make(example_parts(file.get()), "B");
    ASSERT_TRUE(body.ok());
    EXPECT_EQ(body->content_type(), "multipart/form-data; boundary=B");
    EXPECT_EQ(body->size(), kExampleBytes.size());
    EXPECT_EQ(read_all(body.value(), at_once), kExampleBytes);
  }
}

TEST(RequestBodyTest, SeeksToEveryPosition) {
  const base::UniqueFd file = file_with("0123456789");
  auto body = RequestBody::make(example_parts(file.get()), "B");
  ASSERT_TRUE(body.ok());
  for (std::size_t at = 0; at <= kExampleBytes.size(); ++at) {
    ASSERT_TRUE(body->seek(at));
    ASSERT_EQ(read_all(body.value(), 7), kExampleBytes.substr(at));
  }
  EXPECT_FALSE(body->seek(kExampleBytes.size() + 1));
}

TEST(RequestBodyTest, RefusesFilesThatCannotKeepTheirPromise) {
  const base::UniqueFd file = file_with("0123456789");
  EXPECT_EQ(RequestBody::make(FileContent{file.get(), 11}, "B").status().code(), Code::kIo);
  EXPECT_EQ(RequestBody::make(FileContent{-1, 1}, "B").status().code(), Code::kInvalidArgument);
  EXPECT_EQ(RequestBody::make(FileContent{file.get(), -1}, "B").status().code(),
            Code::kInvalidArgument);
  const base::UniqueFd folder(::open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  EXPECT_EQ(RequestBody::make(FileContent{folder.get(), 1}, "B").status().code(),
            Code::kInvalidArgument);
  auto body = RequestBody::make(FileContent{file.get(), 10}, "B");
  ASSERT_TRUE(body.ok());
  ASSERT_EQ(::ftruncate(file.get(), 4), 0);
  std::string buffer(10, '\0');
  EXPECT_EQ(body->read(buffer.data(), buffer.size()).status().code(), Code::kIo);
}

using RequestBodySentTest = ClientTest;

TEST_F(RequestBodySentTest, PartsFromOneDescriptorArriveWhole) {
  SeenRequest seen;
  ScriptedServer server([&](Peer& peer, int) {
    seen = peer.read_request();
    peer.answer("");
  });
  const std::string content = pattern(3'000'000);
  const base::UniqueFd file = file_with(content);
  HttpRequest request = post(server.url(kSecretPath), "");
  request.headers = {{"Content-Type", "text/plain"}};  // the client's own wins
  request.body =
      std::vector<HttpPart>{{"a", "a.bin", "", FileContent{file.get(), 3'000'000}},
                            {"b", "b.bin", "application/x-b", FileContent{file.get(), 1'000'000}}};
  EXPECT_TRUE(perform(std::move(request)).status.ok());
  server.stop();
  const std::size_t at = seen.head.find("Content-Type: multipart/form-data; boundary=");
  ASSERT_NE(at, std::string::npos);
  EXPECT_FALSE(seen.has("text/plain"));
  const std::size_t begin = at + 44;
  const std::string boundary = seen.head.substr(begin, seen.head.find("\r\n", begin) - begin);
  const std::string expected =
      "--" + boundary +
      "\r\nContent-Disposition: form-data; name=\"a\"; filename=\"a.bin\"\r\n\r\n" + content +
      "\r\n--" + boundary +
      "\r\nContent-Disposition: form-data; name=\"b\"; filename=\"b.bin\"\r\n"
      "Content-Type: application/x-b\r\n\r\n" +
      content.substr(0, 1'000'000) + "\r\n--" + boundary + "--\r\n";
  EXPECT_TRUE(seen.body == expected);
}

TEST_F(RequestBodySentTest, OnlyTheDeclaredBytesOfAFileAreSent) {
  SeenRequest seen;
  ScriptedServer server([&](Peer& peer, int) {
    seen = peer.read_request();
    peer.answer("");
  });
  const base::UniqueFd file = file_with("0123456789");
  HttpRequest request = post(server.url("/"), "");
  request.method = "PUT";
  request.body = FileContent{file.get(), 4};
  EXPECT_TRUE(perform(std::move(request)).status.ok());
  server.stop();
  EXPECT_EQ(seen.line(), "PUT / HTTP/1.1");
  EXPECT_EQ(seen.body, "0123");
  EXPECT_FALSE(seen.has("Content-Type"));
  EXPECT_FALSE(seen.has("Expect"));
}

TEST_F(RequestBodySentTest, AFileThatShrinksFailsTheRequest) {
  std::atomic<bool> begun = false;
  ScriptedServer server([&](Peer& peer, int) {
    peer.read_exactly(1000);
    begun = true;
    peer.wait_for_end();
  });
  const base::UniqueFd file = file_with(std::string(50'000'000, 'x'));
  HttpRequest request = post(server.url(kSecretPath), "");
  request.body = FileContent{file.get(), 50'000'000};
  start(std::move(request));
  // The socket cannot take fifty megabytes before the peer reads on: part of it is still to be
  // read.
  loop_.context().restart();
  loop_.context().run_one_for(kTestPatience);
  ASSERT_EQ(::ftruncate(file.get(), 1'000'000), 0);
  const HttpResult result = finish();
  EXPECT_EQ(result.status.code(), Code::kIo);
  EXPECT_NE(result.sent_state, SentState::kAnswered);
  EXPECT_NE(result.status.message().find("became shorter"), std::string::npos);
}

TEST_F(RequestBodySentTest, AFileTooShortFromTheStartIsNotSent) {
  const base::UniqueFd file = file_with("0123");
  HttpRequest request = post("http://127.0.0.1:1/SECRET", "");
  request.body = FileContent{file.get(), 5};
  const HttpResult result = perform(std::move(request));
  EXPECT_EQ(result.status.code(), Code::kIo);
  EXPECT_EQ(result.sent_state, SentState::kNotSent);
}

}  // namespace
}  // namespace patchbay::net
