// Files as a hostile agent would plant them.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace patchbay::session {

inline constexpr std::size_t kPageBytes = 4096;

// A rollback journal: `pages` (number from 1, content) are what the database gets back, of
// `page_count` pages in all; the name of a super-journal follows if it is not empty.
[[nodiscard]] std::string make_journal(
    const std::vector<std::pair<std::uint32_t, std::string>>& pages, std::uint32_t page_count,
    const std::string& super_journal = {});

// All pages of a database file.
[[nodiscard]] std::vector<std::pair<std::uint32_t, std::string>> pages_of(const std::string& bytes);

}  // namespace patchbay::session
