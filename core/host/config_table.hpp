// Every configuration key, once: this table validates a file, fills in defaults, and is the
// reference that `patchbay config reference` prints.
#pragma once

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace patchbay::host {

enum class KeyType : std::uint8_t {
  kObject,  // holds further keys
  kList,    // of objects; the keys of an element stand under "<path>[]"
  kString,
  kPath,  // relative ones are relative to the data folder
  kBoolean,
  kInteger,     // minimum to maximum
  kDuration,    // "250ms", "10s", "5m", "24h", "7d"; minimum to maximum in milliseconds
  kSize,        // "512KiB", "100MiB", "2GiB", or bytes as a number; minimum to maximum in bytes
  kChoice,      // one of `choices`, separated by '|'
  kStringList,  // one string is a list of one
  kStringMap,
  kSettings,  // belongs to the adapter, which validates it by its own schema
};

struct Key {
  std::string_view path;  // "agents.*.idle_timeout"; '*' is a name that the operator gives
  KeyType type;
  std::string_view default_json;  // "" : there is none; then the key may be absent
  std::int64_t minimum;
  std::int64_t maximum;
  std::string_view choices;
  bool required;
  std::string_view sentence;
};

[[nodiscard]] std::span<const Key> config_keys();

// What is wrong with a configuration: "patchbay.json:12: instances.telegram.chanel: unknown key;
// did you mean \"channel\"?". Several at once, in the order of the file.
struct ConfigProblem {
  std::string path;
  std::string message;
};

// Checks `config` against the table and fills in defaults. Durations become integers of
// milliseconds and sizes integers of bytes, string lists become arrays; order is kept.
[[nodiscard]] std::vector<ConfigProblem> apply_table(nlohmann::ordered_json& config);

// The table as Markdown.
[[nodiscard]] std::string config_reference();

}  // namespace patchbay::host
