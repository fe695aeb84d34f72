// Every configuration key, once: its type, default, limits and description. What checks a file
// (config_table.hpp) and what describes it (config_reference.hpp) read this table.
#pragma once

#include <cstdint>
#include <limits>
#include <span>
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

inline constexpr std::int64_t kNoMaximum = std::numeric_limits<std::int64_t>::max();

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

// In the order of the reference.
[[nodiscard]] std::span<const Key> config_keys();

// The key of exactly this path, as the table writes it ("agents.*", not "agents.main"); nullptr:
// there is none.
[[nodiscard]] const Key* find_config_key(std::string_view path);

// The names directly below `path`; of a list's elements, below "<path>[]".
[[nodiscard]] std::vector<std::string_view> config_keys_below(std::string_view path);

}  // namespace patchbay::host
