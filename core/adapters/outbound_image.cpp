#include "adapters/outbound_image.hpp"

#include <fcntl.h>
#include <utility>

#include "adapters/abi_text.hpp"
#include "attachments/file_kind.hpp"
#include "base/limits.hpp"
#include "base/log.hpp"
#include "base/text.hpp"

namespace patchbay::adapters {
namespace {

delivery::OutcomeClass class_of(std::int32_t code) {
  using delivery::OutcomeClass;
  if (code == PBAY_OK) {
    return OutcomeClass::kDelivered;
  }
  if (code <= -100 && code > -200) {
    return OutcomeClass::kRetryable;
  }
  if (code <= -200 && code > -300) {
    return OutcomeClass::kPermanent;
  }
  if (code <= -300 && code > -400) {
    return OutcomeClass::kAccount;
  }
  if (code <= -400 && code > -500) {
    return OutcomeClass::kUnknown;
  }
  return OutcomeClass::kBug;
}

}  // namespace

OutboundImage::OutboundImage(delivery::DeliveryRequest request, std::int64_t deadline_ms)
    : request_(std::move(request)) {
  chat_ = {.struct_size = sizeof(pbay_chat),
           .kind = static_cast<std::uint32_t>(request_.chat_kind),
           .id = adapters::abi(request_.chat_id),
           .thread_id = adapters::abi(request_.thread.str())};
  delivery_.struct_size = sizeof(pbay_delivery);
  delivery_.operation = static_cast<std::uint32_t>(request_.operation);
  delivery_.flags = request_.removed ? PBAY_DELIVER_REACTION_REMOVED : 0;
  delivery_.attempt = request_.attempt;
  delivery_.chat = &chat_;
  delivery_.text = adapters::abi(request_.text);
  delivery_.reply_to_id = adapters::abi(request_.reply_to_id);
  delivery_.emoji = adapters::abi(request_.emoji);
  delivery_.question_id = adapters::abi(request_.question_id);
  delivery_.title = adapters::abi(request_.title);
  delivery_.idempotency_key = adapters::abi(request_.idempotency_key);
  delivery_.deadline_ms = deadline_ms;
  fill_files();
  fill_options();
  fill_parts();
  fill_target();
}

void OutboundImage::fill_files() {
  for (const delivery::OutboundFile& file : request_.files) {
    const auto& descriptor = descriptors_.emplace_back(::fcntl(file.fd, F_DUPFD_CLOEXEC, 3));
    pbay_outbound_file& out = files_.emplace_back();
    out.struct_size = sizeof(pbay_outbound_file);
    out.fd = descriptor.get();
    out.size = file.size;
    out.kind = static_cast<std::uint32_t>(attachments::parse_file_kind(file.kind));
    out.name = adapters::abi(file.name);
    out.mime = adapters::abi(file.mime);
  }
  delivery_.files = files_.data();
  delivery_.file_count = static_cast<std::uint32_t>(files_.size());
  delivery_.file_stride = sizeof(pbay_outbound_file);
}

void OutboundImage::fill_options() {
  for (const delivery::Option& option : request_.options) {
    options_.push_back({.struct_size = sizeof(pbay_option),
                        .reserved = 0,
                        .label = adapters::abi(option.label),
                        .value = adapters::abi(option.value),
                        .url = adapters::abi(option.url)});
  }
  delivery_.options = options_.data();
  delivery_.option_count = static_cast<std::uint32_t>(options_.size());
  delivery_.option_stride = sizeof(pbay_option);
}

void OutboundImage::fill_parts() {
  for (const store::DeliveryPart& part : request_.parts_done) {
    remote_ids_.push_back(adapters::abi(part.remote_id));
  }
  delivery_.parts_done = static_cast<std::uint32_t>(request_.parts_done.size());
  delivery_.remote_ids = remote_ids_.data();
  delivery_.remote_id_count = static_cast<std::uint32_t>(remote_ids_.size());
  delivery_.remote_id_stride = sizeof(pbay_str);
  if (!request_.parts_done.empty()) {
    delivery_.resume_cursor = adapters::abi(request_.parts_done.back().cursor);
  }
}

void OutboundImage::fill_target() {
  for (const std::string& id : request_.target_ids) {
    target_ids_.push_back(adapters::abi(id));
  }
  delivery_.target_id = target_ids_.empty() ? pbay_str{} : target_ids_.front();
  delivery_.target_ids = target_ids_.data();
  delivery_.target_id_count = static_cast<std::uint32_t>(target_ids_.size());
  delivery_.target_id_stride = sizeof(pbay_str);
}

delivery::AttemptOutcome outcome_of(const pbay_result& result) {
  delivery::AttemptOutcome out;
  out.code = result.code;
  out.outcome = class_of(result.code);
  out.sent_state = result.sent_state <= PBAY_SENT
                       ? static_cast<delivery::SentState>(result.sent_state)
                       : delivery::SentState::kUnknown;
  out.retry_scope = result.retry_scope <= PBAY_SCOPE_ACCOUNT
                        ? static_cast<delivery::RetryScope>(result.retry_scope)
                        : delivery::RetryScope::kOperation;
  if (result.retry_after_ms >= 0) {
    out.retry_after = base::Milliseconds(result.retry_after_ms);
  }
  out.chat_offline = result.code == PBAY_E_OFFLINE;
  out.text =
      base::redact(base::to_valid_utf8(view(result.text).substr(0, limits::kAdapterLogBytes)));
  if (result.remote_ids != nullptr && result.remote_id_stride >= sizeof(pbay_str) &&
      result.remote_id_count <= limits::kPartsPerDelivery) {
    for (std::uint32_t i = 0; i < result.remote_id_count; ++i) {
      out.remote_ids.push_back(
          base::to_valid_utf8(view(*element(result.remote_ids, result.remote_id_stride, i))
                                  .substr(0, limits::kPlatformIdBytes)));
    }
  }
  return out;
}

}  // namespace patchbay::adapters
