// `patchbay chat` for a program: a line is a message, answers go to standard output.
#pragma once

#include "console/client/chat_options.hpp"

namespace patchbay::console {

[[nodiscard]] int run_in_pipe(const ChatOptions& options);

}  // namespace patchbay::console
