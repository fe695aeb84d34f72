#include "platform.hpp"

#include <array>
#include <iterator>
#include <utility>

#include "patchbay/testkit/peers.hpp"

namespace patchbay::validate {
namespace {

using std::chrono::milliseconds;
using testkit::HttpReply;
using testkit::RecordedRequest;

constexpr milliseconds kAnswerTime{80};
constexpr milliseconds kPollTime{
    2'000};  // of a request that no delivery made: a long poll, perhaps

// What many platforms say when all is well, in one object.
std::string good_body(std::uint64_t number) {
  const std::string id = std::to_string(number);
  return R"({"ok":true,"result":{"message_id":)" + id + R"(,"id":)" + id +
         R"(,"is_bot":true,"username":"validated_bot","file_path":"f"},"id":")" + id +
         R"(","message_id":")" + id + R"(","ts":")" + id +
         R"(.0001","channel":"C1","user_id":"U1","url":"wss://gateway.example.org/","data":[]})";
}

HttpReply reply_of(std::uint32_t status, std::string body, std::vector<sdk::Header> headers = {}) {
  HttpReply out;
  out.status = status;
  out.body = std::move(body);
  out.headers = std::move(headers);
  return out;
}

HttpReply failure(std::int32_t code, std::uint32_t sent_state, const char* error) {
  HttpReply out;
  out.code = code;
  out.error = error;
  out.status = 0;
  out.sent_state = sent_state;
  return out;
}

}  // namespace

const std::vector<std::string>& bad_bodies() {
  static const std::vector<std::string> all = {
      "",
      "null",
      "0",
      "\"text\"",
      "[]",
      "{}",
      "{\"ok\":true}",
      "{\"ok\":true,\"result\":null}",
      "{\"ok\":true,\"result\":[null,1,\"x\",[],{}]}",
      "{\"ok\":true,\"result\":{\"message_id\":\"text\",\"id\":{}}}",
      "{\"ok\":\"yes\",\"error\":7,\"result\":{\"id\":-1e999}}",
      "{\"ok\":false,\"error_code\":\"x\",\"description\":[],\"parameters\":7}",
      "{\"ok\":true,\"result\":{\"message_id\":99999999999999999999999999}}",
      "{\"ok\":true,\"result\"",
      "<html><body>502 Bad Gateway</body></html>",
      std::string("\xFF\xFE\x00", 3),
      "{\"ok\":true,\"result\":{\"username\":\"\xC0\x80\",\"id\":1}}",
      "{\"a\":\"\\ud800\"}",
      std::string("{\"\0\":1}", 7),
      std::string(100'000, '['),
      "{\"ok\":true,\"result\":" + std::string(5'000, '[') + std::string(5'000, ']') + "}",
      std::string(300'000, 'x'),
  };
  return all;
}

void Platform::serve(testkit::FakeHost& host) {
  host.http().otherwise([this](const RecordedRequest& request) { return reply(request); });
  for (testkit::Peers* peers : {&host.websockets(), &host.streams(), &host.processes()}) {
    peers->otherwise().after(kAnswerTime);
  }
}

void Platform::answer_all(HttpReply reply) {
  fixed_ = std::move(reply);
  is_fixed_ = true;
}

HttpReply Platform::reply(const RecordedRequest& request) {
  HttpReply out;
  if (is_fixed_) {
    out = fixed_;
  } else if (mood_ == Mood::kHanging) {
    out.hangs = true;
  } else if (mood_ == Mood::kCapricious) {
    out = capricious_reply();
  } else {
    out = reply_of(200, good_body(++answered_));
  }
  // Never at once: a poll that is answered at once is asked again at once, for ever.
  out.after = request.delivery_op != 0 ? kAnswerTime : kPollTime;
  if (mood_ == Mood::kCapricious && random_.one_in(4)) {
    out.after = milliseconds(1 + random_.below(90'000));
  }
  return out;
}

HttpReply Platform::capricious_reply() {
  static constexpr std::array<std::uint32_t, 16> kStatuses = {
      200, 201, 204, 301, 304, 400, 401, 403, 404, 409, 413, 429, 500, 502, 503, 599};
  switch (random_.below(10)) {
    case 0:
      return failure(PBAY_E_NETWORK, PBAY_NOT_SENT, "connection refused");
    case 1:
      return failure(PBAY_E_CUT, PBAY_SENT_UNKNOWN, "the connection ended before an answer came");
    case 2: {
      HttpReply cut = reply_of(200, good_body(++answered_));
      cut.code = PBAY_E_CUT;
      cut.error = "the connection ended before the whole answer came";
      cut.body.resize(random_.below(cut.body.size()));
      return cut;
    }
    case 3: {
      HttpReply hanging;
      hanging.hangs = true;
      return hanging;
    }
    case 4:
      return reply_of(429, random_.of(bad_bodies()),
                      {sdk::Header("Retry-After", std::to_string(random_.below(100)))});
    case 5:
      return reply_of(random_.of(kStatuses), random_.of(bad_bodies()),
                      {sdk::Header("Retry-After", random_.bytes(8))});
    case 6:
      return reply_of(random_.of(kStatuses), random_.bytes(200));
    default:
      return reply_of(200, good_body(++answered_));
  }
}

}  // namespace patchbay::validate
