#include "console/client/answers.hpp"

#include <algorithm>
#include <charconv>
#include <random>

namespace patchbay::console {

Answers::Answers() : prefix_("c-") {
  std::random_device device;
  for (int i = 0; i < 20; ++i) {
    prefix_ += "abcdefghijklmnopqrstuvwxyz012345"[device() % 32];
  }
  prefix_ += '-';
}

std::string Answers::next_id() { return prefix_ + std::to_string(++said_); }

std::optional<std::uint64_t> Answers::number_of(std::string_view id) const {
  if (!id.starts_with(prefix_)) {
    return std::nullopt;
  }
  id.remove_prefix(prefix_.size());
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(id.data(), id.data() + id.size(), number);
  const bool whole = error == std::errc() && end == id.data() + id.size();
  return whole && number != 0 && number <= said_ ? std::optional(number) : std::nullopt;
}

void Answers::host_has(std::string_view id) {
  newest_ = std::max(newest_, number_of(id).value_or(0));
}

void Answers::shown(std::string_view reply_to) {
  const std::uint64_t answered = reply_to.empty() ? newest_ : number_of(reply_to).value_or(0);
  if (answered != 0) {
    ++count_;
    answered_ = std::max(answered_, answered);
  }
}

}  // namespace patchbay::console
