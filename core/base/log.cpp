#include "base/log.hpp"

#include <algorithm>
#include <cstdio>
#include <shared_mutex>
#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>
#include <vector>

#include "base/text.hpp"

namespace patchbay::base {
namespace {

constexpr std::size_t kShortestSecret = 6;

// Process-wide like the log itself: a secret is secret in every line.
struct Secrets {
  std::shared_mutex mutex;
  std::vector<std::string> values;  // guarded by mutex; longest first
};

Secrets& secrets() {
  static Secrets instance;
  return instance;
}

LogFormat& format() {
  static LogFormat instance = LogFormat::kText;
  return instance;
}

spdlog::logger& logger() {
  static const std::shared_ptr<spdlog::logger> instance = [] {
    auto made = std::make_shared<spdlog::logger>("patchbay",
                                                 std::make_shared<spdlog::sinks::stderr_sink_mt>());
    made->set_pattern("%Y-%m-%dT%H:%M:%S.%e%z %l %v");
    made->flush_on(spdlog::level::info);
    return made;
  }();
  return *instance;
}

spdlog::level::level_enum to_spdlog(LogLevel level) {
  switch (level) {
    case LogLevel::kDebug:
      return spdlog::level::debug;
    case LogLevel::kInfo:
      return spdlog::level::info;
    case LogLevel::kWarning:
      return spdlog::level::warn;
    case LogLevel::kError:
      return spdlog::level::err;
  }
  return spdlog::level::err;
}

// As JSON escapes it: above U+FFFF by a pair of surrogates.
void append_escape(std::string& line, char32_t c) {
  const auto unit = [&line](unsigned value) {
    std::array<char, 8> escape{};
    std::snprintf(escape.data(), escape.size(), "\\u%04x", value & 0xFFFFU);
    line += escape.data();
  };
  if (c > 0xFFFF) {
    unit(0xD800U + ((c - 0x10000U) >> 10U));
    unit(0xDC00U + ((c - 0x10000U) & 0x3FFU));
  } else {
    unit(c);
  }
}

// A line is UTF-8, and a terminal shows what it says, whatever somebody sent us.
void append_escaped(std::string& line, std::string_view value) {
  const std::string valid = to_valid_utf8(value);
  line += '"';
  for (std::string_view rest = valid; !rest.empty();) {
    const std::string_view before = rest;
    const char32_t c = take_code_point(rest);
    if (c == '"' || c == '\\') {
      line += '\\';
      line += static_cast<char>(c);
    } else if (is_invisible(c)) {
      append_escape(line, c);
    } else {
      line += before.substr(0, before.size() - rest.size());
    }
  }
  line += '"';
}

bool is_bare(std::string_view value) {
  if (value.empty() || !is_valid_utf8(value)) {
    return false;
  }
  for (std::string_view rest = value; !rest.empty();) {
    const char32_t c = take_code_point(rest);
    if (is_invisible(c) || c == ' ' || c == '"' || c == '=' || c == '\\') {
      return false;
    }
  }
  return true;
}

std::string text_line(std::string_view event, std::initializer_list<LogField> fields) {
  std::string line(event);
  for (const LogField& field : fields) {
    line += ' ';
    line += field.key;
    line += '=';
    // Before escaping, which would make a secret with a quote in it unrecognisable.
    const std::string value = redact(field.value);
    if (is_bare(value)) {
      line += value;
    } else {
      append_escaped(line, value);
    }
  }
  return line;
}

std::string json_line(LogLevel level, std::string_view event,
                      std::initializer_list<LogField> fields) {
  const auto level_name = spdlog::level::to_string_view(to_spdlog(level));
  std::string line = R"("level":")";
  line.append(level_name.data(), level_name.size());
  line += R"(","event":)";
  append_escaped(line, event);
  for (const LogField& field : fields) {
    line += ',';
    append_escaped(line, field.key);
    line += ':';
    append_escaped(line, redact(field.value));
  }
  line += '}';
  return line;
}

}  // namespace

void log(LogLevel level, std::string_view event, std::initializer_list<LogField> fields) {
  if (!is_logged(level)) {
    return;
  }
  const std::string line =
      format() == LogFormat::kText ? text_line(event, fields) : json_line(level, event, fields);
  logger().log(to_spdlog(level), "{}", line);
}

void configure_log(LogLevel level, LogFormat new_format) {
  format() = new_format;
  logger().set_pattern(new_format == LogFormat::kText ? "%Y-%m-%dT%H:%M:%S.%e%z %l %v"
                                                      : R"({"time":"%Y-%m-%dT%H:%M:%S.%e%z",%v)");
  set_log_level(level);
}

void set_log_level(LogLevel level) { logger().set_level(to_spdlog(level)); }

bool is_logged(LogLevel level) { return logger().should_log(to_spdlog(level)); }

void register_secret(std::string_view secret) {
  if (secret.size() < kShortestSecret) {
    return;
  }
  const std::unique_lock lock(secrets().mutex);
  auto& values = secrets().values;
  if (std::find(values.begin(), values.end(), secret) == values.end()) {
    values.emplace_back(secret);
    std::sort(values.begin(), values.end(),
              [](const std::string& a, const std::string& b) { return a.size() > b.size(); });
  }
}

std::string redact(std::string_view text) {
  static constexpr std::string_view kRedacted = "[redacted]";
  std::string result(text);
  const std::shared_lock lock(secrets().mutex);
  for (const std::string& secret : secrets().values) {
    for (std::size_t at = result.find(secret); at != std::string::npos;
         at = result.find(secret, at + kRedacted.size())) {
      result.replace(at, secret.size(), kRedacted);
    }
  }
  return result;
}

}  // namespace patchbay::base
