// What the platform says and what is said to it, as values: no I/O, so that every shape is a test.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <patchbay/sdk/adapter.hpp>

namespace mychannel {

// The events of one update; none is fine. Nothing: it is malformed.
std::optional<std::vector<patchbay::sdk::Event>> events_of(std::string_view update);

// The body of POST /messages.
std::string message_json(const std::string& chat, const std::string& text);

// The id that the platform gave to what was posted, or `otherwise`.
std::string id_of(std::string_view answer, std::string otherwise);

}  // namespace mychannel
