// Deliveries and traces as the control socket tells them.
#pragma once

#include <nlohmann/json_fwd.hpp>

#include "host/trace.hpp"
#include "store/records.hpp"

namespace patchbay::host {

[[nodiscard]] nlohmann::json delivery_json(const store::DeliveryRecord& delivery);
// {"count","events":[…],"deliveries":[…]}; each has, beside its facts, "steps": its way in words.
[[nodiscard]] nlohmann::json trace_json(const Trace& trace);

}  // namespace patchbay::host
