// "… is typing" in the chats whose agents work. Internal to this folder. [core thread]
#pragma once

#include <map>

#include "base/lifetime.hpp"
#include "base/timer.hpp"
#include "delivery/core.hpp"

namespace patchbay::delivery {

class Typing {
 public:
  explicit Typing(Core& core) : core_(core) {}
  void set_working(const session::SessionAddress& session, bool working);

 private:
  struct Shown {
    explicit Shown(base::Loop& loop) : again(loop) {}
    store::LaneKey lane;  // empty: not known yet
    base::Timer again;    // goes with the entry: the next turn begins one of its own
  };

  void show(const session::SessionAddress& session);

  Core& core_;
  std::map<session::SessionAddress, Shown> working_;
  base::Lifetime lifetime_;
};

}  // namespace patchbay::delivery
