#include "telegram/question_book.hpp"

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>
#include <vector>

#include "common/json_value.hpp"

namespace patchbay::telegram {
namespace {

using nlohmann::json;
using sdk::Delivery;
using sdk::Task;

constexpr std::string_view kPrefix = "q:";
constexpr std::size_t kKeyDigits = 16;
constexpr std::string_view kListName = "questions";

// FNV-1a: the key must only be short, and the same for every attempt of a delivery.
std::string key_of(const Delivery& delivery) {
  std::uint64_t hash = 14695981039346656037ULL;
  for (const std::string* text : {&delivery.question_id, &delivery.idempotency_key}) {
    for (const char c : *text + '\n') {
      hash = (hash ^ static_cast<unsigned char>(c)) * 1099511628211ULL;
    }
  }
  std::string out(kKeyDigits, '0');
  for (std::size_t i = 0; i < kKeyDigits; ++i) {
    out[kKeyDigits - 1 - i] = "0123456789abcdef"[(hash >> (4 * i)) & 0xFU];
  }
  return out;
}

std::string entry_name(std::string_view key) { return "question/" + std::string(key); }

std::string entry_of(const Delivery& delivery) {
  json options = json::array();
  for (const sdk::Option& option : delivery.options) {
    options.push_back({{"label", option.label}, {"value", option.value}});
  }
  return common::to_text({{"question", delivery.question_id}, {"options", std::move(options)}});
}

std::optional<PressedOption> option_of(std::string_view entry, std::size_t number) {
  const auto question = common::parse_json(entry);
  if (!question) {
    return std::nullopt;
  }
  const json& options = common::member(*question, "options");
  if (!options.is_array() || number >= options.size()) {
    return std::nullopt;
  }
  return PressedOption{common::string_of(*question, "question"),
                       common::string_of(options[number], "label"),
                       common::string_of(options[number], "value")};
}

// Once each: a key that stood twice would take its entry with it when the first one is forgotten.
std::deque<std::string> keys_of(std::string_view list) {
  std::deque<std::string> keys;
  std::set<std::string> known;
  const auto stored = common::parse_json(list);
  if (!stored || !stored->is_array()) {
    return keys;
  }
  for (const json& key : *stored) {
    if (key.is_string() && known.insert(key.get<std::string>()).second) {
      keys.push_back(key.get<std::string>());
    }
  }
  return keys;
}

}  // namespace

std::string QuestionBook::button_of(const Delivery& delivery, std::size_t option) {
  return std::string(kPrefix) + key_of(delivery) + ":" + std::to_string(option);
}

bool QuestionBook::is_ours(std::string_view data) {
  if (data.size() <= kPrefix.size() + kKeyDigits + 1 || !data.starts_with(kPrefix) ||
      data[kPrefix.size() + kKeyDigits] != ':') {
    return false;
  }
  // A client may send what it likes, and the host takes no name that is not UTF-8.
  const std::string_view key = data.substr(kPrefix.size(), kKeyDigits);
  return key.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

Task<bool> QuestionBook::remember(const Delivery& delivery) {
  const std::string key = key_of(delivery);
  const std::string name = entry_name(key);
  const std::string entry = entry_of(delivery);
  const sdk::Completion kept = co_await kv_.put(name, entry);
  if (!kept.ok()) {
    co_return false;
  }
  const bool listed = co_await enlist(key);
  co_return listed;
}

Task<QuestionBook::Found> QuestionBook::find(std::string data) {
  Found found;
  if (!is_ours(data)) {
    co_return found;
  }
  const std::string name = entry_name(std::string_view(data).substr(kPrefix.size(), kKeyDigits));
  const std::string_view digits = std::string_view(data).substr(kPrefix.size() + kKeyDigits + 1);
  std::size_t number = 0;
  const auto parsed = std::from_chars(digits.data(), digits.data() + digits.size(), number);
  if (parsed.ec != std::errc()) {
    co_return found;
  }
  const sdk::KvValue entry = co_await kv_.get(name);
  found.code = entry.code;
  found.error = entry.error;
  if (entry.found()) {
    const std::optional<PressedOption> option = option_of(entry.value, number);
    found.code = option ? PBAY_OK : PBAY_E_NOT_FOUND;
    found.option = option.value_or(PressedOption());
  }
  co_return found;
}

Task<bool> QuestionBook::load() {
  const sdk::KvValue list = co_await kv_.get(kListName);
  if (!list.found() && list.code != PBAY_E_NOT_FOUND) {
    co_return false;  // what is stored must not be taken for nothing, and overwritten
  }
  if (!loaded_) {  // else: by another question, which has been added to it
    keys_ = keys_of(list.value);
    loaded_ = true;
  }
  co_return true;
}

// Forgets the oldest when there are too many. The list is written after the entry and before one is
// removed, so a crash leaves an entry too many rather than a button without meaning.
Task<bool> QuestionBook::enlist(std::string key) {
  if (!loaded_) {
    const bool loaded = co_await load();
    if (!loaded) {
      co_return false;
    }
  }
  if (std::find(keys_.begin(), keys_.end(), key) != keys_.end()) {
    co_return true;
  }
  keys_.push_back(std::move(key));
  std::vector<std::string> forgotten;
  while (keys_.size() > kKept) {
    forgotten.push_back(entry_name(keys_.front()));
    keys_.pop_front();
  }
  const std::string list = common::to_text(json(keys_));
  const sdk::Completion kept = co_await kv_.put(kListName, list);
  for (const std::string& name : forgotten) {
    const sdk::Completion removed = co_await kv_.remove(name);
    static_cast<void>(removed);  // an entry too many harms nobody
  }
  co_return kept.ok();
}

}  // namespace patchbay::telegram
