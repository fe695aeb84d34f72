// A folder of plugins that a test fills with libraries and their sidecars.
#pragma once

#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <string>

#include <patchbay/adapter.h>

#include "base/sha256.hpp"
#include "test_common/temp_folder.hpp"

namespace patchbay::adapters {

class PluginFolder {
 public:
  [[nodiscard]] std::string path() const { return folder_.path().string(); }
  std::string operator/(std::string_view name) const { return folder_ / name; }

  // `library` of the tests under `name`, with a sidecar that is right but for what `wrong`
  // replaces.
  void add(const std::string& library, const std::string& name, const std::string& channel,
           const nlohmann::json& wrong = nlohmann::json::object()) {
    const std::string to = folder_ / (name + ".so");
    std::filesystem::copy_file(std::string(PATCHBAY_TEST_LIBRARIES "/") + library + ".so", to,
                               std::filesystem::copy_options::overwrite_existing);
    nlohmann::json sidecar = {
        {"format", 1},
        {"id", channel},
        {"version", "1.0"},
        {"abi", {{"major", PBAY_ABI_MAJOR}, {"minor", PBAY_ABI_MINOR}, {"draft", PBAY_ABI_DRAFT}}},
        {"sha256", base::sha256_hex(test::read_file(to))},
        {"allowed_hosts", {"api.example.org", "*.cdn.example.org"}},
        {"settings",
         {{"type", "object"},
          {"properties",
           {{"mode", {{"type", "string"}}},
            {"token", {{"type", "string"}, {"secret", true}}},
            {"api_base", {{"type", "string"}, {"format", "uri"}}}}}}},
    };
    sidecar.merge_patch(wrong);
    test::write_file(folder_ / (name + ".adapter.json"), sidecar.dump());
  }

 private:
  test::TempFolder folder_;
};

}  // namespace patchbay::adapters
