#include "host/control_protocol.hpp"

#include <algorithm>
#include <initializer_list>
#include <nlohmann/json.hpp>

#include "base/clock.hpp"
#include "base/json.hpp"

namespace patchbay::host {
namespace {

using base::Code;
using base::Status;
using nlohmann::json;

constexpr std::string_view kInvalidRequest = "INVALID_REQUEST";
constexpr std::string_view kUnavailable = "UNAVAILABLE";

// What another request in the meantime has filled is free again by then.
constexpr base::Milliseconds kRetryAfter{1000};

// Classes of errors as error.details.code tells them.
constexpr std::pair<Code, std::string_view> kClasses[] = {
    {Code::kInvalidArgument, "INVALID_ARGUMENT"},
    {Code::kNotFound, "NOT_FOUND"},
    {Code::kAlreadyExists, "ALREADY_EXISTS"},
    {Code::kRefused, "REFUSED"},
    {Code::kTooLarge, "TOO_LARGE"},
    {Code::kBusy, "BUSY"},
    {Code::kUnavailable, "UNAVAILABLE"},
    {Code::kTimeout, "TIMEOUT"},
    {Code::kCancelled, "CANCELLED"},
    {Code::kCorrupt, "CORRUPT"},
    {Code::kIo, "IO"},
    {Code::kInternal, "INTERNAL"},
};

std::string_view class_of(Code code) {
  const auto* const known = std::find_if(std::begin(kClasses), std::end(kClasses),
                                         [code](const auto& one) { return one.first == code; });
  return known->second;  // of an error: kOk is none
}

// The class that the host told; else what the code of the frame, known to all clients, says of it.
Code class_in(const json& error) {
  const json details = error.value("details", json::object());
  const json told = details.is_object() ? details.value("code", json()) : json();
  for (const auto& [code, name] : kClasses) {
    if (told == name) {
      return code;
    }
  }
  if (error.value("code", json()) == kInvalidRequest) {
    return Code::kInvalidArgument;
  }
  return error.value("retryable", json()) == true ? Code::kBusy : Code::kInternal;
}

bool is_worth_another_try(Code code) {
  return code == Code::kBusy || code == Code::kUnavailable || code == Code::kTimeout;
}

std::string line_of(const json& frame) {
  return frame.dump(-1, ' ', false, json::error_handler_t::replace) + "\n";
}

Status invalid(std::string_view what) {
  return {Code::kInvalidArgument, "invalid request frame: " + std::string(what)};
}

bool is_any_of(std::string_view name, std::initializer_list<std::string_view> names) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

// Objects of the protocol are closed: what is not known is an error.
Status check_request(const json& frame) {
  for (const auto& [name, value] : frame.items()) {
    if (!is_any_of(name, {"type", "id", "method", "params", "traceparent", "expectedProfileId"})) {
      return invalid("unexpected property '" + name + "'");
    }
    if (is_any_of(name, {"traceparent", "expectedProfileId"}) && !value.is_string()) {
      return invalid("'" + name + "' must be a string");
    }
  }
  if (frame.value("type", json()) != "req") {
    return invalid("type must be \"req\"");
  }
  if (!frame.contains("id") || !frame["id"].is_string() ||
      frame["id"].get_ref<const std::string&>().empty()) {
    return invalid("must have a string 'id'");
  }
  if (!frame.contains("method") || !frame["method"].is_string()) {
    return invalid("must have a string 'method'");
  }
  if (frame.contains("params") && !frame["params"].is_object()) {
    return invalid("'params' must be an object");
  }
  return {};
}

}  // namespace

ControlRequest parse_request(std::string_view line, json& params) {
  ControlRequest request;
  params = json::object();
  auto frame = base::parse_json(line);
  if (!frame.ok()) {
    request.problem = invalid(frame.status().message());
    return request;
  }
  if (!frame->is_object()) {
    request.problem = invalid("must be an object");
    return request;
  }
  if (frame->contains("id") && (*frame)["id"].is_string()) {
    request.id = (*frame)["id"].get<std::string>();
  }
  request.problem = check_request(*frame);
  if (request.problem.ok()) {
    request.method = (*frame)["method"].get<std::string>();
    if (frame->contains("params")) {
      params = std::move((*frame)["params"]);
    }
  }
  return request;
}

std::string request_line(std::string_view id, std::string_view method, const json& params) {
  return line_of({{"type", "req"}, {"id", id}, {"method", method}, {"params", params}});
}

std::string response_line(std::string_view id, const json& payload) {
  return line_of({{"type", "res"}, {"id", id}, {"ok", true}, {"payload", payload}});
}

std::string error_line(std::string_view id, const Status& error) {
  const bool callers_fault = error.code() == Code::kInvalidArgument ||
                             error.code() == Code::kNotFound || error.code() == Code::kTooLarge ||
                             error.code() == Code::kRefused;
  json body = {{"code", callers_fault ? kInvalidRequest : kUnavailable},
               {"message", error.message()},
               {"details", {{"code", class_of(error.code())}}}};
  if (is_worth_another_try(error.code())) {
    body["retryable"] = true;
    body["retryAfterMs"] = kRetryAfter.count();
  }
  return line_of({{"type", "res"}, {"id", id}, {"ok", false}, {"error", std::move(body)}});
}

base::Result<json> parse_response(std::string_view line) {
  PATCHBAY_ASSIGN(const json frame, base::parse_json(line));
  if (!frame.is_object() || frame.value("type", json()) != "res") {
    return Status(Code::kInternal, "the host answered something that is no response");
  }
  if (frame.value("ok", false)) {
    return frame.value("payload", json::object());
  }
  const json error = frame.value("error", json::object());
  const Code code = class_in(error);
  return Status(code == Code::kUnavailable ? Code::kBusy : code,
                error.value("message", "the host gave no reason"));
}

}  // namespace patchbay::host
