// A file on its way in: written beside its final name, which it gets when it is whole.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace patchbay::console {

class ReceivedFile {
 public:
  // name: from the host; only its last component counts. Nothing, and errno: the folder cannot be
  // written.
  [[nodiscard]] static std::optional<ReceivedFile> create(const std::string& folder,
                                                          const std::string& name);
  ReceivedFile(ReceivedFile&& other) noexcept;
  ReceivedFile& operator=(ReceivedFile&&) = delete;
  ~ReceivedFile();  // what was not finished is removed

  // These are false with errno set.
  [[nodiscard]] bool write(std::string_view bytes);
  // It stands under path() then; an existing file is never replaced ("name-2.ext").
  [[nodiscard]] bool finish();
  void undo();                                                     // what finish() did
  [[nodiscard]] const std::string& path() const { return path_; }  // empty before
  [[nodiscard]] std::uint64_t size() const { return size_; }

 private:
  ReceivedFile(int fd, std::string folder, std::string name, std::string temporary);

  int fd_;
  std::string folder_;
  std::string name_;
  std::string temporary_;
  std::string path_;
  std::uint64_t size_ = 0;
};

}  // namespace patchbay::console
