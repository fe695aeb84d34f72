// What a download brings, on its way to a staging handle: written in order on the storage threads,
// so that a slow disk holds up the download and nothing else.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include <patchbay/adapter.h>

#include "adapters/bridge.hpp"
#include "base/executor.hpp"
#include "base/status.hpp"

namespace patchbay::adapters {

// [core thread] all of it. Shared with the piece that is being written, which may outlive the
// request and its instance.
class StagingWriter : public std::enable_shared_from_this<StagingWriter> {
 public:
  // One piece is written while the next is collected: more is not held.
  static constexpr std::size_t kPieceBytes = 256 * 1024;

  // Whenever a piece has been written, or could not be, the instance's HttpExtension hears of it
  // under `op`.
  StagingWriter(std::shared_ptr<Bridge> bridge, base::Executor& storage, pbay_op op,
                std::uint64_t handle);

  // kBusy: nothing was taken, there is no room before the next piece is written. Else the failure
  // of an earlier piece.
  [[nodiscard]] base::Status take(std::string_view bytes);
  // Whether take() was busy since this was asked last.
  [[nodiscard]] bool was_busy();
  // Begins no further piece.
  void drop_rest();

  [[nodiscard]] bool idle() const { return !writing_; }
  [[nodiscard]] const base::Status& failure() const { return failure_; }
  [[nodiscard]] std::uint64_t written() const { return written_; }

 private:
  void write_next();
  void wrote(std::string piece, base::Status status);

  const std::shared_ptr<Bridge> bridge_;
  base::Executor& storage_;
  const pbay_op op_;
  const std::uint64_t handle_;
  std::string next_;           // collected; empty unless a piece is being written
  std::string written_piece_;  // its memory serves the piece after the next
  bool writing_ = false;
  bool was_busy_ = false;
  bool dropped_ = false;
  base::Status failure_;
  std::uint64_t written_ = 0;
};

}  // namespace patchbay::adapters
