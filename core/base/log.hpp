// Structured logging: one event name per fact, fields as key=value. Secrets that were registered
// never leave, not even inside an error's text.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>

namespace patchbay::base {

enum class LogLevel : std::uint8_t { kDebug, kInfo, kWarning, kError };

// A value as the log shows it; strings are quoted when they have to be.
struct LogField {
  LogField(std::string_view field_key, std::string_view text) : key(field_key), value(text) {}
  LogField(std::string_view field_key, const char* text) : key(field_key), value(text) {}
  LogField(std::string_view field_key, const std::string& text) : key(field_key), value(text) {}
  LogField(std::string_view field_key, bool flag)
      : key(field_key), value(flag ? "true" : "false") {}
  template <class Number>
    requires(std::is_arithmetic_v<Number> && !std::is_same_v<Number, bool>)
  LogField(std::string_view field_key, Number number)
      : key(field_key), value(std::to_string(number)) {}
  std::string_view key;
  std::string value;
};

// [any thread] event: "delivery.failed", lower case, dots between nouns.
void log(LogLevel level, std::string_view event, std::initializer_list<LogField> fields = {});

inline void log_debug(std::string_view event, std::initializer_list<LogField> fields = {}) {
  log(LogLevel::kDebug, event, fields);
}
inline void log_info(std::string_view event, std::initializer_list<LogField> fields = {}) {
  log(LogLevel::kInfo, event, fields);
}
inline void log_warning(std::string_view event, std::initializer_list<LogField> fields = {}) {
  log(LogLevel::kWarning, event, fields);
}
inline void log_error(std::string_view event, std::initializer_list<LogField> fields = {}) {
  log(LogLevel::kError, event, fields);
}

enum class LogFormat : std::uint8_t { kText, kJson };
// [before threads] To standard error.
void configure_log(LogLevel level, LogFormat format);
// [any thread]
void set_log_level(LogLevel level);
// [any thread] Whether a line of this level is written at all.
[[nodiscard]] bool is_logged(LogLevel level);

// [any thread] From now on every occurrence of `secret` in log output becomes "[redacted]".
// Secrets shorter than 6 bytes are not registered: they would blank out ordinary words.
void register_secret(std::string_view secret);
// [any thread] `text` with every registered secret replaced; for errors that people see.
[[nodiscard]] std::string redact(std::string_view text);

}  // namespace patchbay::base
