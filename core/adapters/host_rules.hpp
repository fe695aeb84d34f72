// Which hosts an instance may contact: those of the adapter's sidecar, those of the instance's
// configuration, and the host of each URL that its settings hold.
//
// A rule is a host name or an address, in lower case, which is allowed wherever it leads, or a
// pattern with '*' ("*.slack.com", "*"), which is allowed to public addresses only: a name that
// strangers choose must not lead into the operator's network.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/status.hpp"

namespace patchbay::adapters {

class HostRules {
 public:
  void add(std::string_view rule);
  // The host of an http or https URL; anything else is ignored.
  void add_url(std::string_view url);

  // address: numeric, or empty while it is not known. kRefused names host and remedy.
  [[nodiscard]] base::Status check(std::string_view host, std::string_view address) const;

 private:
  std::vector<std::string> exact_;
  std::vector<std::string> patterns_;
};

}  // namespace patchbay::adapters
