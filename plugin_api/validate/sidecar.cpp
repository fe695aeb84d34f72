#include "sidecar.hpp"

#include <algorithm>
#include <array>
#include <memory>
#include <openssl/evp.h>
#include <optional>
#include <string_view>

#include "../testkit/address.hpp"
#include "../testkit/private_host.hpp"
#include "file_text.hpp"
#include "patchbay/adapter.h"
#include "patchbay/sdk/group_key.hpp"
#include "schema.hpp"

namespace patchbay::validate {
namespace {

using nlohmann::json;

constexpr const char* kBuildAgain = ": build the adapter again with patchbay_add_adapter()";
std::string sha256_of(const std::string& bytes) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned size = 0;
  if (::EVP_Digest(bytes.data(), bytes.size(), digest.data(), &size, ::EVP_sha256(), nullptr) !=
      1) {
    return {};
  }
  std::string out;
  for (unsigned i = 0; i < size; ++i) {
    constexpr const char* kDigits = "0123456789abcdef";
    out += kDigits[digest[i] >> 4U];
    out += kDigits[digest[i] & 15U];
  }
  return out;
}

void check_abi(const json& content, std::vector<std::string>& out) {
  const json abi = content.value("abi", json());
  const json expected = {
      {"major", PBAY_ABI_MAJOR}, {"minor", PBAY_ABI_MINOR}, {"draft", PBAY_ABI_DRAFT}};
  if (!abi.is_object() || abi.value("major", json()) != expected["major"] ||
      abi.value("draft", json()) != expected["draft"] ||
      !abi.value("minor", json()).is_number_unsigned()) {
    out.push_back("'abi' is " + abi.dump() + ", this host's is " + expected.dump() +
                  ": build the adapter against its headers");
  }
}

void check_hosts(const json& content, Sidecar& out) {
  for (const json& item : content.value("allowed_hosts", json::array())) {
    if (!item.is_string()) {
      continue;
    }
    const auto host = item.get<std::string>();
    if (!testkit::is_host_pattern(host)) {
      const auto address = testkit::address_of(host);
      out.problems.push_back("'allowed_hosts' holds " + item.dump() + ", which is no host's name" +
                             (address ? ": write \"" + address->host + '"'
                                      : ", nor a pattern such as \"*.example.org\""));
    } else if (testkit::is_private_host(host)) {
      out.notes.push_back("'allowed_hosts' holds " + item.dump() +
                          ", a private address: no host lets a sidecar open it, only the operator "
                          "can, by the instance's allowed_hosts or a setting of format \"uri\"");
    }
  }
}

// Whether a host that is led there by the author, and not by the operator, refuses.
bool is_for_the_operator(const std::string& url) {
  const auto address = testkit::address_of(url);
  return testkit::is_unix_endpoint(url) || (address && testkit::is_private_host(address->host));
}

// Defaults of the properties of format "uri": a host takes them for the author's.
void check_default_urls(const json& schema, const std::string& path, Sidecar& out) {
  const json properties = schema.is_object() ? schema.value("properties", json()) : json();
  for (const auto& [name, property] : properties.items()) {
    const std::string where = path + name;
    const json given = property.is_object() ? property.value("default", json()) : json();
    if (given.is_string() && property.value("format", json()) == "uri" &&
        is_for_the_operator(given.get<std::string>())) {
      out.notes.push_back("setting '" + where + "' is " + given.dump() +
                          " by default, which is private: no host lets an adapter connect there "
                          "until the operator writes it into the instance's settings");
    }
    check_default_urls(property, where + '.', out);
  }
}

// The values of the properties of format "uri".
void collect_urls(const json& schema, const json& settings, std::vector<std::string>& out) {
  const json properties = schema.is_object() ? schema.value("properties", json()) : json();
  for (const auto& [name, property] : properties.items()) {
    const auto value = settings.find(name);
    if (value == settings.end() || !property.is_object()) {
      continue;
    }
    if (value->is_string() && property.value("format", json()) == "uri") {
      out.push_back(value->get<std::string>());
    } else if (value->is_object()) {
      collect_urls(property, *value, out);
    }
  }
}

void check(const std::string& library, Sidecar& out) {
  const json& content = out.content;
  if (content.value("format", json()) != 1) {
    out.problems.push_back(std::string("'format' is not 1") + kBuildAgain);
  }
  if (!sdk::is_instance_name(out.text("id"))) {
    out.problems.emplace_back("'id' is not a channel's name ([a-z0-9][a-z0-9-]{0,31})");
  }
  for (const char* key : {"version", "licence"}) {
    if (out.text(key).empty()) {
      out.problems.push_back(std::string("'") + key + "' is missing" + kBuildAgain);
    }
  }
  check_abi(content, out.problems);
  std::string hash = out.text("sha256");
  std::transform(hash.begin(), hash.end(), hash.begin(), [](char c) {
    return c >= 'A' && c <= 'F' ? static_cast<char>(c - 'A' + 'a') : c;
  });
  if (hash != sha256_of(read_file(library).value_or(""))) {
    out.problems.push_back(std::string("'sha256' is not that of the library") + kBuildAgain);
  }
  for (const char* key : {"abilities", "allowed_hosts"}) {
    const json list = content.value(key, json::array());
    if (!list.is_array() ||
        !std::all_of(list.begin(), list.end(), [](const json& item) { return item.is_string(); })) {
      out.problems.push_back(std::string("'") + key + "' is no list of texts");
    }
  }
  check_hosts(content, out);
  if (content.contains("settings")) {
    check_schema(content.at("settings"), out.problems);
    check_default_urls(content.at("settings"), "", out);
  }
}

}  // namespace

