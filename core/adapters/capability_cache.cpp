#include "adapters/capability_cache.hpp"

#include "base/limits.hpp"

namespace patchbay::adapters {

using delivery::ChannelLimits;

std::optional<ChannelLimits> CapabilityCache::find(const Chat& chat,
                                                   base::MonotonicTime now) const {
  const auto found = known_.find(chat);
  if (found == known_.end() || now - found->second.at > limits::kCapabilitiesKept) {
    return std::nullopt;
  }
  return found->second.limits;
}

std::uint64_t CapabilityCache::asked(Chat chat, Done done) {
  questions_[++last_question_] = {std::move(chat), std::move(done)};
  return last_question_;
}

void CapabilityCache::answered(std::uint64_t question, const pbay_caps& caps,
                               base::MonotonicTime now) {
  const auto found = questions_.find(question);
  if (found == questions_.end()) {
    return;
  }
  const Question asked = std::move(found->second);
  questions_.erase(found);
  if (known_.size() >= limits::kCapabilityChats) {
    known_.clear();
  }
  Known& known = known_[asked.chat];
  if (caps.generation >= known.generation) {
    known.generation = caps.generation;
    known.limits.capability_bits = caps.bits;
    known.limits.chat = {caps.chat_messages, base::Milliseconds(caps.chat_period_ms)};
    known.limits.account = {caps.account_messages, base::Milliseconds(caps.account_period_ms)};
  }
  known.at = now;
  asked.done(known.limits);
}

void CapabilityCache::end_all() {
  while (!questions_.empty()) {
    const Question question = std::move(questions_.begin()->second);
    questions_.erase(questions_.begin());
    question.done({});
  }
}

}  // namespace patchbay::adapters
