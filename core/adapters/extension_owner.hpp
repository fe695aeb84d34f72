// What the extensions of an instance need from it. [core thread]
#pragma once

#include <cstddef>
#include <memory>
#include <string_view>
#include <utility>

#include <patchbay/adapter.h>

#include "adapters/adapters.hpp"
#include "adapters/bridge.hpp"
#include "adapters/completion.hpp"
#include "base/unique_function.hpp"

namespace patchbay::adapters {

// Bytes of one connection that an adapter was given and has not taken: more, and it is not read.
inline constexpr std::size_t kUntakenBytes = 256 * 1024;
// What an event counts besides its own: the calls that wait for an adapter are limited, too, so
// that many small ones are no way around the cap.
inline constexpr std::size_t kUntakenEventBytes = 8 * 1024;

class ExtensionOwner {
 public:
  virtual ~ExtensionOwner() = default;

  // The adapter asks for something under `op`. False: it may not (0, under way already, too many),
  // which has been dealt with.
  [[nodiscard]] bool begin(pbay_op op, const char* what) {
    const base::Status begun = try_begin(op, what);
    if (begun.code() == base::Code::kBusy) {
      turn_away(op, completion_of(begun), nullptr);
    }
    return begun.ok();
  }
  // on_complete() of what is refused whether there is room for it or not.
  void refuse(pbay_op op, const char* what, Completion why) {
    const base::Status begun = try_begin(op, what);
    if (begun.ok()) {
      complete(op, std::move(why));
    } else if (begun.code() == base::Code::kBusy) {
      turn_away(op, std::move(why), nullptr);
    }
  }
  // As begin(), for who has more to say when too much is under way: kBusy is for the caller to pass
  // on by turn_away(). What else is not ok has been dealt with, and nothing comes of it.
  [[nodiscard]] virtual base::Status try_begin(pbay_op op, const char* what) = 0;
  // on_complete() of what has not begun; `taken`: see complete_then().
  virtual void turn_away(pbay_op op, Completion why, base::UniqueFunction<void()> taken) = 0;
  // Ends the operation: on_complete() once.
  virtual void complete(pbay_op op, Completion completion) = 0;
  // The same; `taken` comes on the core thread when on_complete() begins: after everything that the
  // adapter asked for before, and before what it asks for from inside it.
  virtual void complete_then(pbay_op op, Completion completion,
                             base::UniqueFunction<void()> taken) = 0;
  // on_complete() of an operation that lives on: events come under it until end().
  virtual void complete_open(pbay_op op, Completion completion) = 0;
  // on_event(); `taken` comes on the core thread when the adapter has returned from it.
  virtual void emit(pbay_op op, std::unique_ptr<Detail> detail,
                    base::UniqueFunction<void()> taken) = 0;
  // An open operation is over; its id may be used again.
  virtual void end(pbay_op op) = 0;
  // The adapter wanted to connect where it may not.
  virtual void host_refused(const base::Status& why) = 0;
  // The adapter broke a rule of adapter.h.
  virtual void violation(std::string_view what) = 0;

  [[nodiscard]] virtual Bridge& bridge() = 0;
  [[nodiscard]] virtual const AdapterHostServices& services() const = 0;
};

}  // namespace patchbay::adapters
