// Both databases of a session folder, opened by the contract's rules. Internal to this folder.
#pragma once

#include <SQLiteCpp/Database.h>
#include <SQLiteCpp/Exception.h>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "agent_kit/agent_session.hpp"
#include "base/status.hpp"

namespace patchbay::agent_kit {

// "<what>: <SQLite's message>"; kBusy and kUnavailable where a later attempt can succeed.
[[nodiscard]] base::Status status_of(const SQLite::Exception& error, std::string_view what);

// Runs `function`, which returns a Status or a Result; SQLite's exceptions end here.
template <class Function>
auto guarded(std::string_view what, Function&& function) -> decltype(function()) {
  try {
    return function();
  } catch (const SQLite::Exception& error) {
    return status_of(error, what);
  }
}

// Functions throw SQLite::Exception.
class AgentSession::Databases {
 public:
  // In the folder, which has both; the tables of outbound.db are brought up to date.
  explicit Databases(const std::string& folder);
  // In memory, with all tables.
  Databases();

  SQLite::Database& outbound() { return outbound_; }
  // What inbound.db holds at this moment, for as long as `function` runs.
  template <class Function>
  auto with_inbound(Function&& function) {
    if (inbound_.has_value()) {
      return function(*inbound_);
    }
    SQLite::Database inbound = open_inbound();
    return function(inbound);
  }
  [[nodiscard]] bool in_memory() const { return inbound_.has_value(); }

 private:
  [[nodiscard]] SQLite::Database open_inbound() const;

  std::string inbound_path_;
  std::optional<SQLite::Database> inbound_;  // in memory only
  SQLite::Database outbound_;
};

}  // namespace patchbay::agent_kit
