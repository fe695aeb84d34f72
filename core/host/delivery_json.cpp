#include "host/delivery_json.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "base/iso_time.hpp"
#include "base/json.hpp"
#include "base/limits.hpp"
#include "base/text.hpp"

namespace patchbay::host {
namespace {

using nlohmann::json;

constexpr std::size_t kPreviewBytes = 40;
constexpr std::size_t kAttemptsTold = 20;  // in words, the last ones
// Of one trace: well below what the control socket answers, escapes and all.
constexpr std::size_t kTraceBytes = 4 * limits::kControlFrameBytes;

// "[photo.jpg, notes.txt]"; empty without files.
std::string names_of_files(const json& content) {
  std::string names;
  const json files = content.value("files", json::array());
  if (!files.is_array()) {
    return names;
  }
  for (const json& file : files) {
    if (file.is_string()) {
      names += (names.empty() ? "[" : ", ") + file.get<std::string>();
    }
  }
  return names.empty() ? names : names + "]";
}

// The beginning of what the message says, for a list.
std::string preview_of(const std::string& content) {
  const auto parsed = base::parse_json(content);
  std::string text;
  if (parsed.ok() && parsed->is_object()) {
    text = parsed->value("text", json("")).is_string() ? parsed->value("text", "") : "";
    if (base::trim(text).empty()) {
      text = parsed->contains("operation") ? "(" + (*parsed)["operation"].dump() + ")"
                                           : names_of_files(*parsed);
    }
  }
  const std::string_view prefix = base::utf8_prefix(text, kPreviewBytes);
  return std::string(prefix) + (prefix.size() < text.size() ? "…" : "");
}

// The ranges of adapter.h.
std::string_view class_of(std::int32_t code) {
  if (code <= -100 && code > -200) {
    return "retryable";
  }
  if (code <= -200 && code > -300) {
    return "permanent";
  }
  if (code <= -300 && code > -400) {
    return "account";
  }
  if (code <= -400 && code > -500) {
    return "unknown";
  }
  return code == 0 ? "ok" : "bug";
}

std::string outcome_text(store::DeliveryState outcome) {
  return outcome == store::DeliveryState::kWaiting ? "waits again"
                                                   : std::string(store::to_string(outcome));
}

json attempt_json(const store::AttemptRecord& attempt) {
  json row = {{"number", attempt.number},
              {"beganAt", base::format_iso_utc(attempt.began_at)},
              {"reason", attempt.reason}};
  if (attempt.ended_at) {
    row["endedAt"] = base::format_iso_utc(*attempt.ended_at);
  }
  if (attempt.outcome) {
    row["outcome"] = store::to_string(*attempt.outcome);
  }
  if (attempt.code) {
    row["code"] = *attempt.code;
    row["class"] = class_of(*attempt.code);
  }
  return row;
}

std::string text_of(const store::AttemptRecord& attempt) {
  std::string text =
      "attempt " + std::to_string(attempt.number) + ", " + base::format_iso_utc(attempt.began_at);
  if (!attempt.outcome || !attempt.ended_at) {
    return text + ": under way";
  }
  text += " to " + base::format_iso_utc(*attempt.ended_at) + ": " + outcome_text(*attempt.outcome);
  if (attempt.code && *attempt.code != 0) {
    text +=
        ", " + std::string(class_of(*attempt.code)) + " (" + std::to_string(*attempt.code) + ")";
  }
  return attempt.reason.empty() ? text : text + ": " + attempt.reason;
}

void add_attempts(const TracedDelivery& traced, json& steps) {
  const auto& attempts = traced.attempts;
  if (attempts.empty() && traced.record.attempts > 0) {
    steps.push_back(std::to_string(traced.record.attempts) +
                    " attempts, of before each was recorded");
  }
  const std::size_t first = attempts.size() > kAttemptsTold ? attempts.size() - kAttemptsTold : 0;
  if (first > 0) {
    steps.push_back(std::to_string(first) + " earlier attempts; --json has them all");
  }
  for (std::size_t i = first; i < attempts.size(); ++i) {
    steps.push_back(text_of(attempts[i]));
  }
}

std::string origin_of(const store::DeliveryRecord& delivery) {
  std::string text = "written by ";
  text += delivery.agent.empty()
              ? "the host"
              : "agent " + delivery.agent.str() + ", session " + delivery.session.str();
  text += " as row " + delivery.message_out_id;
  return delivery.answers.empty() ? text : text + ", in answer to row " + delivery.answers;
}

std::string end_of(const store::DeliveryRecord& delivery) {
  std::string text(store::to_string(delivery.state));
  if (delivery.finished_at) {
    text += " " + base::format_iso_utc(*delivery.finished_at);
  } else if (delivery.not_before) {
    text += " until " + base::format_iso_utc(*delivery.not_before);
  }
  return delivery.reason.empty() ? text : text + ": " + delivery.reason;
}

// One delivery's way, in words.
json traced_json(const TracedDelivery& traced) {
  const store::DeliveryRecord& delivery = traced.record;
  json row = delivery_json(delivery);
  json log = json::array();
  for (const store::AttemptRecord& attempt : traced.attempts) {
    log.push_back(attempt_json(attempt));
  }
  row["attemptLog"] = std::move(log);
  json steps = json::array();
  steps.push_back(origin_of(delivery));
  steps.push_back("accepted " + base::format_iso_utc(delivery.accepted_at) + " for " +
                  delivery.lane.chat.str());
  for (const std::string& refused : delivery.refused_files) {
    steps.push_back("file refused: " + refused);
  }
  add_attempts(traced, steps);
  for (const store::DeliveryPart& part : delivery.parts) {
    steps.push_back("part " + std::to_string(part.part) + " is on the platform as " +
                    part.remote_id);
  }
  steps.push_back(end_of(delivery));
  if (!delivery.evidence.empty()) {
    steps.push_back("evidence: " + delivery.evidence);
  }
  if (delivery.state == store::DeliveryState::kUnknown) {
    steps.push_back("look into the chat, then: patchbay deliveries resolve " +
                    std::to_string(delivery.id) + " delivered|failed|resend");
  }
  row["steps"] = std::move(steps);
  return row;
}

std::string_view name_of(store::Disposition disposition) {
  switch (disposition) {
    case store::Disposition::kStored:
      return "stored";
    case store::Disposition::kIntake:
      return "intake";
    case store::Disposition::kRefused:
      return "refused";
    case store::Disposition::kHandled:
      return "handled";
  }
  return "stored";
}

std::string disposition_text(const TracedEvent& event) {
  switch (event.seen.disposition) {
    case store::Disposition::kStored:
      return "stored, and the platform was told so";
    case store::Disposition::kIntake:
      return event.rows.empty() ? "kept by the host: no agent is wired to the chat yet"
                                : "kept by the host until the session is free";
    case store::Disposition::kRefused:
      return "given to no agent: none is asked in this chat, its policy refuses the sender, or as "
             "many messages of a chat that no wiring names waited as are kept";
    case store::Disposition::kHandled:
      return "handled by the host itself";
  }
  return "";
}

std::string text_of(const session::SessionStorage::RowState& row) {
  const std::string times = std::to_string(row.tries);
  // Its status follows when people have been told.
  if (row.tries > limits::kClaimTries && (row.status == "failed" || row.status == "pending")) {
    return "given up after " + times +
           " attempts; the agent ended each time before it was done with it";
  }
  if (row.status == "failed") {
    return "the agent says that it failed at it";
  }
  if (row.status == "completed") {
    return "the agent is done with it and gave no answer";
  }
  if (row.status == "queued") {
    return "it waits for its files, or until the agent is done with earlier ones";
  }
  if (row.status == "held") {
    return "context, which the agent gets with the next message that wakes it";
  }
  if (row.status == "pending" && row.tries > 0 && row.process_after) {
    return "no answer yet; the agent ended " + times +
           " times before it was done with it, and is given it again from " +
           base::format_iso_utc(*row.process_after);
  }
  return row.status == "pending" ? "no answer yet" : "no answer yet; it is " + row.status;
}

std::string text_of(const TracedRow& traced) {
  std::string text = "row " + traced.row.row_id + " in the inbox of agent " +
                     traced.row.agent.str() + ", session " + traced.row.session.str() + ": ";
  if (traced.answers.empty()) {
    return text + (traced.state ? text_of(*traced.state) : "no answer yet");
  }
  text += traced.answers.size() == 1 ? "answered by delivery" : "answered by deliveries";
  for (std::size_t i = 0; i < traced.answers.size(); ++i) {
    text += (i == 0 ? " " : ", ") + std::to_string(traced.answers[i]);
  }
  return text;
}

json event_json(const TracedEvent& event) {
  const store::SeenRecord& seen = event.seen;
  json rows = json::array();
  json steps = json::array({"came in " + base::format_iso_utc(seen.at) + " by " +
                                seen.key.instance.str() + ", as event " + seen.key.event_id,
                            disposition_text(event)});
  for (const TracedRow& traced : event.rows) {
    json row = {{"agentId", traced.row.agent.str()},
                {"sessionId", traced.row.session.str()},
                {"rowId", traced.row.row_id},
                {"answers", traced.answers}};
    if (traced.state) {
      row["status"] = traced.state->status;
      row["tries"] = traced.state->tries;
    }
    rows.push_back(std::move(row));
    steps.push_back(text_of(traced));
  }
  return {{"instance", seen.key.instance.str()},
          {"chat", seen.key.chat.str()},
          {"eventId", seen.key.event_id},
          {"messageId", seen.message_id},
          {"receivedAt", base::format_iso_utc(seen.at)},
          {"disposition", name_of(seen.disposition)},
          {"rows", std::move(rows)},
          {"steps", std::move(steps)}};
}

// Rows from the newest on, as far as they have room in the answer.
class TraceRows {
 public:
  // What has no room is left out, and whatever is smaller after it may be told.
  void add(std::vector<json>& to, json row) {
    // Some of it an agent or a platform said, whose bytes need not be text.
    const std::size_t bytes = row.dump(-1, ' ', false, json::error_handler_t::replace).size();
    if (bytes > room_) {
      left_out_ = true;
      return;
    }
    room_ -= bytes;
    to.push_back(std::move(row));
  }
  [[nodiscard]] bool left_out() const { return left_out_; }

