#include "telegram/deliverer.hpp"

#include <algorithm>
#include <iterator>
#include <nlohmann/json.hpp>
#include <utility>

#include "common/emoji.hpp"
#include "common/json_value.hpp"
#include "telegram/arguments.hpp"

namespace patchbay::telegram {
namespace {

using nlohmann::json;
using sdk::Completion;
using sdk::Delivery;
using sdk::DeliveryKind;
using sdk::Result;
using sdk::Task;

constexpr std::int64_t kRequestMs = 60'000;
constexpr std::int64_t kSlowestUpload = 64;  // bytes a millisecond: what a poor line still does
constexpr std::int64_t kBeforeDeadlineMs = 2'000;

// Telegram could not make a photo of the picture: too wide, too narrow, or no picture at all.
bool is_no_photo(const Answer& answer) {
  return answer.refused(400, "photo_invalid_dimensions") ||
         answer.refused(400, "image_process_failed") || answer.refused(400, "photo_ext_invalid") ||
         answer.refused(400, "photo_save_file_invalid");
}

// "2/3", or "2/3 caption": a plan that a newer version makes differently must not be taken for the
// same, nor that of a caption for that of a text.
constexpr std::string_view kOfCaption = " caption";

std::string cursor_after(std::size_t part, const std::vector<OutboundPart>& parts) {
  std::string cursor = std::to_string(part + 1) + "/" + std::to_string(parts.size());
  return parts.front().edits_caption() ? cursor.append(kOfCaption) : cursor;
}

bool fits_cursor(const Delivery& delivery, const std::vector<OutboundPart>& parts) {
  return delivery.parts_done == 0 || delivery.resume_cursor.empty() ||
         delivery.resume_cursor == cursor_after(delivery.parts_done - 1, parts);
}

bool has_valid_target(const Delivery& delivery) {
  return !delivery.target_ids.empty() &&
         std::all_of(delivery.target_ids.begin(), delivery.target_ids.end(),
                     [](const std::string& id) { return is_number(id); });
}

// How many messages of the target can be changed in their place: all, unless one was found gone in
// an earlier attempt and a new one was sent instead. What is shown after that one is new, too.
std::size_t editable(const Delivery& delivery) {
  for (std::size_t i = 0; i < delivery.remote_ids.size(); ++i) {
    if (i >= delivery.target_ids.size() || delivery.remote_ids[i] != delivery.target_ids[i]) {
      return i;
    }
  }
  return delivery.target_ids.size();
}

std::vector<std::string> without(const std::vector<std::string>& all,
                                 const std::vector<std::string>& some) {
  std::vector<std::string> out;
  std::copy_if(all.begin(), all.end(), std::back_inserter(out), [&some](const std::string& one) {
    return std::find(some.begin(), some.end(), one) == some.end();
  });
  return out;
}

Result another_plan() {
  return Result::not_sent(PBAY_E_PERMANENT,
                          "a part of it was sent by another version of Patchbay; the rest cannot "
                          "be told from what was sent");
}

Result no_target(const Delivery& delivery) {
  return Result::not_sent(PBAY_E_TARGET_NOT_FOUND,
                          "\"" + delivery.target_id + "\" is no message id of Telegram");
}

}  // namespace

Task<Result> Deliverer::deliver(Delivery delivery) {
  if (!has_valid_address(delivery.chat)) {
    co_return Result::not_sent(PBAY_E_INVALID, "chat id and topic id must be numbers on Telegram");
  }
  std::string chat_id = co_await moves_.current_id(delivery.chat.id);
  delivery.chat.id = std::move(chat_id);
  Result result;
  switch (delivery.kind) {
    case DeliveryKind::kMessage:
    case DeliveryKind::kQuestion:
      result = co_await send(delivery);
      break;
    case DeliveryKind::kEdit:
      result = co_await edit(delivery);
      break;
    case DeliveryKind::kReaction:
      result = co_await react(delivery);
      break;
    case DeliveryKind::kDelete:
      result = co_await remove(delivery);
      break;
    default:
      result = Result::not_sent(PBAY_E_UNSUPPORTED, "this adapter does not know such a delivery");
  }
  co_return result;
}

Task<Result> Deliverer::send(Delivery& delivery) {
  auto planned = plan(delivery);
  if (const auto* problem = std::get_if<PlanProblem>(&planned); problem != nullptr) {
    co_return Result::not_sent(problem->code, problem->text);
  }
  const std::vector<OutboundPart> parts = std::get<std::vector<OutboundPart>>(std::move(planned));
  if (parts.back().with_buttons) {
    const bool remembered = co_await questions_.remember(delivery);
    if (!remembered) {
      co_return Result::not_sent(PBAY_E_RETRY, "the question's buttons could not be stored");
    }
  }
  std::vector<std::string> sent = delivery.remote_ids;
  Result result = co_await send_parts(delivery, parts, std::move(sent));
  co_return result;
}

Task<Result> Deliverer::send_parts(Delivery& delivery, const std::vector<OutboundPart>& parts,
                                   std::vector<std::string> sent) {
  if (!fits_cursor(delivery, parts)) {
    co_return another_plan();
  }
  for (std::size_t i = delivery.parts_done; i < parts.size(); ++i) {
    const bool quotes = i == 0;
    const Answer answer = co_await send_part(delivery, parts[i], quotes);
    if (!answer.ok) {
      Result failed = result_of(answer, Repeated::kShowsTwice);
      failed.remote_ids = std::move(sent);
      co_return failed;
    }
    sent.push_back(common::id_of(answer.result, "message_id"));
    if (i + 1 == parts.size()) {
      break;  // the result tells of the last one
    }
    const std::string cursor = cursor_after(i, parts);
    const Completion durable = co_await adapter_.part_sent(
        delivery.op, static_cast<std::uint32_t>(i), sent.back(), cursor);
    if (!durable.ok()) {
      Result unrecorded =
          Result::unknown("a part was sent, but could not be recorded: " + durable.text);
      unrecorded.remote_ids = std::move(sent);
      co_return unrecorded;
    }
  }
  co_return Result::sent(std::move(sent));
}

Task<Answer> Deliverer::send_part(Delivery& delivery, OutboundPart part, bool quotes) {
  bool marked_up = true;
  bool moved = false;
  while (true) {
    const Answer answer = co_await request_part(delivery, part, quotes, marked_up);
    if (answer.cannot_parse() && marked_up) {
      adapter_.log_warning("Telegram could not read our markup; sending it as plain text: " +
                           answer.description);
      marked_up = false;
      continue;
    }
    if (is_no_photo(answer) && part.method == "sendPhoto") {
      part = as_document(std::move(part));
      continue;
    }
    if (!moved) {
      moved = co_await follow_move(delivery, answer);
      if (moved) {
        continue;
      }
    }
    co_return answer;
  }
}

Task<Answer> Deliverer::request_part(const Delivery& delivery, const OutboundPart& part,
                                     bool quotes, bool marked_up) {
  json arguments = chat_arguments(delivery.chat);
  add_text(part, marked_up, arguments);
  add_flags(delivery, part, arguments);
  if (quotes) {
    add_quote(delivery, arguments);
  }
  if (part.with_buttons) {
    arguments["reply_markup"] = keyboard_of(delivery);
  }
  if (part.file) {
    const sdk::OutboundFile& file = delivery.files[*part.file];
    const CallOptions upload = options_for(delivery, file.size);
    Answer uploaded =
        co_await api_.upload(part.method, std::move(arguments), part.file_field, file, upload);
    co_return uploaded;
  }
  const CallOptions options = options_for(delivery, 0);
  Answer sent = co_await api_.call(part.method, std::move(arguments), options);
  co_return sent;
}

CallOptions Deliverer::options_for(const Delivery& delivery, std::int64_t bytes) const {
  std::int64_t time_ms = kRequestMs + bytes / kSlowestUpload;
  if (delivery.deadline_ms > 0) {
    const std::int64_t left =
        delivery.deadline_ms - adapter_.clock.monotonic_ms() - kBeforeDeadlineMs;
    time_ms = std::clamp<std::int64_t>(left, 1, time_ms);
  }
  CallOptions out;
  out.delivery = delivery.op;
  out.timeout = std::chrono::milliseconds(time_ms);
  return out;
}

// "editing a text of several parts edits the first and deletes or adds the rest": each part that is
// there becomes the one at its place, what is left over goes, then what is missing comes. Only the
// last of these cannot be repeated.
Task<Result> Deliverer::edit(Delivery& delivery) {
  std::vector<OutboundPart> parts = delivery.resume_cursor.ends_with(kOfCaption)
                                        ? plan_caption(delivery.text)
                                        : plan_text(delivery.text);
  if (parts.empty()) {
    co_return Result::not_sent(PBAY_E_INVALID,
                               "an edit needs visible text; to remove a message, delete it");
  }
  if (!has_valid_target(delivery)) {
    co_return no_target(delivery);
  }
  Result edited = co_await edit_parts(delivery, parts);
  if (!edited.ok()) {
    co_return edited;
  }
  std::vector<std::string> sent = edited.remote_ids;
  const std::vector<std::string> surplus = without(delivery.target_ids, sent);
  Result removed = co_await remove_messages(delivery, surplus);
  if (!removed.ok()) {
    removed.text =
        "the text was changed, but the end of the former one is still there: " + removed.text;
    removed.remote_ids = std::move(sent);
    co_return removed;
  }
  delivery.parts_done = static_cast<std::uint32_t>(sent.size());
  delivery.resume_cursor.clear();
  Result result = co_await send_parts(delivery, parts, std::move(sent));
  co_return result;
}

Task<Result> Deliverer::edit_parts(Delivery& delivery, std::vector<OutboundPart>& parts) {
  if (!fits_cursor(delivery, parts)) {
    co_return another_plan();
  }
  std::vector<std::string> sent = delivery.remote_ids;
  const std::size_t in_place = editable(delivery);
  for (std::size_t i = delivery.parts_done; i < std::min(parts.size(), in_place); ++i) {
    const std::string& message_id = delivery.target_ids[i];
    Answer answer = co_await edit_message(delivery, message_id, parts[i]);
    if (i == 0 && answer.refused(400, "no text in the message to edit")) {
      parts = plan_caption(delivery.text);
      answer = co_await edit_message(delivery, message_id, parts[i]);
    }
    if (i > 0 && answer.refused(400, "message to edit not found")) {
      break;  // somebody deleted it
    }
    if (!answer.ok && !answer.refused(400, "message is not modified")) {
      co_return result_of(answer, Repeated::kIsHarmless);
    }
    sent.push_back(message_id);
    if (i + 1 == parts.size()) {
      break;  // the result tells of the last one
    }
    const std::string cursor = cursor_after(i, parts);
    const Completion durable =
        co_await adapter_.part_sent(delivery.op, static_cast<std::uint32_t>(i), message_id, cursor);
    if (!durable.ok()) {
      co_return Result::not_sent(PBAY_E_RETRY, "the edit could not be recorded: " + durable.text);
    }
  }
  co_return Result::sent(std::move(sent));
}

Task<Answer> Deliverer::edit_message(Delivery& delivery, const std::string& message_id,
                                     const OutboundPart& part) {
  const std::string method = part.edits_caption() ? kEditCaption : "editMessageText";
  json arguments = {{"message_id", number_or_text(message_id)}};
  add_text(part, true, arguments);
  if (!part.edits_caption()) {
    add_preview(delivery, arguments);
  }
  Answer answer = co_await call_about_target(delivery, method, arguments);
  if (answer.cannot_parse()) {
    adapter_.log_warning("Telegram could not read our markup; editing as plain text: " +
                         answer.description);
    add_text(part, false, arguments);
    answer = co_await call_about_target(delivery, method, arguments);
  }
  co_return answer;
}

Task<Result> Deliverer::react(Delivery& delivery) {
  if (!is_number(delivery.target_id)) {
    co_return no_target(delivery);
  }
  json reaction = json::array();
  if (!delivery.reaction_removed) {
    reaction.push_back({{"type", "emoji"}, {"emoji", reaction_of(delivery.emoji)}});
  }
  json arguments = {{"message_id", number_or_text(delivery.target_id)},
                    {"reaction", std::move(reaction)}};
  const Answer answer =
      co_await call_about_target(delivery, "setMessageReaction", std::move(arguments));
  co_return result_of(answer, Repeated::kIsHarmless);
}

Task<Result> Deliverer::remove(Delivery& delivery) {
  if (!has_valid_target(delivery)) {
    co_return no_target(delivery);
  }
  Result result = co_await remove_messages(delivery, delivery.target_ids);
  co_return result;
}

Task<Result> Deliverer::remove_messages(Delivery& delivery,
                                        const std::vector<std::string>& message_ids) {
  for (const std::string& message_id : message_ids) {
    json arguments = {{"message_id", number_or_text(message_id)}};
    const Answer answer =
        co_await call_about_target(delivery, "deleteMessage", std::move(arguments));
    if (!answer.ok && !answer.refused(400, "message to delete not found")) {
      co_return result_of(answer, Repeated::kIsHarmless);
    }
  }
  co_return Result::sent();
}

Task<Answer> Deliverer::call_about_target(Delivery& delivery, std::string_view method,
                                          json arguments) {
  CallOptions options = options_for(delivery, 0);
  options.idempotent = true;
  arguments["chat_id"] = number_or_text(delivery.chat.id);
  Answer answer = co_await api_.call(method, arguments, options);
  const bool moved = co_await follow_move(delivery, answer);
  if (moved) {
    arguments["chat_id"] = number_or_text(delivery.chat.id);
    answer = co_await api_.call(method, arguments, options);
  }
  co_return answer;
}

Task<bool> Deliverer::follow_move(Delivery& delivery, const Answer& answer) {
  if (answer.migrate_to_chat_id.empty()) {
    co_return false;
  }
  const std::string old_id = std::exchange(delivery.chat.id, answer.migrate_to_chat_id);
  Migration migration{old_id, delivery.chat.id};
  const bool kept = co_await moves_.remember(std::move(migration));
  static_cast<void>(kept);  // Telegram will tell again
  co_return true;
}

Task<> Deliverer::show_typing(sdk::Chat chat) {
  if (!has_valid_address(chat)) {
    co_return;
  }
  std::string chat_id = co_await moves_.current_id(chat.id);
  json arguments = {{"chat_id", number_or_text(chat_id)}, {"action", "typing"}};
  if (!chat.thread_id.empty()) {
    arguments["message_thread_id"] = number_or_text(chat.thread_id);  // here the General topic is 1
  }
  CallOptions options;
  options.timeout = std::chrono::milliseconds(5000);
  options.idempotent = true;  // it makes nothing visible, so it is no evidence about deliveries
  const Answer answer = co_await api_.call("sendChatAction", std::move(arguments), options);
  static_cast<void>(answer);
}

}  // namespace patchbay::telegram
