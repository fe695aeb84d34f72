// Where a configuration comes from, before anybody looks at what it says: a file, or the embedded
// defaults, with the command line's --set on top.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>

#include "base/status.hpp"
#include "host/config.hpp"

namespace patchbay::host {

struct ConfigSource {
  std::string name;      // the file, or "embedded defaults"
  std::string base_dir;  // what relative file names are relative to
  std::string text;
  bool private_file = false;  // only its owner can read it
};

// `file` empty: the embedded defaults. kNotFound when the file cannot be read.
[[nodiscard]] base::Result<ConfigSource> read_config_source(const std::string& file);

// The source as one JSON object, unchecked, with the values of --set.
[[nodiscard]] base::Result<nlohmann::ordered_json> parse_config(const ConfigSource& source,
                                                                const ConfigOverrides& overrides);

// `path` as the source means it, normalised.
[[nodiscard]] std::string absolute_path(const std::string& base_dir, const std::string& path);

}  // namespace patchbay::host
