// The bytes of a request's body, from memory and from files, as libcurl asks for them. Internal.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.hpp"
#include "net/http_client.hpp"

namespace patchbay::net {

class RequestBody {
 public:
  using Source = decltype(HttpRequest::body);

  RequestBody() = default;
  // `boundary` separates the parts of a multipart body and must not occur in them.
  // kInvalidArgument: a part's header cannot be written; kIo: a file is shorter than declared.
  [[nodiscard]] static base::Result<RequestBody> make(Source source, std::string_view boundary);

  [[nodiscard]] bool present() const { return present_; }
  [[nodiscard]] std::uint64_t size() const { return size_; }
  // Empty unless the body is multipart.
  [[nodiscard]] const std::string& content_type() const { return content_type_; }
  // The whole body if it lies in memory in one piece, else null.
  [[nodiscard]] const std::string* in_memory() const;

  // Fills `buffer` from the current position; 0 at the end. kIo: a file failed or became shorter.
  [[nodiscard]] base::Result<std::size_t> read(char* buffer, std::size_t capacity);
  // False beyond the end.
  bool seek(std::uint64_t position);

 private:
  [[nodiscard]] base::Status append(HttpContent content);

  std::vector<HttpContent> pieces_;
  std::string content_type_;
  std::uint64_t size_ = 0;
  bool present_ = false;
  std::size_t piece_ = 0;     // being read
  std::uint64_t offset_ = 0;  // in it
};

}  // namespace patchbay::net
