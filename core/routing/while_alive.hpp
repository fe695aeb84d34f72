// Completions that may come when the one who waits for them is gone.
#pragma once

#include <memory>
#include <utility>

namespace patchbay::routing {

// [core thread] Calls `function` unless `owner` (destroyed on the same thread) is gone.
template <class Function>
auto while_alive(const std::shared_ptr<const char>& owner, Function function) {
  return [watched = std::weak_ptr<const char>(owner),
          function_ = std::move(function)](auto&&... arguments) mutable {
    if (!watched.expired()) {
      function_(std::forward<decltype(arguments)>(arguments)...);
    }
  };
}

}  // namespace patchbay::routing
