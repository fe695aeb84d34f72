#include "net/request_body.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <sys/stat.h>
#include <unistd.h>

namespace patchbay::net {
namespace {

using base::Code;
using base::Result;
using base::Status;

std::uint64_t size_of(const HttpContent& content) {
  if (const auto* text = std::get_if<std::string>(&content)) {
    return text->size();
  }
  return static_cast<std::uint64_t>(std::get<FileContent>(content).size);
}

Status check_file(const FileContent& file) {
  struct stat facts{};
  if (file.fd < 0 || file.size < 0 || ::fstat(file.fd, &facts) != 0 || !S_ISREG(facts.st_mode)) {
    return {Code::kInvalidArgument, "a file of the request's body is not an open regular file"};
  }
  if (facts.st_size < file.size) {
    return {Code::kIo, "a file of the request's body is shorter than the " +
                           std::to_string(file.size) + " bytes declared"};
  }
  return {};
}

// As browsers write them (WHATWG HTML, multipart/form-data encoding).
std::string quoted(std::string_view text) {
  std::string result = "\"";
  for (const char c : text) {
    if (c == '"') {
      result += "%22";
    } else if (c == '\r') {
      result += "%0D";
    } else if (c == '\n') {
      result += "%0A";
    } else {
      result += c;
    }
  }
  return result + '"';
}

Result<std::string> part_header(const HttpPart& part, std::string_view boundary) {
  std::string header = "--";
  header += boundary;
  header += "\r\nContent-Disposition: form-data; name=" + quoted(part.name);
  if (!part.filename.empty()) {
    header += "; filename=" + quoted(part.filename);
  }
  if (!part.mime.empty()) {
    PATCHBAY_TRY(check_header({"Content-Type", part.mime}));
    header += "\r\nContent-Type: " + part.mime;
  }
  return header + "\r\n\r\n";
}

// Fewer bytes than `length` only with the error: the declared size is a promise to the receiver.
Status read_file(const FileContent& file, std::uint64_t offset, char* buffer, std::size_t length) {
  std::size_t done = 0;
  while (done < length) {
    const ssize_t got =
        ::pread(file.fd, buffer + done, length - done, static_cast<off_t>(offset + done));
    if (got < 0 && errno == EINTR) {
      continue;
    }
    if (got < 0) {
      return {Code::kIo,
              std::string("a file of the request's body cannot be read: ") + std::strerror(errno)};
    }
    if (got == 0) {
      return {Code::kIo, "a file of the request's body became shorter while it was sent"};
    }
    done += static_cast<std::size_t>(got);
  }
  return {};
}

}  // namespace

Result<RequestBody> RequestBody::make(Source source, std::string_view boundary) {
  RequestBody body;
  if (std::holds_alternative<std::monostate>(source)) {
    return body;
  }
  body.present_ = true;
  if (auto* text = std::get_if<std::string>(&source)) {
    PATCHBAY_TRY(body.append(std::move(*text)));
    return body;
  }
  if (const auto* file = std::get_if<FileContent>(&source)) {
    PATCHBAY_TRY(body.append(*file));
    return body;
  }
  for (HttpPart& part : std::get<std::vector<HttpPart>>(source)) {
    PATCHBAY_ASSIGN(std::string header, part_header(part, boundary));
    PATCHBAY_TRY(body.append(std::move(header)));
    PATCHBAY_TRY(body.append(std::move(part.content)));
    PATCHBAY_TRY(body.append(std::string("\r\n")));
  }
  PATCHBAY_TRY(body.append("--" + std::string(boundary) + "--\r\n"));
  body.content_type_ = "multipart/form-data; boundary=" + std::string(boundary);
  return body;
}

Status RequestBody::append(HttpContent content) {
  if (const auto* file = std::get_if<FileContent>(&content)) {
    PATCHBAY_TRY(check_file(*file));
  }
  size_ += size_of(content);
  pieces_.push_back(std::move(content));
  return {};
}

const std::string* RequestBody::in_memory() const {
  return pieces_.size() == 1 ? std::get_if<std::string>(&pieces_.front()) : nullptr;
}

Result<std::size_t> RequestBody::read(char* buffer, std::size_t capacity) {
  std::size_t filled = 0;
  while (filled < capacity && piece_ < pieces_.size()) {
    const HttpContent& content = pieces_[piece_];
    const std::uint64_t left = size_of(content) - offset_;
    if (left == 0) {
      ++piece_;
      offset_ = 0;
      continue;
    }
    const std::size_t length =
        static_cast<std::size_t>(std::min<std::uint64_t>(capacity - filled, left));
    if (const auto* text = std::get_if<std::string>(&content)) {
      std::memcpy(buffer + filled, text->data() + offset_, length);
    } else {
      PATCHBAY_TRY(read_file(std::get<FileContent>(content), offset_, buffer + filled, length));
    }
    offset_ += length;
    filled += length;
  }
  return filled;
}

bool RequestBody::seek(std::uint64_t position) {
  if (position > size_) {
    return false;
  }
  piece_ = 0;
  while (piece_ < pieces_.size() && position >= size_of(pieces_[piece_])) {
    position -= size_of(pieces_[piece_]);
    ++piece_;
  }
  offset_ = position;
  return true;
}

}  // namespace patchbay::net
