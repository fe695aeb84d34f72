#include "patchbay/testkit/http_script.hpp"

#include <nlohmann/json.hpp>
#include <utility>

#include "glob.hpp"
#include "json_at.hpp"

namespace patchbay::testkit {
using nlohmann::json;

const RecordedPart* RecordedRequest::part(std::string_view name) const noexcept {
  for (const RecordedPart& part : parts) {
    if (part.name == name) {
      return &part;
    }
  }
  return nullptr;
}

std::string RecordedRequest::describe() const {
  std::string out = method + " " + url;
  if (!body.empty()) {
    out += "\n  body: " + body.substr(0, 500);
  }
  for (const RecordedPart& part : parts) {
    out += "\n  part " + part.name +
           (part.filename.empty() ? "" : " (file " + part.filename + ", " + part.mime + ")") +
           ": " + part.bytes.substr(0, 200);
  }
  return out;
}

HttpExpectation::HttpExpectation(std::string method, std::string url)
    : method_(std::move(method)), url_(std::move(url)) {}

HttpExpectation& HttpExpectation::matching(std::function<bool(const RecordedRequest&)> condition) {
  conditions_.push_back(std::move(condition));
  return *this;
}

HttpExpectation& HttpExpectation::header(std::string name, std::string value) {
  condition_texts_.push_back("header " + name + ": " + value);
  return matching([name = std::move(name), value = std::move(value)](
                      const RecordedRequest& request) { return request.header(name) == value; });
}

HttpExpectation& HttpExpectation::body(std::string bytes) {
  condition_texts_.push_back("body " + bytes.substr(0, 200));
  return matching(
      [bytes = std::move(bytes)](const RecordedRequest& request) { return request.body == bytes; });
}

HttpExpectation& HttpExpectation::json(std::string pointer, const std::string& json_text) {
  condition_texts_.push_back("JSON " + pointer + " = " + json_text);
  return matching([pointer = std::move(pointer),
                   wanted = json::parse(json_text)](const RecordedRequest& request) {
    return json_has(request.body, pointer, wanted);
  });
}

HttpExpectation& HttpExpectation::no_json(std::string pointer) {
  condition_texts_.push_back("no JSON " + pointer);
  return matching([pointer = std::move(pointer)](const RecordedRequest& request) {
    const nlohmann::json document = json::parse(request.body, nullptr, false);
    return !document.is_discarded() && json_at(document, pointer) == nullptr;
  });
}

HttpExpectation& HttpExpectation::field(std::string name, std::string value) {
  condition_texts_.push_back("field " + name + " = " + value);
  return matching(
      [name = std::move(name), value = std::move(value)](const RecordedRequest& request) {
        const RecordedPart* part = request.part(name);
        return part != nullptr && part->filename.empty() && part->bytes == value;
      });
}

HttpExpectation& HttpExpectation::file(std::string name, std::string filename, std::string bytes) {
  condition_texts_.push_back("file " + name + " = " + filename);
  return matching([name = std::move(name), filename = std::move(filename),
                   bytes = std::move(bytes)](const RecordedRequest& request) {
    const RecordedPart* part = request.part(name);
    return part != nullptr && part->filename == filename && part->bytes == bytes;
  });
}

HttpExpectation& HttpExpectation::of_delivery(pbay_op op) {
  condition_texts_.push_back("of delivery " + std::to_string(op));
  return matching([op](const RecordedRequest& request) { return request.delivery_op == op; });
}

HttpExpectation& HttpExpectation::times(int count) {
  times_ = count;
  return *this;
}

HttpExpectation& HttpExpectation::always() {
  always_ = true;
  times_ = 1'000'000'000;
  return *this;
}

HttpExpectation& HttpExpectation::answer(std::uint32_t status, std::string body,
                                         std::vector<sdk::Header> headers) {
  reply_ = HttpReply{};
  reply_.status = status;
  reply_.body = std::move(body);
  reply_.headers = std::move(headers);
  return *this;
}

HttpExpectation& HttpExpectation::answer_with(
    std::function<HttpReply(const RecordedRequest&)> make) {
  make_reply_ = std::move(make);
  return *this;
}

HttpExpectation& HttpExpectation::rate_limited(int seconds, std::string body) {
  return answer(429, std::move(body), {sdk::Header("Retry-After", std::to_string(seconds))});
}

HttpExpectation& HttpExpectation::drop_before_sent() {
  reply_ = HttpReply{};
  reply_.code = PBAY_E_NETWORK;
  reply_.error = "connection refused";
  reply_.status = 0;
  reply_.sent_state = PBAY_NOT_SENT;
  return *this;
}

HttpExpectation& HttpExpectation::drop_after_sent() {
  reply_ = HttpReply{};
  reply_.code = PBAY_E_CUT;
  reply_.error = "the connection ended before an answer came";
  reply_.status = 0;
  reply_.sent_state = PBAY_SENT_UNKNOWN;
  return *this;
}

HttpExpectation& HttpExpectation::cut_after(std::size_t bytes) {
  reply_.code = PBAY_E_CUT;
  reply_.error = "the connection ended before the whole answer came";
  reply_.body.resize(std::min(bytes, reply_.body.size()));
  return *this;
}

HttpExpectation& HttpExpectation::hang() {
  reply_ = HttpReply{};
  reply_.hangs = true;
  return *this;
}

HttpExpectation& HttpExpectation::after(std::chrono::milliseconds delay) {
  reply_.after = delay;
  return *this;
}

bool HttpExpectation::matches(const RecordedRequest& request) const {
  if (request.method != method_ || !glob_matches(url_, request.url)) {
    return false;
  }
  for (const auto& condition : conditions_) {
    if (!condition(request)) {
      return false;
    }
  }
  return true;
}

HttpReply HttpExpectation::reply(const RecordedRequest& request) {
  ++met_;
  return make_reply_ ? make_reply_(request) : reply_;
}

std::string HttpExpectation::describe() const {
  std::string out = method_ + " " + url_;
  for (const std::string& text : condition_texts_) {
    out += "\n    " + text;
  }
  return out;
}

HttpExpectation& HttpScript::expect(std::string method, std::string url) {
  return expectations_.emplace_back(std::move(method), std::move(url));
}

std::vector<const RecordedRequest*> HttpScript::requests_to(std::string_view url) const {
  std::vector<const RecordedRequest*> out;
  for (const RecordedRequest& request : requests_) {
    if (glob_matches(url, request.url)) {
      out.push_back(&request);
    }
  }
  return out;
}

std::string HttpScript::unmet() const {
  std::string out;
  for (const HttpExpectation& expectation : expectations_) {
    if (!expectation.met()) {
      out += "\n  " + expectation.describe();
    }
  }
  return out;
}

std::optional<HttpReply> HttpScript::take(RecordedRequest request) {
  const RecordedRequest& kept = requests_.emplace_back(std::move(request));
  for (HttpExpectation& expectation : expectations_) {
    if (!expectation.used_up() && expectation.matches(kept)) {
      return expectation.reply(kept);
    }
  }
  return otherwise_ ? std::optional(otherwise_(kept)) : std::nullopt;
}

}  // namespace patchbay::testkit
