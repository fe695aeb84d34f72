// Completions that outlive who asked for them do nothing. One thread only.
#pragma once

#include <memory>
#include <utility>

namespace patchbay::base {

// A member of what the callbacks capture. Its last reference goes with the owner.
class Lifetime {
 public:
  // `function`, that becomes a no-op when this object is gone.
  template <class F>
  [[nodiscard]] auto guard(F function) const {
    return [alive = std::weak_ptr<char>(token_),
            function = std::move(function)](auto&&... arguments) mutable {
      if (!alive.expired()) {
        function(std::forward<decltype(arguments)>(arguments)...);
      }
    };
  }

 private:
  std::shared_ptr<char> token_ = std::make_shared<char>();
};

}  // namespace patchbay::base
