#include "routing/seldom_told.hpp"

namespace patchbay::routing {

SeldomTold::Say SeldomTold::about(const std::string& what, base::MonotonicTime now) {
  if (const auto told = told_.find(what); told != told_.end()) {
    if (now - told->second < kQuiet) {
      return Say::kNothing;
    }
    told_.erase(told);
  }
  if (has_room(now)) {
    told_.emplace(what, now);
    return Say::kThis;
  }
  if (told_of_more_ && now - *told_of_more_ < kQuiet) {
    return Say::kNothing;
  }
  told_of_more_ = now;
  return Say::kThatThereAreMore;
}

bool SeldomTold::has_room(base::MonotonicTime now) {
  if (told_.size() >= kNamed) {
    std::erase_if(told_, [now](const auto& told) { return now - told.second >= kQuiet; });
  }
  return told_.size() < kNamed;
}

}  // namespace patchbay::routing
