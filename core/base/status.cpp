#include "base/status.hpp"

#include <cerrno>
#include <system_error>

namespace patchbay::base {
namespace {

Code code_of_errno(int error_number) {
  switch (error_number) {
    case ENOENT:
      return Code::kNotFound;
    case EEXIST:
      return Code::kAlreadyExists;
    case EACCES:
    case EPERM:
    case ELOOP:
    case EXDEV:  // openat2: the path leaves the folder
      return Code::kRefused;
    case EAGAIN:
    case EBUSY:
      return Code::kBusy;
    case ETIMEDOUT:
      return Code::kTimeout;
    case EFBIG:
      return Code::kTooLarge;
    default:
      return Code::kIo;
  }
}

}  // namespace

std::string_view to_string(Code code) {
  switch (code) {
    case Code::kOk:
      return "ok";
    case Code::kInvalidArgument:
      return "invalid_argument";
    case Code::kNotFound:
      return "not_found";
    case Code::kAlreadyExists:
      return "already_exists";
    case Code::kRefused:
      return "refused";
    case Code::kTooLarge:
      return "too_large";
    case Code::kBusy:
      return "busy";
    case Code::kUnavailable:
      return "unavailable";
    case Code::kTimeout:
      return "timeout";
    case Code::kCancelled:
      return "cancelled";
    case Code::kCorrupt:
      return "corrupt";
    case Code::kIo:
      return "io";
    case Code::kInternal:
      return "internal";
  }
  return "internal";
}

Status Status::from_errno(int error_number, std::string_view what) {
  std::string message(what);
  message += ": ";
  message += std::generic_category().message(error_number);
  return {code_of_errno(error_number), std::move(message)};
}

Status Status::with_context(std::string_view context) const {
  std::string message(context);
  message += ": ";
  message += message_;
  return {code_, std::move(message)};
}

}  // namespace patchbay::base
