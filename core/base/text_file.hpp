// Reads small files as a whole.
#pragma once

#include <string>

#include "base/status.hpp"

namespace patchbay::base {

// The content of `path`, whatever its size says (files in /proc say 0). A failure names the path;
// a folder and a file that goes away while it is read are failures, where std::ifstream throws; so
// is a file without end.
// Blocks; for any thread.
[[nodiscard]] Result<std::string> read_text_file(const std::string& path);

}  // namespace patchbay::base
