// Delivery: what is to become visible in a chat, copied, so that a coroutine may keep it.
#ifndef PATCHBAY_SDK_DELIVERY_HPP
#define PATCHBAY_SDK_DELIVERY_HPP

#include <cstdint>
#include <string>
#include <vector>

#include "chat.hpp"

namespace patchbay::sdk {

// The values are those of the ABI.
enum class DeliveryKind : std::uint32_t {
  kMessage = PBAY_DELIVER_MESSAGE,
  kEdit = PBAY_DELIVER_EDIT,
  kReaction = PBAY_DELIVER_REACTION,
  kDelete = PBAY_DELIVER_DELETE,
  kQuestion = PBAY_DELIVER_QUESTION,
};

// The descriptor belongs to the host and is valid until the delivery is completed.
struct OutboundFile {
  int fd = -1;
  std::int64_t size = 0;  // bytes; exactly this many are sent
  FileKind kind = FileKind::kDocument;
  std::string name;
  std::string mime;
  std::string caption;  // CommonMark

  OutboundFile() = default;
  explicit OutboundFile(const Known<pbay_outbound_file>& file)
      : fd(file->fd),
        size(file->size),
        kind(static_cast<FileKind>(file->kind)),
        name(copy(file->name)),
        mime(copy(file->mime)),
        caption(copy(file->caption)) {}
};

struct Option {
  std::string label;
  std::string value;  // comes back in Event::action
  std::string url;    // not empty: a link button

  Option() = default;
  explicit Option(const Known<pbay_option>& option)
      : label(copy(option->label)), value(copy(option->value)), url(copy(option->url)) {}
};

struct Delivery {
  pbay_op op = 0;
  DeliveryKind kind = DeliveryKind::kMessage;
  bool silent = false;
  bool no_preview = false;
  bool reaction_removed = false;
  std::uint32_t attempt = 1;
  Chat chat;
  std::string text;  // CommonMark
  std::vector<OutboundFile> files;
  std::string target_id;  // edit, reaction, delete: the platform's message id
  std::string reply_to_id;
  std::string emoji;
  std::string question_id;
  std::string title;
  std::vector<Option> options;
  std::string idempotency_key;
  std::uint32_t parts_done = 0;         // parts already durable: do not send them again
  std::string resume_cursor;            // of the last durable part
  std::vector<std::string> remote_ids;  // of the durable parts
  std::int64_t deadline_ms = 0;         // monotonic
  std::string extra_json;
  std::vector<std::string> target_ids;  // of all parts of the target; the first is target_id

  Delivery() = default;
  Delivery(pbay_op operation, const Known<pbay_delivery>& delivery)
      : op(operation),
        kind(static_cast<DeliveryKind>(delivery->operation)),
        silent((delivery->flags & PBAY_DELIVER_SILENT) != 0),
        no_preview((delivery->flags & PBAY_DELIVER_NO_PREVIEW) != 0),
        reaction_removed((delivery->flags & PBAY_DELIVER_REACTION_REMOVED) != 0),
        attempt(delivery->attempt),
        chat(delivery->chat),
        text(copy(delivery->text)),
        target_id(copy(delivery->target_id)),
        reply_to_id(copy(delivery->reply_to_id)),
        emoji(copy(delivery->emoji)),
        question_id(copy(delivery->question_id)),
        title(copy(delivery->title)),
        idempotency_key(copy(delivery->idempotency_key)),
        parts_done(delivery->parts_done),
        resume_cursor(copy(delivery->resume_cursor)),
        remote_ids(copy_strings(delivery->remote_ids, delivery->remote_id_count,
                                delivery->remote_id_stride)),
        deadline_ms(delivery->deadline_ms),
        extra_json(copy(delivery->extra_json)),
        target_ids(copy_strings(delivery->target_ids, delivery->target_id_count,
                                delivery->target_id_stride)) {
    for_each_abi(delivery->files, delivery->file_count, delivery->file_stride,
                 [this](const pbay_outbound_file& file) { files.emplace_back(file); });
    for_each_abi(delivery->options, delivery->option_count, delivery->option_stride,
                 [this](const pbay_option& option) { options.emplace_back(option); });
  }

  // The key that part `part` (from 0) is known by to a platform that honours one.
  [[nodiscard]] std::string part_key(std::uint32_t part) const {
    return idempotency_key + ":" + std::to_string(part);
  }
};

}  // namespace patchbay::sdk

#endif  // PATCHBAY_SDK_DELIVERY_HPP
