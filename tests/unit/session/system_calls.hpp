// Counts what SQLite asks of the kernel: this executable has fsync, fdatasync and pread64 of its
// own, which libsqlite3 finds before the C library's. They do not sync: no test here cuts the
// power.
#pragma once

#include <cstdint>

namespace patchbay::session {

[[nodiscard]] std::uint64_t folder_syncs();
[[nodiscard]] std::uint64_t file_syncs();
[[nodiscard]] std::uint64_t pages_read();

}  // namespace patchbay::session
