// "… is typing" in the chats whose agents work. Internal to this folder. [core thread]
#pragma once

#include <map>

#include "base/lifetime.hpp"
#include "delivery/core.hpp"

namespace patchbay::delivery {

class Typing {
 public:
  explicit Typing(Core& core) : core_(core) {}
  void set_working(const session::SessionAddress& session, bool working);

 private:
  void show(const session::SessionAddress& session);

  Core& core_;
  std::map<session::SessionAddress, store::LaneKey> working_;  // lane empty: not known yet
  base::Lifetime lifetime_;
};

}  // namespace patchbay::delivery
