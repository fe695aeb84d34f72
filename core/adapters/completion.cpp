#include "adapters/completion.hpp"

namespace patchbay::adapters {

using base::Code;

std::int32_t code_of(const base::Status& status) {
  switch (status.code()) {
    case Code::kOk:
      return PBAY_OK;
    case Code::kInvalidArgument:
      return PBAY_E_INVALID;
    case Code::kNotFound:
      return PBAY_E_NOT_FOUND;
    case Code::kAlreadyExists:
      return PBAY_E_CONFLICT_VALUE;
    case Code::kRefused:
      return PBAY_E_FORBIDDEN;
    case Code::kTooLarge:
      return PBAY_E_TOO_LARGE;
    case Code::kBusy:
      return PBAY_E_BUSY;
    case Code::kTimeout:
      return PBAY_E_TIMEOUT;
    case Code::kCancelled:
      return PBAY_E_CANCELLED;
    case Code::kUnavailable:
    case Code::kIo:
      return PBAY_E_RETRY;
    case Code::kCorrupt:
    case Code::kInternal:
      return PBAY_E_BUG;
  }
  return PBAY_E_BUG;
}

base::Status status_of(std::int32_t code, const std::string& text) {
  const std::string message = text.empty() ? "code " + std::to_string(code) : text;
  switch (code) {
    case PBAY_E_TIMEOUT:
      return {Code::kTimeout, message};
    case PBAY_E_BUSY:
      return {Code::kBusy, message};
    case PBAY_E_TOO_LARGE:
      return {Code::kTooLarge, message};
    case PBAY_E_CANCELLED:
      return {Code::kCancelled, message};
    case PBAY_E_NOT_FOUND:
    case PBAY_E_TARGET_NOT_FOUND:
    case PBAY_E_CHAT_NOT_FOUND:
      return {Code::kNotFound, message};
    default:
      break;
  }
  // The class is in the hundreds, so that codes newer than this host are understood.
  if (code <= -100 && code > -200) {
    return {Code::kUnavailable, message};
  }
  if (code <= -200 && code > -400) {
    return {Code::kRefused, message};
  }
  if (code <= -400 && code > -500) {
    return {Code::kUnavailable, message};
  }
  return {Code::kInternal, message};
}

}  // namespace patchbay::adapters
