#include "patchbay/testkit/fixtures.hpp"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <system_error>
#include <tuple>

namespace patchbay::testkit {
namespace {

namespace fs = std::filesystem;

std::string text_of(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  text << file.rdbuf();
  return std::move(text).str();
}

void read_folder(const fs::path& folder, const std::string& kind, bool is_root,
                 std::vector<Fixture>& out) {
  std::error_code error;
  for (const fs::directory_entry& entry : fs::directory_iterator(folder, error)) {
    const fs::path& path = entry.path();
    if (path.filename().string().starts_with('.') || path.extension() == ".md") {
      continue;
    }
    if (entry.is_regular_file(error)) {
      out.push_back({path.stem().string(), kind, text_of(path)});
    } else if (is_root && entry.is_directory(error)) {
      read_folder(path, path.filename().string(), false, out);
    }
  }
}

}  // namespace

std::vector<Fixture> read_fixtures(const std::string& folder, const std::string& kind) {
  std::vector<Fixture> out;
  read_folder(folder, kind, true, out);
  std::sort(out.begin(), out.end(), [](const Fixture& a, const Fixture& b) {
    return std::tie(a.kind, a.name) < std::tie(b.kind, b.name);
  });
  return out;
}

}  // namespace patchbay::testkit
