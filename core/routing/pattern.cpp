#include "routing/pattern.hpp"

#define PCRE2_CODE_UNIT_WIDTH 8
#include <array>
#include <pcre2.h>

#include "base/limits.hpp"
#include "base/log.hpp"

namespace patchbay::routing {
namespace {

std::string describe(int error) {
  std::array<PCRE2_UCHAR, 256> text{};
  pcre2_get_error_message(error, text.data(), text.size());
  return std::string(reinterpret_cast<const char*>(text.data()));
}

struct MatchWork {
  explicit MatchWork(const pcre2_code* code)
      : context(pcre2_match_context_create(nullptr)),
        data(pcre2_match_data_create_from_pattern(code, nullptr)) {
    pcre2_set_match_limit(context, limits::kPatternMatchSteps);
    pcre2_set_depth_limit(context, limits::kPatternMatchSteps);
    pcre2_set_heap_limit(context, limits::kPatternHeapKibibytes);
  }
  ~MatchWork() {
    pcre2_match_data_free(data);
    pcre2_match_context_free(context);
  }
  MatchWork(const MatchWork&) = delete;
  MatchWork& operator=(const MatchWork&) = delete;

  pcre2_match_context* context;
  pcre2_match_data* data;
};

}  // namespace

void Pattern::FreeCode::operator()(pcre2_real_code_8* code) const { pcre2_code_free(code); }

base::Result<Pattern> Pattern::compile(const std::string& expression, LetterCase letter_case) {
  int error = 0;
  PCRE2_SIZE position = 0;
  // Text that is not UTF-8 matches nothing across its bad bytes, instead of being an error.
  const std::uint32_t options = PCRE2_UTF | PCRE2_MATCH_INVALID_UTF |
                                (letter_case == LetterCase::kIgnored ? PCRE2_CASELESS : 0U);
  pcre2_code* code = pcre2_compile(reinterpret_cast<PCRE2_SPTR>(expression.data()),
                                   expression.size(), options, &error, &position, nullptr);
  if (code == nullptr) {
    return base::Status(base::Code::kInvalidArgument,
                        "the pattern \"" + expression + "\" is no regular expression: " +
                            describe(error) + " at character " + std::to_string(position));
  }
  return Pattern(expression, code);
}

bool Pattern::matches(std::string_view text) const {
  const MatchWork work(code_.get());
  if (work.context == nullptr || work.data == nullptr) {
    return false;
  }
  const int result = pcre2_match(code_.get(), reinterpret_cast<PCRE2_SPTR>(text.data()),
                                 text.size(), 0, 0, work.data, work.context);
  if (result < 0 && result != PCRE2_ERROR_NOMATCH) {
    base::log_warning(
        "routing.pattern_gave_up",
        {{"pattern", expression_}, {"text_bytes", text.size()}, {"reason", describe(result)}});
  }
  return result >= 0;
}

}  // namespace patchbay::routing
