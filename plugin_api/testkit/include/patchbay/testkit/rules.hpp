// The rules of adapter.h that can be seen to be broken, by name. A breach says which one, what
// happened, and where the rule is written.
#ifndef PATCHBAY_TESTKIT_RULES_HPP
#define PATCHBAY_TESTKIT_RULES_HPP

#include <cstdint>
#include <string>
#include <string_view>

namespace patchbay::testkit {

enum class Rule : std::uint8_t {
  // ---- the file ----
  kLoads,
  kOneSymbol,
  kSidecar,
  kQuietEntry,
  kModule,
  // ---- the life of an instance ----
  kCreate,
  kQuietCreate,
  kStructSize,
  kStop,
  kAfterStopped,
  kMissingExtension,
  // ---- every call ----
  kLentMemory,
  kCallTime,
  kExceptions,
  kCrash,
  kExit,
  kProcessState,
  kDescriptors,
  kOutput,
  kRest,
  // ---- operations ----
  kOperationId,
  kOneCompletion,
  kMissingCompletion,
  kResult,
  kParts,
  // ---- what it says ----
  kEvent,
  kChat,
  kText,
  kJson,
  kArray,
  kState,
  kReport,
  kLog,
  kSecret,
  // ---- what it asks the host for ----
  kHttp,
  kAllowedHosts,
  kTimer,
  kKv,
  kStaging,
  kConnection,
  kWebhook,
  // ---- what it promises ----
  kCapabilities,
  kTranslate,
  // ---- the test itself ----
  kScript,
};

struct RuleText {
  Rule rule;
  std::string_view name;      // "one-completion"
  std::string_view sentence;  // the rule in words
  std::string_view page;      // where it is written: a header, and the words to look for
};

[[nodiscard]] const RuleText& text_of(Rule rule) noexcept;
[[nodiscard]] inline std::string_view name_of(Rule rule) noexcept { return text_of(rule).name; }

struct Breach {
  Rule rule;
  std::string what;
};

}  // namespace patchbay::testkit

#endif  // PATCHBAY_TESTKIT_RULES_HPP
