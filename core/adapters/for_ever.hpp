// Keeps what must never be freed: loaded libraries, and what an instance that did not stop may
// still touch from a thread that nobody can end.
#pragma once

#include <memory>

namespace patchbay::adapters {

// [any thread] Shared, since its former owners may go on using it until they end.
void keep_for_ever(std::shared_ptr<const void> thing);

}  // namespace patchbay::adapters
