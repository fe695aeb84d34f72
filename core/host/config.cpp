#include "host/config.hpp"

#include <cstdlib>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "host/config_lines.hpp"
#include "host/config_problems.hpp"
#include "host/config_reader.hpp"
#include "host/config_source.hpp"
#include "host/config_table.hpp"
#include "routing/compiled_routing.hpp"

namespace patchbay::host {
namespace {

namespace fs = std::filesystem;
using base::Code;
using base::Result;
using base::Status;
using Json = nlohmann::ordered_json;

Result<std::string> choose_data_dir(const Json& json, const ConfigOverrides& overrides,
                                    const std::string& base_dir) {
  if (!overrides.data_dir.empty()) {
    return fs::absolute(overrides.data_dir).lexically_normal().string();
  }
  if (json.contains("data_dir")) {
    return absolute_path(base_dir, json["data_dir"].get<std::string>());
  }
  return default_data_dir();
}

// The adapters that were installed with this binary: <prefix>/lib/patchbay/plugins, or, in a build
// tree, the folder plugins beside bin.
std::string installed_plugins() {
  std::error_code error;
  const fs::path prefix = fs::read_symlink("/proc/self/exe", error).parent_path().parent_path();
  const fs::path installed = prefix / "lib" / "patchbay" / "plugins";
  return (fs::is_directory(installed, error) ? installed : prefix / "plugins").string();
}

std::vector<std::string> choose_plugin_dirs(const Json& json, const ConfigOverrides& overrides,
                                            const std::string& base_dir) {
  std::vector<std::string> result;
  if (!overrides.plugin_dirs.empty()) {
    for (const std::string& folder : overrides.plugin_dirs) {
      result.push_back(fs::absolute(folder).lexically_normal().string());
    }
  } else if (json.contains("plugins_dir")) {
    for (const auto& folder : json["plugins_dir"]) {
      result.push_back(absolute_path(base_dir, folder.get<std::string>()));
    }
  } else {
    result.push_back(installed_plugins());
  }
  return result;
}

}  // namespace

Result<std::string> default_data_dir() {
  if (const char* state = std::getenv("STATE_DIRECTORY"); state != nullptr && *state != '\0') {
    return std::string(state).substr(0, std::string(state).find(':'));
  }
  if (const char* data = std::getenv("XDG_DATA_HOME"); data != nullptr && *data == '/') {
    return std::string(data) + "/patchbay";
  }
  if (const char* home = std::getenv("HOME"); home != nullptr && *home == '/') {
    return std::string(home) + "/.local/share/patchbay";
  }
  return Status(Code::kInvalidArgument, "nothing says where data lies; give a folder with --data");
}

Result<std::string> find_data_dir(const ConfigOverrides& overrides) {
  if (!overrides.data_dir.empty()) {
    return choose_data_dir(Json::object(), overrides, "");
  }
  PATCHBAY_ASSIGN(const ConfigSource source, read_config_source(overrides.file));
  PATCHBAY_ASSIGN(const Json json, parse_config(source, overrides));
  if (json.contains("data_dir") && !json["data_dir"].is_string()) {
    return Status(Code::kInvalidArgument, source.name + ": data_dir: must be a string");
  }
  return choose_data_dir(json, overrides, source.base_dir);
}

Result<Config> load_config(const ConfigOverrides& overrides) {
  PATCHBAY_ASSIGN(const ConfigSource source, read_config_source(overrides.file));
  PATCHBAY_ASSIGN(Json json, parse_config(source, overrides));
  KeyPlaces places = key_places(source.text);
  ConfigProblems problems(source.name, places.lines);
  for (const auto& [path, line] : places.repeated) {
    problems.add_at(line, path, "stands here a second time; of two only one would count");
  }
  for (const ConfigProblem& problem : apply_table(json)) {
    problems.add(problem.path, problem.message);
  }
  PATCHBAY_TRY(problems.status());

  Config config;
  config.source = source.name;
  config.lines = std::move(places.lines);
  PATCHBAY_ASSIGN(config.data_dir, choose_data_dir(json, overrides, source.base_dir));
  config.plugin_dirs = choose_plugin_dirs(json, overrides, source.base_dir);
  read_config(json, source, problems, config);
  PATCHBAY_TRY(problems.status());
  // What only routing knows to be wrong: a pattern that is none.
  const auto compiled = routing::CompiledRouting::compile(config.routing);
  if (!compiled.ok()) {
    return compiled.status().with_context(source.name);
  }
  return config;
}

}  // namespace patchbay::host
