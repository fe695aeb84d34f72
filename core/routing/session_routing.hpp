// What an agent is told, before each wake, about where it may write.
#pragma once

#include "base/status.hpp"
#include "session/types.hpp"

namespace patchbay::store {
struct Repositories;
}

namespace patchbay::routing {

// [the database's thread] The session's default address and the destinations of its agent, its own
// chat always among them; a chat that is not known any more is left out. kNotFound: no such
// session.
[[nodiscard]] base::Result<session::SetRouting> routing_for(store::Repositories& repositories,
                                                            const session::SessionAddress& session);

}  // namespace patchbay::routing
