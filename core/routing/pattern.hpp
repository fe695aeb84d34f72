// Regular expressions from the configuration, matched against what strangers write.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "base/status.hpp"

struct pcre2_real_code_8;

namespace patchbay::routing {

enum class LetterCase : std::uint8_t { kMatters, kIgnored };

// PCRE2 with bounded work: a text on which the expression runs away does not match, and is logged.
class Pattern {
 public:
  // kInvalidArgument: what is wrong, and at which character.
  static base::Result<Pattern> compile(const std::string& expression, LetterCase letter_case);
  // [any thread] Somewhere in the text.
  [[nodiscard]] bool matches(std::string_view text) const;

 private:
  struct FreeCode {
    void operator()(pcre2_real_code_8* code) const;
  };
  Pattern(std::string expression, pcre2_real_code_8* code)
      : expression_(std::move(expression)), code_(code) {}

  std::string expression_;
  std::unique_ptr<pcre2_real_code_8, FreeCode> code_;
};

}  // namespace patchbay::routing
