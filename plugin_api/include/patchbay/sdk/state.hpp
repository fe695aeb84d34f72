// State and Capabilities: what an instance says about itself.
#ifndef PATCHBAY_SDK_STATE_HPP
#define PATCHBAY_SDK_STATE_HPP

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <string>
#include <utility>

#include "abi.hpp"

namespace patchbay::sdk {

// The values are those of the ABI.
enum class StateKind : std::uint32_t {
  kConnecting = PBAY_STATE_CONNECTING,
  kOnline = PBAY_STATE_ONLINE,
  kDegraded = PBAY_STATE_DEGRADED,
  kLoginRequired = PBAY_STATE_LOGIN_REQUIRED,
  kRateLimited = PBAY_STATE_RATE_LIMITED,
  kFailed = PBAY_STATE_FAILED,
  kStopped = PBAY_STATE_STOPPED,
};

struct State {
  StateKind kind = StateKind::kConnecting;
  std::string reason;       // what happened
  std::string user_action;  // what the person must do; empty: nothing
  std::string login_code;   // kLoginRequired: a pairing code, or the payload of a QR code
  bool login_code_is_qr = false;

  State() = default;
  explicit State(StateKind state, std::string why = {}, std::string action = {})
      : kind(state), reason(std::move(why)), user_action(std::move(action)) {}
  explicit State(const Known<pbay_state>& state)
      : kind(static_cast<StateKind>(state->state)),
        reason(copy(state->reason)),
        user_action(copy(state->user_action)),
        login_code(copy(state->login_code)),
        login_code_is_qr(state->login_code_is_qr != 0) {}

  // Points into this state.
  [[nodiscard]] pbay_state abi() const noexcept {
    auto out = make_abi<pbay_state>();
    out.state = static_cast<std::uint32_t>(kind);
    out.reason = to_abi(reason);
    out.user_action = to_abi(user_action);
    out.login_code = to_abi(login_code);
    out.login_code_is_qr = login_code_is_qr ? 1 : 0;
    return out;
  }
};

// The C struct with its size filled in; see adapter.h for its fields.
struct Capabilities : pbay_caps {
  Capabilities() noexcept : pbay_caps{} { struct_size = sizeof(pbay_caps); }

  // Writes as much as the receiver's struct holds.
  void write_to(pbay_caps* out) const noexcept {
    const auto size = std::min<std::size_t>(out->struct_size, sizeof(pbay_caps));
    const auto receiver_size = out->struct_size;
    std::memcpy(out, static_cast<const pbay_caps*>(this), size);
    out->struct_size = receiver_size;
  }
};

}  // namespace patchbay::sdk

#endif  // PATCHBAY_SDK_STATE_HPP
