// What patchbay-validate was asked to do.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>

namespace patchbay::validate {

struct Options {
  std::string library;          // absolute
  std::string config;           // the text of --config; "{}" without
  std::string fixtures;         // a folder; empty: none
  std::string kind = "update";  // of the payloads that lie in the folder itself
  std::string check;            // only this one; empty: all
  std::uint64_t seed = 1;
  std::optional<std::uint64_t> reproduce;  // only this run of the fuzz check
  bool json = false;
  bool list = false;
};

// What to print and with which status to end instead: help, a version, a mistake of usage.
struct Instead {
  std::string text;
  int status = 0;
};

[[nodiscard]] std::variant<Options, Instead> read_options(int count, char** arguments);

}  // namespace patchbay::validate
