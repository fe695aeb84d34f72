// How adapters bring events in, and how routing asks adapters for files. Implemented by
// core/routing (InboundPort) and core/adapters (FilePort).
#pragma once

#include <cstdint>
#include <string>

#include "base/status.hpp"
#include "base/unique_function.hpp"
#include "routing/inbound_event.hpp"

namespace patchbay::routing {

enum class SubmitOutcome : std::uint8_t {
  kStored,     // in the inbound.db of each agent that it engages
  kDuplicate,  // was disposed of before
  kIntake,     // kept in the central intake
  kRefused,    // by policy, recorded
  kBusy,       // nothing is durable: the platform must not be told
};

class InboundPort {
 public:
  virtual ~InboundPort() = default;
  // [core thread] `done` comes once, on the core thread, never inside this call, when the
  // disposition is durable. Events of one chat keep their order. The staged files of the event
  // belong to the port from now on, whatever the outcome.
  virtual void submit(InboundEvent event, base::UniqueFunction<void(SubmitOutcome)> done) = 0;
};

class FilePort {
 public:
  virtual ~FilePort() = default;
  // [core thread] Asks the instance to stream the file behind `reference` into the staging area.
  // `done` gets the name of the kept file (StagingArea::reopen()), in bounded time. kUnavailable,
  // kTimeout, kBusy and kIo are tried again.
  virtual void fetch(const base::InstanceName& instance, const std::string& reference,
                     base::UniqueFunction<void(base::Result<std::string>)> done) = 0;
  // [core thread] Whether the instance is in touch with its platform.
  [[nodiscard]] virtual bool is_connected(const base::InstanceName& instance) const = 0;
  // [core thread] Whether the instance is one of the configuration's and does not work as it should
  // just now: that a file could not be fetched says nothing about the file.
  [[nodiscard]] virtual bool is_paused(const base::InstanceName& instance) const = 0;
};

}  // namespace patchbay::routing
