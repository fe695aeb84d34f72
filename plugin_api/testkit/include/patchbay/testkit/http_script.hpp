// HttpScript: the platform of a test. What requests are expected, and what happens to each.
//
//   host.http().expect("POST", "https://api.example.org/send")
//       .header("Authorization", "Bearer secret")
//       .json("/text", "\"hello\"")
//       .answer(200, R"({"ok":true})");
//   host.http().expect("GET", "https://api.example.org/updates?offset=*").always().hang();
//
// A request is given to the first expectation that matches it and is not used up. A request that
// none matches fails the test; so does an expectation that was never met, when the host ends.
#ifndef PATCHBAY_TESTKIT_HTTP_SCRIPT_HPP
#define PATCHBAY_TESTKIT_HTTP_SCRIPT_HPP

#include <chrono>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "patchbay/sdk/http.hpp"

namespace patchbay::testkit {

struct RecordedPart {
  std::string name;
  std::string filename;
  std::string mime;
  std::string bytes;  // of the descriptor, too
};

struct RecordedRequest {
  std::string method;
  std::string url;
  std::vector<sdk::Header> headers;
  std::string body;  // of the descriptor, too
  std::vector<RecordedPart> parts;
  pbay_op delivery_op = 0;
  bool idempotent = false;
  bool follow_redirects = false;
  std::uint64_t response_staging = 0;
  std::int64_t max_response_bytes = 0;
  std::int64_t timeout_ms = 0;
  std::int64_t at_ms = 0;  // monotonic, when it left

  [[nodiscard]] std::string_view header(std::string_view name) const noexcept {
    return sdk::find_header(headers, name);
  }
  [[nodiscard]] const RecordedPart* part(std::string_view name) const noexcept;
  // Method, URL and the beginning of the body, for a message.
  [[nodiscard]] std::string describe() const;
};

// What happens to a request.
struct HttpReply {
  std::int32_t code = PBAY_OK;
  std::string error;
  std::uint32_t status = 200;
  std::uint32_t sent_state = PBAY_SENT;
  std::vector<sdk::Header> headers;
  std::string body;
  std::chrono::milliseconds after{0};
  bool hangs = false;  // until its timeout, or until it is cancelled
};

class HttpExpectation {
 public:
  // `*` in the URL stands for anything.
  HttpExpectation(std::string method, std::string url);

  // ---- what the request must be ----
  HttpExpectation& header(std::string name, std::string value);
  HttpExpectation& body(std::string bytes);
  // The value at a JSON pointer of the body; `json` is JSON text ("7", "\"text\"", "[1]").
  HttpExpectation& json(std::string pointer, const std::string& json);
  HttpExpectation& no_json(std::string pointer);
  // A part of a multipart body.
  HttpExpectation& field(std::string name, std::string value);
  HttpExpectation& file(std::string name, std::string filename, std::string bytes);
  HttpExpectation& of_delivery(pbay_op op);
  HttpExpectation& matching(std::function<bool(const RecordedRequest&)> condition);

  // ---- how often ----
  HttpExpectation& times(int count);
  HttpExpectation& always();  // any number of times, also never

  // ---- what happens to it ----
  HttpExpectation& answer(std::uint32_t status, std::string body,
                          std::vector<sdk::Header> headers = {});
  // Made when the request comes.
  HttpExpectation& answer_with(std::function<HttpReply(const RecordedRequest&)> make);
  HttpExpectation& rate_limited(int seconds, std::string body = {});
  // The connection fails before a byte of the request left.
  HttpExpectation& drop_before_sent();
  // The request left, no answer came.
  HttpExpectation& drop_after_sent();
  // The answer breaks off after so many bytes of its body.
  HttpExpectation& cut_after(std::size_t bytes);
  HttpExpectation& hang();
  // Of what was said before.
  HttpExpectation& after(std::chrono::milliseconds delay);

  [[nodiscard]] bool matches(const RecordedRequest& request) const;
  [[nodiscard]] bool used_up() const noexcept { return met_ >= times_; }
  [[nodiscard]] bool met() const noexcept { return always_ || met_ >= times_; }
  [[nodiscard]] HttpReply reply(const RecordedRequest& request);
  [[nodiscard]] std::string describe() const;

 private:
  std::string method_;
  std::string url_;
  std::vector<std::function<bool(const RecordedRequest&)>> conditions_;
  std::vector<std::string> condition_texts_;
  int times_ = 1;
  int met_ = 0;
  bool always_ = false;
  HttpReply reply_;
  std::function<HttpReply(const RecordedRequest&)> make_reply_;
};

class HttpScript {
 public:
  // The reference stays valid as long as the script.
  HttpExpectation& expect(std::string method, std::string url);

  // Answers what no expectation matches, which is no breach then: a platform that knows everything.
  void otherwise(std::function<HttpReply(const RecordedRequest&)> reply) {
    otherwise_ = std::move(reply);
  }

  // Every request that left so far, in order: not those that the host refused, or that wait because
  // 32 of the instance are at work.
  [[nodiscard]] const std::deque<RecordedRequest>& requests() const noexcept { return requests_; }
  // Those whose URL matches; `*` stands for anything.
  [[nodiscard]] std::vector<const RecordedRequest*> requests_to(std::string_view url) const;

  // Expectations that were not met, for a message; empty: none.
  [[nodiscard]] std::string unmet() const;
  // Forgets them, when a test ends early on purpose.
  void forget_unmet() noexcept { expectations_.clear(); }

  // For the fake host: records the request and finds its reply. Nothing: it was not expected.
  [[nodiscard]] std::optional<HttpReply> take(RecordedRequest request);

 private:
  std::deque<HttpExpectation> expectations_;
  std::deque<RecordedRequest> requests_;
  std::function<HttpReply(const RecordedRequest&)> otherwise_;
};

}  // namespace patchbay::testkit

#endif  // PATCHBAY_TESTKIT_HTTP_SCRIPT_HPP
