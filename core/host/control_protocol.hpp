// The frames on the control socket: JSON, one a line, the same that the gateway's WebSocket
// carries.
//   request   {"type":"req","id":"1","method":"status","params":{…}}
//   response  {"type":"res","id":"1","ok":true,"payload":{…}}
//             {"type":"res","id":"1","ok":false,"error":{"code":"INVALID_REQUEST","message":"…",
//              "details":{"code":"REFUSED"}}}
// A request may also have "traceparent" and "expectedProfileId", an error "retryable" and
// "retryAfterMs". Objects are closed: anything else is an error.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>

#include "base/status.hpp"

namespace patchbay::host {

// Reads a request; params is an object, empty when absent. On failure `id` is the frame's if it has
// one, else "invalid", and the status says what is wrong.
inline constexpr std::string_view kNoRequestId = "invalid";
struct ControlRequest {
  std::string id{kNoRequestId};
  std::string method;
  base::Status problem;
};
[[nodiscard]] ControlRequest parse_request(std::string_view line, nlohmann::json& params);

[[nodiscard]] std::string request_line(std::string_view id, std::string_view method,
                                       const nlohmann::json& params);
[[nodiscard]] std::string response_line(std::string_view id, const nlohmann::json& payload);
// INVALID_REQUEST for what the caller did wrong, else UNAVAILABLE, with the class of the error as
// details.code; retryable when the same request may succeed later.
[[nodiscard]] std::string error_line(std::string_view id, const base::Status& error);

// The payload of a response, or its error as a status of the class that details.code tells. Never
// kUnavailable, but kBusy instead: a host has answered.
[[nodiscard]] base::Result<nlohmann::json> parse_response(std::string_view line);

}  // namespace patchbay::host
