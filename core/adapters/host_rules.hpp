// Where an instance may connect: to the hosts of the adapter's sidecar, to those of the instance's
// configuration, and to the host of each URL that its settings hold.
//
// A rule is a host name or an address, or a pattern with '*' ("*.slack.com", "*"). What the
// operator names exactly is allowed wherever it leads. What the adapter's author names, and what
// only a pattern matches, is allowed to public addresses alone: neither an author nor strangers who
// choose a name may reach into the operator's network, whatever their name resolves to.
//
// A Unix socket is allowed only if the operator names its very path: "unix:/run/signald.sock".
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/status.hpp"

namespace patchbay::adapters {

enum class RuleOf {
  kAuthor,    // the sidecar, and the defaults in its schema
  kOperator,  // the instance's configuration
};

class HostRules {
 public:
  // "api.example.org", "*.example.org", "10.0.0.5", "[::1]", "unix:/path".
  void add(std::string_view rule, RuleOf whose);
  // The host of an http, https, ws, wss or tcp URL, or the path of a "unix:" one; anything else is
  // ignored.
  void add_url(std::string_view url, RuleOf whose);

  // address: numeric, or empty while it is not known. kRefused names host and remedy.
  [[nodiscard]] base::Status check(std::string_view host, std::string_view address) const;
  [[nodiscard]] base::Status check_socket(std::string_view path) const;

 private:
  void add_host(std::string_view host, RuleOf whose);

  std::vector<std::string> anywhere_;  // exact names of the operator
  std::vector<std::string> public_;    // names and patterns
  std::vector<std::string> sockets_;   // paths
};

}  // namespace patchbay::adapters
