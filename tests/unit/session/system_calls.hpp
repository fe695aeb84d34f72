// Counts what SQLite and the session folder ask of the kernel: this executable has fsync,
// fdatasync, pread64 and nanosleep of its own, which are found before the C library's. The first
// two do not sync: no test here cuts the power.
#pragma once

#include <cstdint>
#include <functional>

namespace patchbay::session {

[[nodiscard]] std::uint64_t folder_syncs();
[[nodiscard]] std::uint64_t file_syncs();
[[nodiscard]] std::uint64_t pages_read();
// Each is one look at a lock that somebody else holds.
[[nodiscard]] std::uint64_t naps();
// Runs `task` in the thread that takes the nap after which naps() is `nap`. Set it while nobody
// naps.
void at_nap(std::uint64_t nap, std::function<void()> task);

}  // namespace patchbay::session
