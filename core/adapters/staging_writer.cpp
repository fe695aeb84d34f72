#include "adapters/staging_writer.hpp"

#include <utility>

#include "adapters/instance.hpp"
#include "attachments/staging.hpp"

namespace patchbay::adapters {

using base::Code;
using base::Status;

StagingWriter::StagingWriter(std::shared_ptr<Bridge> bridge, base::Executor& storage, pbay_op op,
                             std::uint64_t handle)
    : bridge_(std::move(bridge)), storage_(storage), op_(op), handle_(handle) {}

Status StagingWriter::take(std::string_view bytes) {
  if (!failure_.ok()) {
    return failure_;
  }
  if (dropped_) {
    return {Code::kCancelled, "nothing more is written"};
  }
  if (writing_ && next_.size() + bytes.size() > kPieceBytes) {
    was_busy_ = true;
    return {Code::kBusy, "the disk is slower than the download"};
  }
  next_ += bytes;
  if (!writing_) {
    write_next();
  }
  return {};
}

bool StagingWriter::was_busy() { return std::exchange(was_busy_, false); }

void StagingWriter::drop_rest() {
  dropped_ = true;
  next_.clear();
}

void StagingWriter::write_next() {
  writing_ = true;
  // A handle that was aborted meanwhile is not written to: the area knows it no more.
  storage_.post([self = shared_from_this(), piece = std::move(next_)]() mutable {
    Status status(Code::kCancelled, "the host is shutting down");
    self->bridge_->gate().with([&](const AdapterHostServices& services) {
      status = services.staging.write(self->handle_, piece);
    });
    Bridge& bridge = *self->bridge_;
    bridge.post_from_host([self = std::move(self), piece = std::move(piece),
                           status = std::move(status)](Instance& instance) mutable {
      self->wrote(std::move(piece), std::move(status));
      instance.http().written(self->op_);
    });
  });
  next_ = std::exchange(written_piece_, {});
}

void StagingWriter::wrote(std::string piece, Status status) {
  writing_ = false;
  if (!status.ok()) {
    failure_ = std::move(status);
    next_.clear();
    return;
  }
  written_ += piece.size();
  piece.clear();
  written_piece_ = std::move(piece);
  if (!next_.empty()) {
    write_next();
  }
}

}  // namespace patchbay::adapters
