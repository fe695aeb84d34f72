// What people are told of messages that no agent is given any more.
#pragma once

#include <optional>
#include <vector>

#include "delivery/delivery.hpp"
#include "session/types.hpp"
#include "store/records.hpp"

namespace patchbay::host {

// One notice for each chat in which somebody waits for an answer, which quotes a message of them
// where its id is known. `own` is the session's own chat, for rows that came from none; if it has
// none either, there is nobody to tell. Pure; the same rows give notices of the same ids.
[[nodiscard]] std::vector<delivery::Saying> given_up_notices(
    const session::SessionAddress& session, const std::vector<session::GivenUpRow>& rows,
    const std::optional<store::LaneKey>& own);

}  // namespace patchbay::host
