// Words of commands that people are told to type.
#pragma once

#include <string>
#include <string_view>

namespace patchbay::host {

// `word` as it is typed in a shell: quoted where it has to be.
[[nodiscard]] std::string shell_word(std::string_view word);

}  // namespace patchbay::host
