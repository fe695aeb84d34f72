#include "adapters/host_rules.hpp"

#include <algorithm>

#include "base/text.hpp"
#include "net/http_message.hpp"

namespace patchbay::adapters {

using base::Code;
using base::Status;

void HostRules::add(std::string_view rule) {
  std::string host = base::to_lower(base::trim(rule));
  auto& list = host.find('*') == std::string::npos ? exact_ : patterns_;
  list.push_back(std::move(host));
}

void HostRules::add_url(std::string_view url) {
  if (auto origin = net::parse_origin(url); origin.ok()) {
    exact_.push_back(origin->host);
  }
}

Status HostRules::check(std::string_view host, std::string_view address) const {
  if (std::find(exact_.begin(), exact_.end(), host) != exact_.end()) {
    return {};
  }
  const bool matches = std::any_of(patterns_.begin(), patterns_.end(), [host](const auto& pattern) {
    return base::glob_matches(pattern, host);
  });
  const std::string remedy = "; to allow it add it to the instance's allowed_hosts";
  if (!matches) {
    return {Code::kRefused,
            "host " + std::string(host) + " is not one of this instance's" + remedy};
  }
  if (!address.empty() && net::is_private_address(address)) {
    return {Code::kRefused, "host " + std::string(host) +
                                " leads to a private address, which a pattern does not allow" +
                                remedy + " by its name"};
  }
  return {};
}

}  // namespace patchbay::adapters
