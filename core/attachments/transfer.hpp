// Moving bytes between open files. Internal to this folder.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/status.hpp"

namespace patchbay::attachments {

inline constexpr std::size_t kChunkBytes = 64 * 1024;  // held in memory at one time

// All of `bytes` at the descriptor's position.
[[nodiscard]] base::Status write_all(int fd, std::string_view bytes);

// The first `size` bytes of `source` become the content of the empty file `target`: shared blocks
// where the filesystem can (FICLONE), else copied inside the kernel, else through memory.
// kCorrupt: the source is shorter than that.
[[nodiscard]] base::Status clone_or_copy(int source, int target, std::uint64_t size);

}  // namespace patchbay::attachments
