#include "file_text.hpp"

#include <fstream>
#include <sstream>
#include <utility>

namespace patchbay::validate {

std::optional<std::string> read_file(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  text << file.rdbuf();
  return file.good() ? std::optional(std::move(text).str()) : std::nullopt;
}

}  // namespace patchbay::validate
