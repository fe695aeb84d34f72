// The reference that `patchbay config reference` prints, and that docs/configuration.md holds.
#pragma once

#include <string>

namespace patchbay::host {

// The table of keys as Markdown.
[[nodiscard]] std::string config_reference();

}  // namespace patchbay::host
