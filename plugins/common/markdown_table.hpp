// A table as lined-up text.
#pragma once

#include <string>
#include <vector>

namespace patchbay::common {

using TableRow = std::vector<std::string>;

// Columns padded to one width, a rule of dashes under the first row. No newline at the end.
[[nodiscard]] std::string layout_table(const std::vector<TableRow>& rows);

}  // namespace patchbay::common
