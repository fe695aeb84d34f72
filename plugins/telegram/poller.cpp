#include "telegram/poller.hpp"

#include <algorithm>
#include <charconv>
#include <nlohmann/json.hpp>
#include <utility>

#include "common/json_value.hpp"

namespace patchbay::telegram {
namespace {

using nlohmann::json;
using sdk::Completion;
using sdk::Event;
using sdk::EventKind;
using sdk::StateKind;
using sdk::Submitted;
using sdk::Task;
using std::chrono::milliseconds;

constexpr std::string_view kOffsetName = "offset";
constexpr int kPollSeconds = 30;
constexpr milliseconds kPollTimeout{40'000};  // of HTTP: longer than Telegram may take
// A message of 4,096 characters in no Latin script, escaped and with the one that it quotes, takes
// about 60 KB, and a hundred of them may wait.
constexpr std::int64_t kPollBytes = 8LL * 1024 * 1024;
// A poll of ours that was cut stays open at Telegram for as long as it asked: only after that can a
// conflict mean somebody else. It is also slow enough not to cut the other one's polls for ever.
constexpr milliseconds kConflictWait{35'000};
constexpr milliseconds kWebhookWait{60'000};
constexpr milliseconds kFirstBackoff{1'000};
constexpr milliseconds kLongestBackoff{60'000};
constexpr milliseconds kFirstResubmit{250};
constexpr milliseconds kLongestResubmit{10'000};
constexpr milliseconds kLeastPoll{500};  // an empty answer that comes sooner is no long poll

}  // namespace

Task<> Poller::run() {
  say(StateKind::kConnecting, "asking Telegram who the bot is");
  co_await load_offset();
  const bool known = co_await introduce();
  if (!known) {
    co_return;
  }
  while (true) {
    const std::int64_t asked_at = adapter_.clock.monotonic_ms();
    const Answer answer = co_await get_updates();
    if (answer.too_large()) {
      co_await ask_for_less();
      continue;
    }
    if (!answer.ok || !answer.result.is_array()) {
      const bool goes_on = co_await recover(answer);
      if (!goes_on) {
        co_return;
      }
      continue;
    }
    now_online();
    if (!answer.result.empty()) {
      co_await take(answer.result);
      limit_ = std::min(limit_ * 2, kMostUpdates);
    } else if (adapter_.clock.monotonic_ms() - asked_at < kLeastPoll.count()) {
      co_await adapter_.timer.sleep(kLeastPoll);
    }
  }
}

Task<> Poller::load_offset() {
  while (true) {
    const sdk::KvValue stored = co_await adapter_.kv.get(kOffsetName);
    if (stored.found()) {
      std::from_chars(stored.value.data(), stored.value.data() + stored.value.size(), offset_);
      co_return;
    }
    if (stored.code == PBAY_E_NOT_FOUND) {
      co_return;
    }
    say(StateKind::kDegraded, "the offset could not be read: " + stored.error);
    const milliseconds wait = next_backoff();
    co_await adapter_.timer.sleep(wait);
  }
}

Task<bool> Poller::introduce() {
  CallOptions options;
  options.idempotent = true;
  while (true) {
    json nothing = json::object();
    const Answer answer = co_await api_.call("getMe", std::move(nothing), options);
    if (answer.ok) {
      me_ = read_identity(answer.result);
      break;
    }
    const bool goes_on = co_await recover(answer);
    if (!goes_on) {
      co_return false;
    }
  }
  adapter_.log_info("the bot is @" + me_.username + " (" + me_.id + ")");
  if (!me_.reads_all_group_messages) {
    adapter_.log_info(
        "privacy mode is on: in groups the bot gets commands and answers to its messages only; to "
        "let it read along, send /setprivacy to @BotFather, then remove it from the group and add "
        "it "
        "again");
  }
  adapter_.metadata(
      common::to_text({{"fact", "account"},
                       {"id", me_.id},
                       {"username", me_.username},
                       {"name", me_.name},
                       {"can_read_all_group_messages", me_.reads_all_group_messages}}));
  now_online();
  co_return true;
}

Task<Answer> Poller::get_updates() {
  CallOptions options;
  options.idempotent = true;
  options.timeout = kPollTimeout;
  options.max_answer_bytes = kPollBytes;
  json arguments = {
      {"timeout", kPollSeconds}, {"limit", limit_}, {"allowed_updates", allowed_updates()}};
  if (offset_ != 0) {
    arguments["offset"] = offset_;
  }
  Answer answer = co_await api_.call("getUpdates", std::move(arguments), options);
  co_return answer;
}

Task<> Poller::ask_for_less() {
  if (limit_ > 1) {
    limit_ /= 2;
    adapter_.log_warning("the updates that wait are larger than " + std::to_string(kPollBytes) +
                         " bytes; asking for " + std::to_string(limit_) + " at once");
    co_return;
  }
  const milliseconds wait = next_backoff();
  if (offset_ == 0) {  // its number is not known, so it cannot be passed over
    say(StateKind::kDegraded,
        "the first update that waits is larger than " + std::to_string(kPollBytes) + " bytes",
        "open https://api.telegram.org/bot<token>/getUpdates?limit=1, and again with &offset= and "
        "its update_id + 1, to pass over it");
  } else {
    adapter_.log_error("update " + std::to_string(offset_) +
                       " was left out, since one update may have " + std::to_string(kPollBytes) +
                       " bytes");
    co_await confirm(offset_ + 1);
  }
  co_await adapter_.timer.sleep(wait);
}

Task<bool> Poller::recover(const Answer& answer) {
  if (answer.unauthorized()) {
    say(StateKind::kFailed, "Telegram refuses the bot token (" + answer.description + ")",
        "copy the token from @BotFather (/token) into settings.bot_token, check settings.api_base, "
        "and restart patchbay: a reload does not change instances");
    co_return false;
  }
  milliseconds wait = next_backoff();
  if (answer.refused(409, "webhook")) {
    say(StateKind::kDegraded,
        "a webhook is set for this bot, so it cannot poll: " + answer.description,
        "stop the service that set the webhook, or remove it by deleteWebhook");
    wait = kWebhookWait;
  } else if (answer.answered && answer.code == 409) {
    say(StateKind::kDegraded,
        "another program polls with this bot token, or a poll from before a restart is still "
        "open: " +
            answer.description,
        "if it lasts for more than a minute, stop the other program or use another bot");
    wait = kConflictWait;
  } else if (answer.answered && answer.code == 429) {
    say(StateKind::kRateLimited, answer.description);
    wait = std::max(wait, milliseconds(std::max<std::int64_t>(answer.retry_after_ms, 0)));
  } else {
    say(StateKind::kDegraded, answer.answered
                                  ? "Telegram answered: " + answer.description
                                  : "Telegram cannot be reached: " + answer.description);
  }
  co_await adapter_.timer.sleep(wait);
  co_return true;
}

// The ids of the batch alone decide about the next offset: after a quiet week Telegram starts anew
// from a random number, which may be below the old offset.
Task<> Poller::take(const json& updates) {
  std::optional<std::int64_t> last_id;
  std::vector<Item> items;
  for (const json& update : updates) {
    std::optional<Meaning> meaning = read_update(update, me_);
    if (!meaning) {
      adapter_.log_warning("Telegram sent an update that is none; it is left out");
      continue;
    }
    last_id = std::max(last_id.value_or(meaning->update_id), meaning->update_id);
    co_await prepare(*std::move(meaning), items);
  }
  if (!last_id) {
    co_await adapter_.timer.sleep(kLongestBackoff);  // it would come again at once
    co_return;
  }
  co_await submit_until_stored(std::move(items));
  co_await confirm(*last_id + 1);
}

Task<> Poller::prepare(Meaning meaning, std::vector<Item>& items) {
  if (meaning.migration) {
    co_await remember_move(*meaning.migration);
  }
  if (meaning.reachable_again && meaning.event) {
    adapter_.chat_reachable(meaning.event->chat);
  }
  if (!meaning.event && meaning.callback_query_id.empty()) {
    co_return;
  }
  Item item;
  item.callback_query_id = std::move(meaning.callback_query_id);
  item.dropped = !meaning.event.has_value();
  if (meaning.event) {
    item.original = *std::move(meaning.event);
  }
  if (item.original.kind == EventKind::kAction) {
    co_await resolve_button(item);
  }
  items.push_back(std::move(item));
}

Task<> Poller::remember_move(const Migration& migration) {
  milliseconds wait = kFirstResubmit;
  while (true) {
    Migration copy = migration;
    const bool kept = co_await moves_.remember(std::move(copy));
    if (kept) {
      co_return;
    }
    co_await adapter_.timer.sleep(wait);
    wait = std::min(wait * 2, kLongestResubmit);
  }
}

Task<> Poller::resolve_button(Item& item) {
  if (!QuestionBook::is_ours(item.original.action)) {
    co_return;
  }
  milliseconds wait = kFirstResubmit;
  QuestionBook::Found pressed = co_await questions_.find(item.original.action);
  while (!pressed.is_certain()) {
    adapter_.log_warning("the question of a pressed button could not be read, trying again: " +
                         pressed.error);
    co_await adapter_.timer.sleep(wait);
    wait = std::min(wait * 2, kLongestResubmit);
    pressed = co_await questions_.find(item.original.action);
  }
  if (pressed.code == PBAY_E_NOT_FOUND) {
    item.callback_answer = "This question is no longer open.";
    item.dropped = true;
    adapter_.log_info("a button of a question that is no longer known was pressed");
    co_return;
  }
  item.original.action = pressed.option.value;
  item.original.extra_json = common::to_text(
      {{"questionId", pressed.option.question_id}, {"label", pressed.option.label}});
}

// In the order in which they came: the host lets none overtake one that it could not store.
Task<> Poller::submit_until_stored(std::vector<Item> items) {
  milliseconds wait = kFirstResubmit;
  bool first_try = true;
  while (!items.empty()) {
    std::vector<Event> events;
    for (const Item& item : items) {
      if (!item.dropped) {
        events.push_back(item.original);
      }
    }
    if (first_try) {
      co_await downloader_.stage_files(events);
    }  // later on the files go by reference: what was staged went with the first try
    const std::vector<Submitted> results = co_await adapter_.submit_all(events);
    std::vector<Item> again;
    std::size_t next = 0;
    for (Item& item : items) {
      const Submitted submitted = item.dropped ? Submitted() : results[next++];
      if (!item.dropped && !adapter_.settled(item.original, submitted)) {
        again.push_back(std::move(item));
        continue;
      }
      if (!item.callback_query_id.empty()) {
        adapter_.spawn("answer button", answer_button(std::move(item.callback_query_id),
                                                      std::move(item.callback_answer)));
      }
    }
    items = std::move(again);
    if (!items.empty()) {
      adapter_.log_warning(std::to_string(items.size()) +
                           " messages could not be stored; Telegram keeps them, trying again");
      co_await adapter_.timer.sleep(wait);
      wait = std::min(wait * 2, kLongestResubmit);
      first_try = false;
    }
  }
}

Task<> Poller::confirm(std::int64_t next_offset) {
  const std::string text = std::to_string(next_offset);
  milliseconds wait = kFirstResubmit;
  while (true) {
    const Completion stored = co_await adapter_.kv.put(kOffsetName, text);
    if (stored.ok()) {
      offset_ = next_offset;
      co_return;
    }
    adapter_.log_warning("the offset could not be stored, trying again: " + stored.text);
    co_await adapter_.timer.sleep(wait);
    wait = std::min(wait * 2, kLongestResubmit);
  }
}

// Always: the person's button spins until then. Too late is harmless.
Task<> Poller::answer_button(std::string query_id, std::string text) {
  json arguments = {{"callback_query_id", std::move(query_id)}};
  if (!text.empty()) {
    arguments["text"] = std::move(text);
  }
  CallOptions options;
  options.idempotent = true;
  const Answer answer = co_await api_.call("answerCallbackQuery", std::move(arguments), options);
  if (!answer.ok && !answer.refused(400, "query is too old")) {
    adapter_.log_warning("a button could not be answered: " + answer.description);
  }
}

void Poller::now_online() {
  failures_ = 0;
  say(StateKind::kOnline, "serving @" + me_.username);
}

// Once for each change.
void Poller::say(StateKind kind, const std::string& reason, std::string user_action) {
  if (state_.kind == kind && state_.reason == reason) {
    return;
  }
  state_ = sdk::State(kind, api_.redact(reason), std::move(user_action));
  adapter_.set_state(state_);
}

milliseconds Poller::next_backoff() {
  const int doublings = std::min(failures_++, 6);
  return adapter_.clock.jitter(std::min(kFirstBackoff * (1 << doublings), kLongestBackoff));
}

}  // namespace patchbay::telegram
