#include "exports.hpp"

#include <cstring>
#include <elf.h>
#include <fstream>
#include <optional>
#include <sstream>

namespace patchbay::validate {
namespace {

// A struct at an offset of the file; nothing past its end.
template <class T>
std::optional<T> at(const std::string& file, std::uint64_t offset) {
  if (offset > file.size() || file.size() - offset < sizeof(T)) {
    return std::nullopt;
  }
  T out;
  std::memcpy(&out, file.data() + offset, sizeof(T));
  return out;
}

std::string text_at(const std::string& file, const Elf64_Shdr& strings, std::uint64_t index) {
  const std::uint64_t begin = strings.sh_offset + index;
  if (index >= strings.sh_size || begin >= file.size()) {
    return {};
  }
  return std::string(file.c_str() + begin);
}

bool is_exported(const Elf64_Sym& symbol) {
  const auto binding = ELF64_ST_BIND(symbol.st_info);
  const auto visibility = ELF64_ST_VISIBILITY(symbol.st_other);
  return symbol.st_shndx != SHN_UNDEF && symbol.st_shndx != SHN_ABS && binding != STB_LOCAL &&
         (visibility == STV_DEFAULT || visibility == STV_PROTECTED);
}

}  // namespace

std::variant<std::vector<std::string>, std::string> exports_of(const std::string& path) {
  std::ifstream stream(path, std::ios::binary);
  std::ostringstream text;
  text << stream.rdbuf();
  const std::string file = std::move(text).str();
  const auto header = at<Elf64_Ehdr>(file, 0);
  if (!header || std::memcmp(header->e_ident, ELFMAG, SELFMAG) != 0 ||
      header->e_ident[EI_CLASS] != ELFCLASS64 || header->e_type != ET_DYN) {
    return std::string("it is no 64-bit ELF shared library");
  }
  std::vector<std::string> out;
  for (std::uint64_t i = 0; i < header->e_shnum; ++i) {
    const auto section = at<Elf64_Shdr>(file, header->e_shoff + i * sizeof(Elf64_Shdr));
    if (!section || section->sh_type != SHT_DYNSYM) {
      continue;
    }
    const auto strings =
        at<Elf64_Shdr>(file, header->e_shoff + section->sh_link * sizeof(Elf64_Shdr));
    for (std::uint64_t j = 0; strings && j < section->sh_size / sizeof(Elf64_Sym); ++j) {
      const auto symbol = at<Elf64_Sym>(file, section->sh_offset + j * sizeof(Elf64_Sym));
      if (symbol && is_exported(*symbol)) {
        out.push_back(text_at(file, *strings, symbol->st_name));
      }
    }
  }
  return out;
}

}  // namespace patchbay::validate
