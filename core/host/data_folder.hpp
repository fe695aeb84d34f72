// The layout of the data folder.
#pragma once

#include <string>

#include "base/status.hpp"

namespace patchbay::host {

struct DataFolder {
  std::string root;
  [[nodiscard]] std::string database() const { return root + "/patchbay.db"; }
  [[nodiscard]] std::string sessions() const { return root + "/sessions"; }
  [[nodiscard]] std::string staging() const { return root + "/staging"; }
  [[nodiscard]] std::string spool() const { return root + "/spool"; }
  [[nodiscard]] std::string run() const { return root + "/run"; }
  [[nodiscard]] std::string agent_records() const { return root + "/run/agents"; }
  [[nodiscard]] std::string logs() const { return root + "/logs"; }

  // Makes it and its folders, closed to others.
  [[nodiscard]] base::Status create() const;
};

}  // namespace patchbay::host
