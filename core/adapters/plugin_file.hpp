// Files of adapters, read only where nobody but root and this user could have written them.
#pragma once

#include <cstddef>
#include <string>

#include "base/status.hpp"
#include "base/unique_fd.hpp"

namespace patchbay::adapters {

// [any thread] all of it.

// The path with symbolic links resolved. kRefused if the folder, or the folder that a link leads
// to, belongs to or can be written by somebody else; kNotFound if there is none. One line with the
// remedy.
[[nodiscard]] base::Result<std::string> trusted_folder(const std::string& path);

struct TrustedFile {
  std::string path;  // symbolic links resolved
  base::UniqueFd fd;
};
// The same for a regular file and the folder that it really lies in.
[[nodiscard]] base::Result<TrustedFile> open_trusted_file(const std::string& path);

// The whole file; kTooLarge over max_bytes.
[[nodiscard]] base::Result<std::string> read_all(int fd, std::size_t max_bytes);
// Of the whole file, 64 lower-case hexadecimal digits.
[[nodiscard]] base::Result<std::string> sha256_of(int fd);

}  // namespace patchbay::adapters