 private:
  std::size_t room_ = kTraceBytes;
  bool left_out_ = false;
};

}  // namespace

json delivery_json(const store::DeliveryRecord& delivery) {
  json parts = json::array();
  for (const store::DeliveryPart& part : delivery.parts) {
    parts.push_back({{"part", part.part}, {"remoteId", part.remote_id}});
  }
  json row = {{"id", delivery.id},
              {"rowId", delivery.message_out_id},
              {"agentId", delivery.agent.str()},
              {"sessionId", delivery.session.str()},
              {"instance", delivery.lane.instance.str()},
              {"chat", delivery.lane.chat.str()},
              {"thread", delivery.lane.thread.str()},
              {"state", store::to_string(delivery.state)},
              {"attempts", delivery.attempts},
              {"reason", delivery.reason},
              {"evidence", delivery.evidence},
              {"acceptedAt", base::format_iso_utc(delivery.accepted_at)},
              {"preview", preview_of(delivery.content)},
              {"parts", std::move(parts)}};
  if (delivery.finished_at) {
    row["finishedAt"] = base::format_iso_utc(*delivery.finished_at);
  }
  if (delivery.not_before) {
    row["notBefore"] = base::format_iso_utc(*delivery.not_before);
  }
  return row;
}

json trace_json(const Trace& trace) {
  TraceRows rows;
  std::vector<json> events;
  for (const TracedEvent& event : trace.events) {
    rows.add(events, event_json(event));
  }
  std::vector<json> deliveries;
  for (auto newest = trace.deliveries.rbegin(); newest != trace.deliveries.rend(); ++newest) {
    rows.add(deliveries, traced_json(*newest));
  }
  std::reverse(deliveries.begin(), deliveries.end());
  return {{"count", events.size() + deliveries.size()},
          {"events", std::move(events)},
          {"deliveries", std::move(deliveries)},
          {"more", trace.more || rows.left_out()},
          {"severalChats", trace.several_chats}};
}

}  // namespace patchbay::host
