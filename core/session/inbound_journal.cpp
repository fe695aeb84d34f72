#include "session/inbound_journal.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <fcntl.h>
#include <numeric>
#include <optional>
#include <string_view>
#include <sys/stat.h>
#include <unistd.h>

#include "base/log.hpp"
#include "base/unique_fd.hpp"
#include "session/confined_open.hpp"
#include "session/confined_vfs.hpp"

namespace patchbay::session {
namespace {

using attachments::ConfinedFolder;
using base::Code;
using base::Result;
using base::Status;

// The end of a journal with a super-journal, as SQLite writes it: a page number, the name, its
// length, the sum of its bytes, and the magic of a journal's header.
constexpr std::array<unsigned char, 8> kMagic = {0xd9, 0xd5, 0x05, 0xf9, 0x20, 0xa1, 0x63, 0xd7};
constexpr off_t kNumber = 4;
constexpr off_t kTrailer = 2 * kNumber + static_cast<off_t>(kMagic.size());
constexpr std::uint32_t kLongestName = 512;  // longer ones SQLite does not see

std::string journal() { return journal_name(DatabaseFile::kInbound); }

bool read_at(int fd, off_t at, void* bytes, std::size_t count) {
  ssize_t got = 0;
  do {
    got = ::pread(fd, bytes, count, at);
  } while (got < 0 && errno == EINTR);
  return got == static_cast<ssize_t>(count);
}

std::uint32_t number_of(const unsigned char* bytes) {
  return std::accumulate(bytes, bytes + kNumber, std::uint32_t{0},
                         [](std::uint32_t sum, unsigned char byte) { return sum << 8U | byte; });
}

// Where the journal ends without the name at its end; nothing: it has none that SQLite would see.
std::optional<off_t> end_without_name(int fd, off_t size) {
  std::array<unsigned char, static_cast<std::size_t>(kTrailer)> trailer{};
  if (size < kTrailer || !read_at(fd, size - kTrailer, trailer.data(), trailer.size()) ||
      !std::equal(kMagic.begin(), kMagic.end(), trailer.begin() + 2 * kNumber)) {
    return std::nullopt;
  }
  const std::uint32_t length = number_of(trailer.data());
  const off_t begin = size - kTrailer - static_cast<off_t>(length);
  if (length == 0 || length > kLongestName || begin < 0) {
    return std::nullopt;
  }
  std::string name(length, '\0');
  if (!read_at(fd, begin, name.data(), name.size())) {
    return std::nullopt;
  }
  // SQLite adds chars, signed or not as the machine has them.
  const std::uint32_t sum = std::accumulate(
      name.begin(), name.end(), std::uint32_t{0},
      [](std::uint32_t all, char c) { return all + static_cast<std::uint32_t>(c); });
  if (sum != number_of(trailer.data() + kNumber)) {
    return std::nullopt;
  }
  return std::max<off_t>(0, begin - kNumber);
}

}  // namespace

Status discard_foreign_journal(const ConfinedFolder& session, JournalTrust trust) {
  const std::string name = journal();
  struct stat facts{};
  if (::fstatat(session.fd(), name.c_str(), &facts, AT_SYMLINK_NOFOLLOW) != 0 ||
      !S_ISREG(facts.st_mode) || facts.st_size == 0) {
    return {};  // the VFS refuses by itself what is no plain file
  }
  if (trust == JournalTrust::kMayBeOurs && facts.st_uid == ::geteuid()) {
    return {};
  }
  vfs_report() = {};
  const base::UniqueFd fd(open_confined({.folder = session.fd(), .name = name}, O_RDWR, 0));
  if (!fd.valid() || ::ftruncate(fd.get(), 0) != 0 || ::fdatasync(fd.get()) != 0) {
    return {Code::kRefused,
            session.shown_name() + "/" + name +
                " is not the host's and cannot be emptied: " + vfs_report().refusal};
  }
  base::log_warning("session.foreign_journal_discarded",
                    {{"session", session.shown_name()}, {"file", name}});
  return {};
}

std::string no_journal(const ConfinedFolder& session, JournalTrust trust) {
  const ConfinedPath path{.folder = session.fd(), .name = journal()};
  const auto plain = confined_file_exists(path);
  if (plain.ok() || plain.status().code() != Code::kRefused) {
    return {};
  }
  // A second link to what may be our own journal is left to the VFS, which refuses the database:
  // without that journal it may be half of a transaction, and with it somebody else could write
  // what is rolled back.
  struct stat facts{};
  const bool may_be_ours =
      trust == JournalTrust::kMayBeOurs &&
      ::fstatat(path.folder, path.name.c_str(), &facts, AT_SYMLINK_NOFOLLOW) == 0 &&
      S_ISREG(facts.st_mode) && facts.st_size > 0 && facts.st_uid == ::geteuid();
  return may_be_ours ? std::string() : plain.status().message();
}

Result<bool> cut_super_journal_off(const ConfinedFolder& session) {
  vfs_report() = {};
  const base::UniqueFd fd(open_confined({.folder = session.fd(), .name = journal()}, O_RDWR, 0));
  struct stat facts{};
  if (!fd.valid() || ::fstat(fd.get(), &facts) != 0) {
    return false;  // missing, or refused when the database is opened
  }
  off_t end = facts.st_size;
  // There may be one beneath the other.
  while (const auto shorter = end_without_name(fd.get(), end)) {
    end = *shorter;
  }
  if (end == facts.st_size) {
    return false;
  }
  if (::ftruncate(fd.get(), end) != 0 || ::fdatasync(fd.get()) != 0) {
    return Status::from_errno(errno, session.shown_name() + "/" + journal());
  }
  return true;
}

}  // namespace patchbay::session
