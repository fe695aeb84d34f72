#include "adapters/plugin_file.hpp"

#include <array>
#include <cerrno>
#include <climits>
#include <cstdlib>
#include <fcntl.h>
#include <grp.h>
#include <memory>
#include <openssl/evp.h>
#include <pwd.h>
#include <string_view>
#include <sys/stat.h>
#include <unistd.h>
#include <utility>

namespace patchbay::adapters {
namespace {

using base::Code;
using base::Result;
using base::Status;

// Whether the group is this user's alone, as Debian's useradd makes one for each user: of the same
// name and without further members. Where "users" is everybody's group, its members are others.
bool is_group_of_this_user_alone(gid_t gid) {
  std::array<char, 16384> user_text{};
  std::array<char, 16384> group_text{};
  struct passwd user{};
  struct group group{};
  struct passwd* found_user = nullptr;
  struct group* found_group = nullptr;
  ::getpwuid_r(::geteuid(), &user, user_text.data(), user_text.size(), &found_user);
  ::getgrgid_r(gid, &group, group_text.data(), group_text.size(), &found_group);
  if (found_user == nullptr || found_group == nullptr || user.pw_gid != gid) {
    return false;
  }
  const std::string_view name = user.pw_name;
  for (char** member = group.gr_mem; *member != nullptr; ++member) {
    if (*member != name) {
      return false;
    }
  }
  return group.gr_name == name;
}

bool writable_by_others(const struct stat& file) {
  return (file.st_mode & S_IWOTH) != 0 ||
         ((file.st_mode & S_IWGRP) != 0 && !is_group_of_this_user_alone(file.st_gid));
}

Status check_owner(const struct stat& file, const std::string& path) {
  if (file.st_uid != 0 && file.st_uid != ::geteuid()) {
    return {Code::kRefused, path + " belongs to user " + std::to_string(file.st_uid) +
                                ", neither root nor this user: chown it"};
  }
  if (writable_by_others(file)) {
    return {Code::kRefused, path + " can be written by others: chmod go-w " + path};
  }
  return {};
}

Status check_folder(const std::string& path) {
  struct stat folder{};
  if (::stat(path.c_str(), &folder) != 0) {
    return Status::from_errno(errno, path);
  }
  if (!S_ISDIR(folder.st_mode)) {
    return {Code::kInvalidArgument, path + " is no folder"};
  }
  return check_owner(folder, path);
}

Result<std::string> resolved(const std::string& path) {
  std::array<char, PATH_MAX> buffer{};
  if (::realpath(path.c_str(), buffer.data()) == nullptr) {
    return Status::from_errno(errno, path);
  }
  return std::string(buffer.data());
}

std::string folder_of(const std::string& path) {
  const auto slash = path.rfind('/');
  return slash == std::string::npos ? "." : (slash == 0 ? "/" : path.substr(0, slash));
}

// Calls take(bytes) until the end of the file.
template <class Take>
Status read_chunks(int fd, Take take) {
  std::array<char, 65536> buffer{};
  off_t offset = 0;
  while (true) {
    const ssize_t count = ::pread(fd, buffer.data(), buffer.size(), offset);
    if (count < 0 && errno == EINTR) {
      continue;
    }
    if (count < 0) {
      return Status::from_errno(errno, "reading it");
    }
    if (count == 0) {
      return {};
    }
    PATCHBAY_TRY(take(std::string_view(buffer.data(), static_cast<std::size_t>(count))));
    offset += count;
  }
}

}  // namespace

Result<std::string> trusted_folder(const std::string& path) {
  PATCHBAY_ASSIGN(std::string real, resolved(path));
  PATCHBAY_TRY(check_folder(real));
  return real;
}

Result<TrustedFile> open_trusted_file(const std::string& path) {
  TrustedFile out;
  PATCHBAY_ASSIGN(out.path, resolved(path));
  PATCHBAY_TRY(check_folder(folder_of(out.path)));
  // NONBLOCK: a FIFO must not hold the start.
  out.fd = base::UniqueFd(
      ::open(out.path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY));
  struct stat file{};
  if (!out.fd.valid() || ::fstat(out.fd.get(), &file) != 0) {
    return Status::from_errno(errno, out.path);
  }
  if (!S_ISREG(file.st_mode)) {
    return Status(Code::kRefused, out.path + " is no regular file");
  }
  PATCHBAY_TRY(check_owner(file, out.path));
  return out;
}

Result<std::string> read_all(int fd, std::size_t max_bytes) {
  std::string out;
  PATCHBAY_TRY(read_chunks(fd, [&](std::string_view bytes) -> Status {
    if (out.size() + bytes.size() > max_bytes) {
      return {Code::kTooLarge, "it is larger than " + std::to_string(max_bytes) + " bytes"};
    }
    out += bytes;
    return {};
  }));
  return out;
}

Result<std::string> sha256_of(int fd) {
  const std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> context(EVP_MD_CTX_new(),
                                                                        &EVP_MD_CTX_free);
  const Status failed(Code::kInternal, "OpenSSL cannot compute SHA-256");
  if (!context || EVP_DigestInit_ex(context.get(), EVP_sha256(), nullptr) != 1) {
    return failed;
  }
  PATCHBAY_TRY(read_chunks(fd, [&](std::string_view bytes) -> Status {
    return EVP_DigestUpdate(context.get(), bytes.data(), bytes.size()) == 1 ? Status() : failed;
  }));
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned int size = 0;
  if (EVP_DigestFinal_ex(context.get(), digest.data(), &size) != 1) {
    return failed;
  }
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string out;
  for (unsigned int i = 0; i < size; ++i) {
    out += kDigits[digest[i] >> 4U];
    out += kDigits[digest[i] & 15U];
  }
  return out;
}

}  // namespace patchbay::adapters
