// The .adapter.json beside a library, as far as a host reads it.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

namespace patchbay::validate {

struct Sidecar {
  nlohmann::json content;             // an empty object when there is none
  std::vector<std::string> problems;  // in words, each with what to do
  std::vector<std::string> notes;     // what is taken, and is not what its author may think

  // Text of a member; empty when it is missing.
  [[nodiscard]] std::string text(const char* key) const;
  [[nodiscard]] std::vector<std::string> texts(const char* key) const;
  // The properties of the settings that are described; an empty object when none are.
  [[nodiscard]] nlohmann::json properties() const;
  [[nodiscard]] std::vector<std::string> required() const;
};

[[nodiscard]] Sidecar read_sidecar(const std::string& library);

// Settings with the schema's defaults and the instance's name filled in, as a host gives them.
[[nodiscard]] nlohmann::json with_defaults(const Sidecar& sidecar, nlohmann::json settings);

// Where a host lets an instance with these settings connect: the sidecar's allowed_hosts, and the
// hosts of the settings of format "uri", in lower case.
[[nodiscard]] std::vector<std::string> allowed_hosts_of(const Sidecar& sidecar,
                                                        const nlohmann::json& settings);

// The values of properties that are marked "secret".
[[nodiscard]] std::vector<std::string> secrets_of(const Sidecar& sidecar,
                                                  const nlohmann::json& settings);

}  // namespace patchbay::validate
