// What stands beside an adapter's library and is read before any of its code runs:
// `telegram.adapter.json` next to `telegram.so`, written by patchbay_add_adapter().
//
//   { "format": 1, "id": "telegram", "version": "0.1.0",
//     "abi": { "major": 1, "minor": 0, "draft": 1 },
//     "sha256": "<of telegram.so, 64 hexadecimal digits>",
//     "settings": { … },                        settings_schema.hpp; absent: any object
//     "abilities": ["text", "files"],           for people and for `patchbay channels`
//     "allowed_hosts": ["api.telegram.org"],    host_rules.hpp
//     "licence": "Apache-2.0" }
//
// Keys that this host does not know are left for newer ones.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "adapters/settings_schema.hpp"
#include "base/status.hpp"

namespace patchbay::adapters {

inline constexpr std::string_view kSidecarSuffix = ".adapter.json";

struct Sidecar {
  std::string id;  // the channel
  std::string version;
  std::uint32_t abi_major = 0;
  std::uint32_t abi_minor = 0;
  std::uint32_t abi_draft = 0;
  std::string sha256;  // lower case
  SettingsSchema settings;
  std::vector<std::string> abilities;
  std::vector<std::string> allowed_hosts;
  std::string licence;
};

// [any thread] Errors name `file` and the remedy.
[[nodiscard]] base::Result<Sidecar> parse_sidecar(std::string_view text, std::string_view file);

// [any thread] kRefused, with both numbers and the remedy, for an ABI that this host does not
// speak.
[[nodiscard]] base::Status check_abi(std::uint32_t major, std::uint32_t minor, std::uint32_t draft);

}  // namespace patchbay::adapters
