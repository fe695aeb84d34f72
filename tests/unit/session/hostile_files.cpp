#include "hostile_files.hpp"

#include <string_view>

namespace patchbay::session {
namespace {

constexpr std::string_view kMagic("\xd9\xd5\x05\xf9\x20\xa1\x63\xd7", 8);
constexpr std::uint32_t kNonce = 0x1234;
constexpr std::size_t kSectorBytes = 512;
constexpr std::uint32_t kLockPage = 0x40000000 / kPageBytes + 1;

void append(std::string& out, std::uint32_t number) {
  for (int shift = 24; shift >= 0; shift -= 8) {
    out += static_cast<char>(number >> shift & 0xFFU);
  }
}

std::uint32_t checksum(const std::string& page) {
  std::uint32_t sum = kNonce;
  for (std::size_t i = kPageBytes - 200; i < kPageBytes && i > 0; i -= 200) {
    sum += static_cast<unsigned char>(page[i]);
  }
  return sum;
}

}  // namespace

std::string make_journal(const std::vector<std::pair<std::uint32_t, std::string>>& pages,
                         std::uint32_t page_count, const std::string& super_journal) {
  std::string out(kMagic);
  append(out, static_cast<std::uint32_t>(pages.size()));
  append(out, kNonce);
  append(out, page_count);
  append(out, kSectorBytes);
  append(out, kPageBytes);
  out.resize(kSectorBytes, '\0');
  for (const auto& [number, page] : pages) {
    append(out, number);
    out += page;
    append(out, checksum(page));
  }
  if (!super_journal.empty()) {
    std::uint32_t sum = 0;
    for (const char c : super_journal) {
      sum += static_cast<std::uint32_t>(c);
    }
    append(out, kLockPage);
    out += super_journal;
    append(out, static_cast<std::uint32_t>(super_journal.size()));
    append(out, sum);
    out += kMagic;
  }
  return out;
}

std::vector<std::pair<std::uint32_t, std::string>> pages_of(const std::string& bytes) {
  std::vector<std::pair<std::uint32_t, std::string>> pages;
  for (std::size_t at = 0; at + kPageBytes <= bytes.size(); at += kPageBytes) {
    pages.emplace_back(static_cast<std::uint32_t>(at / kPageBytes + 1),
                       bytes.substr(at, kPageBytes));
  }
  return pages;
}

}  // namespace patchbay::session