std::string Sidecar::text(const char* key) const {
  const auto found = content.find(key);
  return found != content.end() && found->is_string() ? found->get<std::string>() : "";
}

std::vector<std::string> Sidecar::texts(const char* key) const {
  std::vector<std::string> out;
  for (const json& item : content.value(key, json::array())) {
    if (item.is_string()) {
      out.push_back(item.get<std::string>());
    }
  }
  return out;
}

json Sidecar::properties() const {
  const json settings = content.value("settings", json::object());
  json out = settings.is_object() ? settings.value("properties", json::object()) : json::object();
  return out.is_object() ? out : json::object();
}

std::vector<std::string> Sidecar::required() const {
  std::vector<std::string> out;
  const json settings = content.value("settings", json::object());
  const json names =
      settings.is_object() ? settings.value("required", json::array()) : json::array();
  for (const json& name : names) {
    if (name.is_string()) {
      out.push_back(name.get<std::string>());
    }
  }
  return out;
}

Sidecar read_sidecar(const std::string& library) {
  Sidecar out;
  out.content = json::object();
  const std::string suffix = ".so";
  if (!library.ends_with(suffix)) {
    out.problems.emplace_back("the library's name does not end in .so, so no host looks at it");
    return out;
  }
  const std::string path = library.substr(0, library.size() - suffix.size()) + ".adapter.json";
  const auto text = read_file(path);
  if (!text) {
    out.problems.push_back(path + " is missing" + kBuildAgain);
    return out;
  }
  json content = json::parse(*text, nullptr, false);
  if (!content.is_object()) {
    out.problems.push_back(path + " is no JSON object" + kBuildAgain);
    return out;
  }
  out.content = std::move(content);
  check(library, out);
  return out;
}

json with_defaults(const Sidecar& sidecar, json settings) {
  if (!settings.is_object()) {
    return settings;
  }
  const json properties = sidecar.properties();
  for (const auto& [name, property] : properties.items()) {
    if (property.is_object() && property.contains("default") && !settings.contains(name)) {
      settings[name] = property.at("default");
    }
  }
  settings.emplace("instance", "validated");
  return settings;
}

std::vector<std::string> allowed_hosts_of(const Sidecar& sidecar, const json& settings) {
  std::vector<std::string> out;
  for (const std::string& host : sidecar.texts("allowed_hosts")) {
    out.push_back(testkit::canonical_host(host));
  }
  std::vector<std::string> urls;
  if (settings.is_object()) {
    collect_urls(sidecar.content.value("settings", json()), settings, urls);
  }
  for (const std::string& url : urls) {
    if (const auto address = testkit::address_of(url)) {
      out.push_back(address->host);
    }
  }
  return out;
}

std::vector<std::string> secrets_of(const Sidecar& sidecar, const json& settings) {
  std::vector<std::string> out;
  const json properties = sidecar.properties();
  for (const auto& [name, property] : properties.items()) {
    const auto value = settings.find(name);
    if (property.is_object() && property.value("secret", json()) == true &&
        value != settings.end() && value->is_string()) {
      out.push_back(value->get<std::string>());
    }
  }
  return out;
}

}  // namespace patchbay::validate
