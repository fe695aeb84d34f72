// `patchbay chat` for a person: line editing and history, with what comes shown above the line.
#pragma once

#include "console/client/chat_options.hpp"

namespace patchbay::console {

[[nodiscard]] int run_in_terminal(const ChatOptions& options);

}  // namespace patchbay::console
