#include "patchbay/testkit/lent_memory.hpp"

#include <algorithm>
#include <cstring>
#include <deque>
#include <mutex>
#include <new>
#include <sys/mman.h>

namespace patchbay::testkit {
namespace {

constexpr std::size_t kBlock = 64 * 1024;
constexpr std::size_t kPage = 4096;
constexpr std::size_t kKeptBlocks = 8192;

// Revoked blocks stay mapped without access, so that nothing else gets their addresses soon.
class Graveyard {
 public:
  void bury(void* first, std::size_t size) noexcept {
    ::mprotect(first, size, PROT_NONE);
    ::madvise(first, size, MADV_DONTNEED);
    const std::lock_guard lock(mutex_);
    blocks_.emplace_back(first, size);
    if (blocks_.size() > kKeptBlocks) {
      ::munmap(blocks_.front().first, blocks_.front().second);
      blocks_.pop_front();
    }
  }

  [[nodiscard]] bool holds(const void* at) noexcept {
    const std::unique_lock lock(mutex_, std::try_to_lock);
    const auto* byte = static_cast<const unsigned char*>(at);
    return lock.owns_lock() && std::any_of(blocks_.begin(), blocks_.end(), [byte](const auto& b) {
             const auto* first = static_cast<const unsigned char*>(b.first);
             return byte >= first && byte < first + b.second;
           });
  }

 private:
  std::mutex mutex_;
  std::deque<std::pair<void*, std::size_t>> blocks_;
};

Graveyard& graveyard() {
  static auto* const instance = new Graveyard;  // outlives every test, on purpose
  return *instance;
}

}  // namespace

void LentMemory::revoke() noexcept {
  for (const Block& block : blocks_) {
    graveyard().bury(block.first, block.size);
  }
  blocks_.clear();
  used_ = 0;
}

bool LentMemory::was_lent(const void* at) noexcept { return graveyard().holds(at); }

void* LentMemory::take(std::size_t size) {
  constexpr std::size_t kAlign = alignof(std::max_align_t);
  const std::size_t needed = (size + kAlign - 1) / kAlign * kAlign;
  if (blocks_.empty() || blocks_.back().size - used_ < needed) {
    const std::size_t block = std::max(kBlock, (needed + kPage - 1) / kPage * kPage);
    void* first =
        ::mmap(nullptr, block, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (first == MAP_FAILED) {
      throw std::bad_alloc();
    }
    blocks_.push_back({static_cast<unsigned char*>(first), block});
    used_ = 0;
  }
  void* out = blocks_.back().first + used_;
  used_ += needed;
  return out;
}

void LentMemory::fill(void* at, const void* bytes, std::size_t size, std::size_t unknown) noexcept {
  std::memcpy(at, bytes, size);
  std::memset(static_cast<unsigned char*>(at) + size, 0xA5, unknown);
}

const void* LentMemory::place(const void* bytes, std::size_t size, std::size_t unknown) {
  void* at = take(size + unknown);
  fill(at, bytes, size, unknown);
  return at;
}

pbay_str LentMemory::text(std::string_view bytes) {
  if (bytes.empty()) {
    return pbay_str{nullptr, 0};
  }
  return pbay_str{static_cast<const char*>(place(bytes.data(), bytes.size(), 0)), bytes.size()};
}

}  // namespace patchbay::testkit
