// The reference that `patchbay config reference` prints, and that docs/configuration.md holds.
#pragma once

#include <string>

namespace patchbay::host {

// The table of keys as Markdown.
[[nodiscard]] std::string config_reference();
// The same as a JSON array, one object a key: key, type, required, default, minimum, maximum,
// choices, description; what does not apply is left out.
[[nodiscard]] std::string config_reference_json();

}  // namespace patchbay::host
