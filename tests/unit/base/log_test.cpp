#include "base/log.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>
#include <thread>

namespace patchbay::base {
namespace {

using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::Not;

class LogTest : public ::testing::Test {
 protected:
  ~LogTest() override { configure_log(LogLevel::kInfo, LogFormat::kText); }

  template <class Function>
  static std::string captured(Function function) {
    ::testing::internal::CaptureStderr();
    function();
    return ::testing::internal::GetCapturedStderr();
  }
};

TEST_F(LogTest, WritesOneLineOfFields) {
  const std::string line = captured([] {
    log_info("delivery.failed", {{"chat", "telegram:dm:1"},
                                 {"attempts", 3},
                                 {"final", true},
                                 {"seconds", 0.5},
                                 {"reason", "no such \"chat\" \\ here"},
                                 {"empty", ""},
                                 {"pair", "a=b"}});
  });
  EXPECT_THAT(line,
              EndsWith(" info delivery.failed chat=telegram:dm:1 attempts=3 final=true "
                       "seconds=0.500000 reason=\"no such \\\"chat\\\" \\\\ here\" empty=\"\" "
                       "pair=\"a=b\"\n"));
  EXPECT_EQ(line.find('T'), 10U) << line;
}

TEST_F(LogTest, NobodyCanForgeALineOrDriveATerminal) {
  const std::string line =
      captured([] { log_warning("x", {{"name", "a\n2026-01-01 error forged\r\x1B[2J\x7F\b"}}); });
  EXPECT_EQ(std::count(line.begin(), line.end(), '\n'), 1);
  EXPECT_THAT(line, HasSubstr("a\\u000a2026-01-01 error forged\\u000d\\u001b[2J\\u007f\\u0008\""));
  // Without a space, quotes come from the characters alone: CSI in one of them, text turned round,
  // a tag.
  EXPECT_THAT(captured([] { log_info("x", {{"name", "\u009b2J\u202egpj.exe\U000E0041\u200d"}}); }),
              HasSubstr("name=\"\\u009b2J\\u202egpj.exe\\udb40\\udc41\u200d\""));
}

TEST_F(LogTest, SaysWhatItWrites) {
  configure_log(LogLevel::kWarning, LogFormat::kText);
  EXPECT_FALSE(is_logged(LogLevel::kInfo));
  EXPECT_TRUE(is_logged(LogLevel::kWarning));
  EXPECT_TRUE(is_logged(LogLevel::kError));
}

TEST_F(LogTest, PercentAndBracesAreOnlyText) {
  EXPECT_THAT(captured([] { log_info("x", {{"text", "%s{}{0}%n"}}); }),
              EndsWith("text=%s{}{0}%n\n"));
}

TEST_F(LogTest, JsonIsJsonWhateverIsLogged) {
  configure_log(LogLevel::kInfo, LogFormat::kJson);
  const std::string line = captured([] {
    log_error("file.refused", {{"name", "\"\\\n\x01 \xC3\xA4 \xFF\xFE %v"}, {"size", 7}});
  });
  const auto value = nlohmann::json::parse(line);
  EXPECT_EQ(value["level"], "error");
  EXPECT_EQ(value["event"], "file.refused");
  EXPECT_EQ(value["name"], "\"\\\n\x01 \xC3\xA4 \xEF\xBF\xBD\xEF\xBF\xBD %v");
  EXPECT_EQ(value["size"], "7");
  EXPECT_TRUE(value.contains("time"));
}

TEST_F(LogTest, KeepsToItsLevel) {
  set_log_level(LogLevel::kWarning);
  EXPECT_EQ(captured([] {
              log_debug("a");
              log_info("b");
            }),
            "");
  EXPECT_THAT(captured([] { log_warning("c"); }), EndsWith(" warning c\n"));
  set_log_level(LogLevel::kDebug);
  EXPECT_THAT(captured([] { log_debug("d"); }), EndsWith(" debug d\n"));
}

TEST_F(LogTest, SecretsNeverLeave) {
  register_secret("123456:ABC-token");
  register_secret("123456:ABC-token-longer");
  register_secret("quo\"ted\\secret");
  register_secret("short");
  EXPECT_EQ(redact("https://api/bot123456:ABC-token/x 123456:ABC-token"),
            "https://api/bot[redacted]/x [redacted]");
  EXPECT_EQ(redact("123456:ABC-token-longer"), "[redacted]");
  EXPECT_EQ(redact("a short word"), "a short word");
  EXPECT_EQ(redact(""), "");
  for (const LogFormat format : {LogFormat::kText, LogFormat::kJson}) {
    configure_log(LogLevel::kInfo, format);
    const std::string line = captured([] {
      log_info("x", {{"url", "https://api/bot123456:ABC-token/x"},
                     {"why", "refused: quo\"ted\\secret is wrong"}});
    });
    EXPECT_THAT(line, HasSubstr("bot[redacted]/x"));
    EXPECT_THAT(line, HasSubstr("refused: [redacted] is wrong"));
    EXPECT_THAT(line, Not(HasSubstr("ABC-token")));
  }
}

TEST_F(LogTest, ASecretThatLooksLikeTheReplacementDoesNoHarm) {
  register_secret("redacted");
  EXPECT_EQ(redact("redacted!"), "[redacted]!");
  EXPECT_EQ(redact("redactedredacted"), "[redacted][redacted]");
}

TEST_F(LogTest, IsForEveryThread) {
  const std::string text = captured([] {
    std::vector<std::thread> threads;
    for (int t = 0; t < 4; ++t) {
      threads.emplace_back([t] {
        for (int i = 0; i < 100; ++i) {
          register_secret("secret-number-" + std::to_string(t * 100 + i));
          log_info("x", {{"secret", "secret-number-" + std::to_string(t * 100 + i)}});
        }
      });
    }
    for (std::thread& thread : threads) {
      thread.join();
    }
  });
  EXPECT_EQ(std::count(text.begin(), text.end(), '\n'), 400);
  EXPECT_THAT(text, Not(HasSubstr("secret-number-")));
}

}  // namespace
}  // namespace patchbay::base
