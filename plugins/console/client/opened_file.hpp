// A file to be sent, held open: what is read is one file, whatever happens to its name meanwhile.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

namespace patchbay::console {

class OpenedFile {
 public:
  OpenedFile() = default;
  ~OpenedFile() { close(); }
  OpenedFile(const OpenedFile&) = delete;
  OpenedFile& operator=(const OpenedFile&) = delete;

  // Empty, or why it cannot be read.
  [[nodiscard]] std::string open(const std::string& path);
  void close();
  [[nodiscard]] std::uint64_t size() const { return size_; }  // when it was opened
  // At most `most` bytes, none of what was added to it later; fewer or none when it has become
  // shorter or cannot be read.
  [[nodiscard]] std::string read(std::uint64_t offset, std::size_t most) const;

 private:
  int fd_ = -1;
  std::uint64_t size_ = 0;
};

}  // namespace patchbay::console
