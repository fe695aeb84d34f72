#include "adapters/probe_cache.hpp"

#include <cerrno>
#include <cstdio>
#include <fcntl.h>
#include <nlohmann/json.hpp>
#include <unistd.h>
#include <utility>

#include "adapters/plugin_file.hpp"
#include "base/json.hpp"
#include "base/unique_fd.hpp"

namespace patchbay::adapters {
namespace {

using base::Status;

constexpr std::size_t kCacheBytes = 1024 * 1024;

}  // namespace

ProbeCache::ProbeCache(std::string path) : path_(std::move(path)) {
  if (path_.empty()) {
    return;
  }
  // Only a file that nobody else could have written may vouch for a binary.
  const auto file = open_trusted_file(path_);
  const auto text = file.ok() ? read_all(file->fd.get(), kCacheBytes) : file.status();
  const auto cache = text.ok() ? base::parse_json(*text) : text.status();
  if (!cache.ok() || !cache->is_object() || !cache->contains("passed")) {
    return;
  }
  for (const auto& sha256 : cache->at("passed")) {
    if (sha256.is_string()) {
      passed_.insert(sha256.get<std::string>());
    }
  }
}

Status ProbeCache::save() {
  if (path_.empty() || !changed_) {
    return {};
  }
  const std::string text = nlohmann::json{{"passed", passed_}}.dump() + "\n";
  const std::string fresh = path_ + ".new";
  const base::UniqueFd file(
      ::open(fresh.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600));
  if (!file.valid()) {
    return Status::from_errno(errno, fresh);
  }
  if (::write(file.get(), text.data(), text.size()) != static_cast<ssize_t>(text.size()) ||
      ::fdatasync(file.get()) != 0 || ::rename(fresh.c_str(), path_.c_str()) != 0) {
    return Status::from_errno(errno, fresh);
  }
  changed_ = false;
  return {};
}

}  // namespace patchbay::adapters
