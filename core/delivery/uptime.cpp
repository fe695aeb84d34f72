#include "delivery/uptime.hpp"

#include "base/log.hpp"

namespace patchbay::delivery {
namespace {

// As exactly the age of a delivery is known after a stop.
constexpr base::Milliseconds kNoteEvery{300'000};

void log_not_noted(const base::Status& status) {
  if (!status.ok()) {
    base::log_warning("delivery.uptime_not_stored",
                      {{"reason", status.message()},
                       {"remedy",
                        "check the disk of the data folder; until then messages that "
                        "wait grow old while the host is off, too"}});
  }
}

}  // namespace

void Uptime::start() {
  core_.deps.database.transact(
      [now = core_.deps.loop.wall_now()](store::Repositories& repositories) {
        return repositories.uptime.begin(now);
      },
      log_not_noted);
  note_now_and_then();
}

void Uptime::note_now_and_then() {
  core_.deps.loop.run_after(kNoteEvery, lifetime_.guard([this] {
    core_.deps.database.transact(
        [now = core_.deps.loop.wall_now()](store::Repositories& repositories) {
          return repositories.uptime.seen(now);
        },
        log_not_noted);
    note_now_and_then();
  }));
}

}  // namespace patchbay::delivery
