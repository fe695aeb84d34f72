#include "adapters/host_rules.hpp"

#include <algorithm>

#include "base/text.hpp"
#include "net/endpoint.hpp"
#include "net/http_message.hpp"

namespace patchbay::adapters {
namespace {

using base::Code;
using base::Status;

constexpr std::string_view kUnix = "unix:";

// Names that lead to this machine, or to that of a proxy, whatever a resolver says (RFC 6761).
bool is_this_machine(std::string_view name) {
  if (name.ends_with('.')) {
    name.remove_suffix(1);
  }
  return name == "localhost" || name.ends_with(".localhost");
}

// A private address in place of a name needs no resolver to be known.
bool is_private(std::string_view host, std::string_view address) {
  if (!address.empty()) {
    return net::is_private_address(address);
  }
  return net::is_numeric_host(host) ? net::is_private_address(host) : is_this_machine(host);
}

bool contains(const std::vector<std::string>& list, std::string_view wanted) {
  return std::find(list.begin(), list.end(), wanted) != list.end();
}

}  // namespace

void HostRules::add(std::string_view rule, RuleOf whose) {
  rule = base::trim(rule);
  if (rule.starts_with(kUnix)) {
    add_url(rule, whose);
  } else {
    add_host(rule, whose);
  }
}

void HostRules::add_url(std::string_view url, RuleOf whose) {
  if (const auto endpoint = net::parse_stream_endpoint(url); endpoint.ok()) {
    if (!endpoint->is_unix()) {
      add_host(endpoint->host, whose);
    } else if (whose == RuleOf::kOperator) {
      sockets_.push_back(endpoint->path);
    }
  } else if (const auto socket = net::parse_websocket_url(url); socket.ok()) {
    add_host(socket->origin.host, whose);
  } else if (const auto origin = net::parse_origin(url); origin.ok()) {
    add_host(origin->host, whose);
  }
}

void HostRules::add_host(std::string_view host, RuleOf whose) {
  std::string canonical = net::canonical_host(host);
  const bool exact = canonical.find('*') == std::string::npos;
  auto& list = exact && whose == RuleOf::kOperator ? anywhere_ : public_;
  list.push_back(std::move(canonical));
}

Status HostRules::check(std::string_view host, std::string_view address) const {
  const std::string wanted = net::canonical_host(host);
  if (contains(anywhere_, wanted)) {
    return {};
  }
  const bool matches = std::any_of(public_.begin(), public_.end(), [&wanted](const auto& pattern) {
    return base::glob_matches(pattern, wanted);
  });
  if (!matches) {
    return {Code::kRefused, "host " + wanted +
                                " is not one of this instance's; to allow it add it to the "
                                "instance's allowed_hosts"};
  }
  if (is_private(wanted, address)) {
    return {Code::kRefused,
            "host " + wanted + " leads to a private address" +
                (address.empty() ? std::string() : " (" + std::string(address) + ")") +
                ", where only the configuration may send an adapter; to allow it add "
                "its name, without a pattern, to the instance's allowed_hosts"};
  }
  return {};
}

Status HostRules::check_socket(std::string_view path) const {
  if (contains(sockets_, path)) {
    return {};
  }
  return {Code::kRefused, "the socket " + std::string(path) +
                              " is not one of this instance's; to allow it add \"unix:" +
                              std::string(path) + "\" to the instance's allowed_hosts"};
}

}  // namespace patchbay::adapters
