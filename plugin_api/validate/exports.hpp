// The symbols that a library exports, read from its file: nothing of it runs.
#pragma once

#include <string>
#include <variant>
#include <vector>

namespace patchbay::validate {

// The problem in words, when the file is no 64-bit ELF library.
[[nodiscard]] std::variant<std::vector<std::string>, std::string> exports_of(
    const std::string& path);

}  // namespace patchbay::validate
