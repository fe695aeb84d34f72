// patchbay-validate as a program, and the misbehaving sample: whatever it does, the rule is named.
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <iterator>
#include <nlohmann/json.hpp>
#include <string>
#include <sys/wait.h>
#include <unistd.h>
#include <vector>

#include "private_host_cases.hpp"
#include "settings_schema_cases.hpp"

namespace patchbay::validate {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;
using ::testing::AnyOf;
using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

struct Execution {
  int status = -1;
  std::string output;  // both streams

  [[nodiscard]] json report() const { return json::parse(output, nullptr, false); }
  // The rules that findings name, in order.
  [[nodiscard]] std::vector<std::string> rules() const {
    std::vector<std::string> out;
    for (const json& check : report().value("checks", json::array())) {
      for (const json& finding : check["findings"]) {
        out.push_back(finding["rule"]);
      }
    }
    return out;
  }
};

Execution validate(const std::string& arguments, const std::string& environment = "") {
  const std::string command = environment + " '" PATCHBAY_VALIDATE "' " + arguments + " 2>&1";
  std::FILE* pipe = ::popen(command.c_str(), "r");
  Execution out;
  char bytes[4096];
  for (std::size_t count = 0; (count = std::fread(bytes, 1, sizeof(bytes), pipe)) > 0;) {
    out.output.append(bytes, count);
  }
  const int status = ::pclose(pipe);
  out.status = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  return out;
}

class Folder {
 public:
  Folder() {
    char name[] = "/tmp/patchbay-validate-XXXXXX";
    path_ = ::mkdtemp(name);
  }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  ~Folder() { fs::remove_all(path_); }

  std::string write(const std::string& name, const std::string& text) const {
    std::ofstream(path_ / name) << text;
    return path_ / name;
  }
  [[nodiscard]] const fs::path& path() const { return path_; }

 private:
  fs::path path_;
};

// ---- every switch ----

struct Case {
  const char* misbehave;
  const char* check;
  const char* rule;
};

void PrintTo(const Case& given, std::ostream* out) { *out << given.misbehave; }
std::string name_of(const testing::TestParamInfo<Case>& given) { return given.param.misbehave; }

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr bool kSanitized = true;
#else
constexpr bool kSanitized = false;
#endif
// A sanitizer makes every call slow, and has an allocator of its own.
bool is_seen(std::string_view misbehave) {
  return !kSanitized || (misbehave != "be_slow" && misbehave != "entry_allocates");
}

template <class Table>
std::vector<Case> seen(const Table& table) {
  std::vector<Case> out;
  std::copy_if(std::begin(table), std::end(table), std::back_inserter(out),
               [](const Case& given) { return is_seen(given.misbehave); });
  return out;
}

class Switch : public testing::TestWithParam<Case> {};

TEST_P(Switch, IsNamed) {
  const Folder folder;
  const json settings = {{"misbehave", GetParam().misbehave},
                         {"api_base", "https://platform.example.org/send"},
                         {"token", "a-very-secret-token"}};
  const std::string config = folder.write("settings.json", settings.dump());
  const Execution run =
      validate("'" MISBEHAVING "' --json --fixtures '" MISBEHAVING_FIXTURES "' --config " + config +
               " --check " + GetParam().check);
  EXPECT_EQ(run.status, 1) << run.output;
  // A sanitizer ends the process where it would crash.
  const std::string rule = GetParam().rule;
  const std::string also = kSanitized && rule == "crash" ? "exit" : rule;
  EXPECT_THAT(run.rules(), Contains(AnyOf(rule, also))) << run.output;
}

constexpr Case kSwitches[] = {
    {"complete_twice", "contract", "one-completion"},
    {"complete_foreign", "contract", "one-completion"},
    {"complete_never", "contract", "missing-completion"},
    {"fail_without_words", "contract", "result"},
    {"code_of_no_class", "contract", "result"},
    {"ok_but_not_sent", "contract", "result"},
    {"retry_what_was_sent", "contract", "result"},
    {"operation_zero", "contract", "operation-id"},
    {"operation_pending_twice", "contract", "operation-id"},
    {"timer_negative", "contract", "timer"},
    {"part_before_durable", "contract", "parts"},
    {"part_skipped", "contract", "parts"},
    {"part_of_nothing", "contract", "parts"},
    {"part_without_id", "contract", "parts"},
    {"part_id_too_long", "contract", "parts"},
    {"part_number_of_a_text", "contract", "parts"},
    {"request_before_durable", "contract", "parts"},
    {"request_for_nothing", "contract", "http"},
    {"request_of_a_short_file", "contract", "http"},
    {"method_of_two_words", "contract", "http"},
    {"url_with_a_space", "contract", "http"},
    {"header_of_two_lines", "contract", "http"},
    {"post_elsewhere", "contract", "allowed-hosts"},
    {"headers_without_stride", "contract", "array"},
    {"headers_without_size", "contract", "array"},
    {"event_without_chat", "contract", "chat"},
    {"event_without_ids", "contract", "event"},
    {"event_id_too_long", "contract", "event"},
    {"event_text_too_long", "contract", "event"},
    {"event_without_size", "contract", "struct-size"},
    {"sender_without_size", "contract", "struct-size"},
    {"event_of_no_text", "contract", "text"},
    {"chat_of_no_text", "contract", "text"},
    {"reaction_without_emoji", "contract", "event"},
    {"edit_without_target", "contract", "event"},
    {"extra_is_no_object", "contract", "json"},
    {"file_without_source", "contract", "event"},
    {"file_not_committed", "contract", "staging"},
    {"write_to_no_file", "contract", "staging"},
    {"log_two_lines", "contract", "log"},
    {"log_the_token", "contract", "secret"},
    {"fact_is_no_object", "contract", "json"},
    {"report_of_nothing", "contract", "report"},
    {"state_of_no_kind", "contract", "state"},
    {"stopped_without_stop", "contract", "stop"},
    {"key_too_long", "contract", "kv"},
    {"listener_of_no_name", "contract", "connection"},
    {"keep_pointers", "contract", "lent-memory"},
    {"close_the_file", "contract", "descriptors"},
    {"leak_descriptors", "contract", "descriptors"},
    {"be_slow", "contract", "call-time"},
    {"hang", "contract", "call-time"},
    {"throw", "contract", "exceptions"},
    {"crash", "contract", "crash"},
    {"exit", "contract", "exit"},
    {"abort", "contract", "exit"},
    {"signal_handler", "contract", "process-state"},
    {"locale", "contract", "process-state"},
    {"umask", "contract", "process-state"},
    {"working_folder", "contract", "process-state"},
    {"environment", "contract", "process-state"},
    {"print", "contract", "output"},
    {"complete_at_cancel", "cancellation", "one-completion"},
    {"forget_the_cancelled", "cancellation", "missing-completion"},
    {"webhook_answered_twice", "contract", "webhook"},
    {"webhook_of_no_status", "contract", "webhook"},
    {"webhook_without_answer", "contract", "webhook"},
    {"webhook_answer_without_size", "contract", "struct-size"},
    {"declare_edit", "capabilities", "capabilities"},
    {"declare_edit_with_a_bug", "capabilities", "capabilities"},
    {"edit_undeclared", "capabilities", "capabilities"},
    {"edit_rejected", "capabilities", "capabilities"},
    {"lookup_without_function", "contract", "capabilities"},
    {"declare_typing", "capabilities", "capabilities"},
    {"overrun_capabilities", "capabilities", "struct-size"},
    {"translate_to_nothing_known", "payloads", "translate"},
    {"translate_nothing", "fixtures", "translate"},
    {"crash_on_nonsense", "payloads", "crash"},
    {"fetch_never", "deadlines", "missing-completion"},
    {"fetch_without_commit", "contract", "staging"},
    {"have_every_extension", "extensions", "missing-extension"},
    {"expect_every_extension", "extensions", "crash"},
    {"refuse_without_words", "lifecycle", "create"},
    {"create_of_no_code", "lifecycle", "create"},
    {"create_half", "lifecycle", "create"},
    {"overrun_instance", "lifecycle", "struct-size"},
    {"work_in_create", "lifecycle", "quiet-create"},
    {"staging_in_create", "lifecycle", "quiet-create"},
    {"file_in_create", "lifecycle", "quiet-create"},
    {"hang_in_create", "lifecycle", "call-time"},
    {"never_rest", "lifecycle", "rest"},
    {"stop_never", "lifecycle", "stop"},
    {"stop_too_early", "shutdown", "missing-completion"},
    {"call_after_stopped", "lifecycle", "after-stopped"},
    {"log_after_stopped", "lifecycle", "after-stopped"},
    {"crash_in_destroy", "lifecycle", "crash"},
};
INSTANTIATE_TEST_SUITE_P(Misbehaving, Switch, testing::ValuesIn(seen(kSwitches)), name_of);

// ---- what a library does before its settings are read ----

class AtLoad : public testing::TestWithParam<Case> {};

TEST_P(AtLoad, IsNamed) {
  const Execution run =
      validate(std::string("'" MISBEHAVING "' --json --check ") + GetParam().check,
               std::string("MISBEHAVE_AT_LOAD=") + GetParam().misbehave);
  EXPECT_EQ(run.status, 1) << run.output;
  EXPECT_THAT(run.rules(), Contains(GetParam().rule)) << run.output;
}

constexpr Case kAtLoad[] = {
    {"crash", "load", "crash"},
    {"exit", "load", "exit"},
    {"abort", "load", "exit"},
    {"throw", "load", "exceptions"},
    {"umask", "load", "process-state"},
    {"print", "load", "output"},
    {"no_module", "version", "module"},
    {"magic", "version", "module"},
    {"draft", "version", "module"},
    {"newer_minor", "version", "module"},
    {"channel", "version", "module"},
    {"no_create", "version", "module"},
    {"entry_allocates", "version", "quiet-entry"},
    {"entry_starts_a_thread", "version", "quiet-entry"},
    {"entry_umask", "version", "process-state"},
    {"entry_signal_handler", "version", "process-state"},
    {"entry_working_folder", "lifecycle", "process-state"},
};
INSTANTIATE_TEST_SUITE_P(Misbehaving, AtLoad, testing::ValuesIn(seen(kAtLoad)), name_of);

// ---- the file ----

class File : public testing::Test {
 protected:
  // A copy of the sample whose sidecar is changed.
  std::string copy(const std::function<void(json&)>& change) {
    const fs::path library = folder_.path() / "misbehaving.so";
    fs::copy_file(MISBEHAVING, library, fs::copy_options::overwrite_existing);
    std::ifstream original(fs::path(MISBEHAVING).replace_extension(".adapter.json"));
    json sidecar = json::parse(original);
    change(sidecar);
    folder_.write("misbehaving.adapter.json", sidecar.dump());
    return library;
  }
  std::string problem(const std::string& library, const char* check = "sidecar") {
    const Execution run = validate(library + " --json --check " + check);
    EXPECT_EQ(run.status, 1) << run.output;
    EXPECT_THAT(run.rules(), Contains("sidecar")) << run.output;
    return run.report()["checks"][0]["findings"][0]["what"];
  }

  Folder folder_;
};

TEST_F(File, ASidecarHasToBeThere) {
  const std::string library = copy([](json&) {});
  fs::remove(folder_.path() / "misbehaving.adapter.json");
  EXPECT_THAT(problem(library), HasSubstr("misbehaving.adapter.json is missing"));
  folder_.write("misbehaving.adapter.json", "[");
  EXPECT_THAT(problem(library), HasSubstr("is no JSON object"));
}

TEST_F(File, ASidecarIsOfThisVeryFile) {
  const std::string library = copy([](json&) {});
  std::ofstream(library, std::ios::app) << "x";
  EXPECT_THAT(problem(library), HasSubstr("'sha256' is not that of the library"));
  EXPECT_THAT(problem(copy([](json& sidecar) { sidecar["id"] = "other"; }), "version"),
              HasSubstr("the sidecar's id 'other'"));
  EXPECT_THAT(problem(copy([](json& sidecar) { sidecar["abi"]["draft"] = 77; })),
              HasSubstr("'abi' is"));
}

// The host is given the same ones: tests/unit/adapters/kit_test.cpp.
TEST_F(File, ASchemaIsTakenWhereAHostTakesIt) {
  for (const json& given : testkit::settings_schema_cases()) {
    const std::string library =
        copy([&given](json& sidecar) { sidecar["settings"] = given["schema"]; });
    const Execution run = validate(library + " --json --check sidecar");
    EXPECT_EQ(run.status, given["good"] == true ? 0 : 1) << given.dump() << run.output;
  }
}

TEST_F(File, AnAllowedHostIsAHost) {
  const auto with = [&](const char* host) {
    return problem(copy([&](json& sidecar) { sidecar["allowed_hosts"] = {host}; }));
  };
  EXPECT_THAT(with("https://api.example.com/"), HasSubstr("write \"api.example.com\""));
  for (const char* host :
       {"", "api.example.com:443", "api.example.com/", "unix:/run/a.sock", "a b"}) {
    EXPECT_THAT(with(host), HasSubstr("which is no host's name")) << host;
  }
  const std::string good = copy([](json& sidecar) {
    sidecar["allowed_hosts"] = {
        "api.example.com", "*.Example.org", "10.0.0.5", "::1", "[::1]", "*"};
  });
  const Execution run = validate(good + " --json --check sidecar");
  EXPECT_EQ(run.status, 0) << run.output;
}

// The host is given the same ones, too.
TEST_F(File, APrivateHostIsForTheOperatorToOpen) {
  const std::string library = copy([](json& sidecar) {
    sidecar["allowed_hosts"] = json::array();
    for (const std::string_view host : testkit::kPrivateHosts) {
      sidecar["allowed_hosts"].push_back(host);
    }
    for (const std::string_view host : testkit::kPublicHosts) {
      sidecar["allowed_hosts"].push_back(host);
    }
    const auto url = [](const char* given) {
      return json{{"type", "string"}, {"format", "uri"}, {"default", given}};
    };
    sidecar["settings"]["properties"] = {
        {"api", url("https://api.example.com")},
        {"local", url("http://127.0.0.1:8080/")},
        {"more", {{"type", "object"}, {"properties", {{"socket", url("unix:/run/a.sock")}}}}}};
  });
  const Execution run = validate(library + " --json --check sidecar");
  EXPECT_EQ(run.status, 0) << run.output;
  const std::vector<std::string> notes = run.report()["checks"][0]["notes"];
  EXPECT_EQ(notes.size(), std::size(testkit::kPrivateHosts) + 2) << run.output;
  for (const std::string_view host : testkit::kPrivateHosts) {
    EXPECT_THAT(notes, Contains(HasSubstr("'allowed_hosts' holds \"" + std::string(host) + '"')));
  }
  EXPECT_THAT(notes,
              Contains(HasSubstr("setting 'local' is \"http://127.0.0.1:8080/\" by default")));
  EXPECT_THAT(notes, Contains(HasSubstr("setting 'more.socket'")));
}

TEST_F(File, ASchemaThatIsWrongIsExplained) {
  const auto with = [&](const char* property) {
    return problem(copy(
        [&](json& sidecar) { sidecar["settings"]["properties"]["x"] = json::parse(property); }));
  };
  EXPECT_THAT(with(R"({"type":"text"})"), HasSubstr("settings.x: 'type' is not one"));
  EXPECT_THAT(with(R"({"type":"string","enum":[]})"), HasSubstr("'enum' is no list"));
  EXPECT_THAT(with(R"({"type":"string","default":7})"), HasSubstr("not of its type"));
  EXPECT_THAT(with(R"({"type":"string","secret":"yes"})"), HasSubstr("neither true nor false"));
  EXPECT_THAT(with(R"({"type":"object","required":["y"]})"), HasSubstr("which is no property"));
}

TEST_F(File, OneSymbolIsExported) {
  const Execution run = validate("'" EXPORTS_TWO "' --json --check symbols");
  EXPECT_EQ(run.rules(), std::vector<std::string>{"one-symbol"}) << run.output;
  EXPECT_THAT(run.output, HasSubstr("it exports another_symbol as well"));
  const Execution text =
      validate(folder_.write("text.so", "no library") + " --json --check symbols");
  EXPECT_EQ(text.rules(), std::vector<std::string>{"loads"}) << text.output;
}

// ---- the program ----

TEST(Program, AGoodAdapterPassesEveryCheck) {
  const Execution run = validate("'" MISBEHAVING "' --json");
  EXPECT_EQ(run.status, 0) << run.output;
  EXPECT_THAT(run.rules(), IsEmpty()) << run.output;
  EXPECT_GT(run.report()["checks"].size(), 15U);
  EXPECT_EQ(run.report()["ok"], true);
}

TEST(Program, TheReportNamesRuleSentenceAndPage) {
  const Folder folder;
  const std::string config = folder.write("settings.json", R"({"misbehave":"complete_twice"})");
  const Execution run = validate("'" MISBEHAVING "' --check contract --config " + config);
  EXPECT_EQ(run.status, 1);
  EXPECT_THAT(run.output, HasSubstr("one-completion: op_complete of 1 (delivery) a second time"));
  EXPECT_THAT(run.output, HasSubstr("op_complete() comes once"));
  EXPECT_THAT(run.output, HasSubstr("adapter.h, \"Operations\""));
  EXPECT_THAT(run.output, HasSubstr("1 check, 1 failed"));
}

TEST(Program, AnAdapterThatTakesAnythingDoesNotRefuseNonsense) {
  const Folder folder;
  const std::string config = folder.write("settings.json", R"({"misbehave":"translate_nothing"})");
  const Execution run = validate("'" MISBEHAVING "' --json --check payloads --config " + config);
  EXPECT_EQ(run.rules(), std::vector<std::string>{"translate"}) << run.output;
}

// What a platform that is made up cannot show is said, and is no finding.
TEST(Program, WhatWasNotSeenIsSaid) {
  const Folder folder;
  const std::string config = folder.write("settings.json", R"({"misbehave":"fail_without_words"})");
  const std::string options = "'" MISBEHAVING "' --check capabilities --config " + config;
  const Execution run = validate(options + " --json");
  const std::string note = run.report()["checks"][0]["notes"].at(0);
  EXPECT_THAT(note, HasSubstr("nothing could be delivered"));
  EXPECT_THAT(validate(options).output, HasSubstr("note: " + note));
  EXPECT_THAT(
      validate("'" MISBEHAVING "' --check capabilities --json").report()["checks"][0]["notes"],
      IsEmpty());
}

// The host refuses them by the schema, before the adapter is asked.
TEST_F(File, SettingsWithoutARequiredOneMayBeTaken) {
  const std::string library =
      copy([](json& sidecar) { sidecar["settings"]["required"] = {"token"}; });
  const std::string config = folder_.write("settings.json", R"({"token":"t"})");
  const Execution run = validate(library + " --json --check settings --config " + config);
  EXPECT_EQ(run.status, 0) << run.output;
}

// The seed that a failure tells of has the same failure alone.
TEST(Program, AFuzzFailureCanBeHadAgain) {
  const Folder folder;
  const std::string config =
      folder.write("settings.json", R"({"misbehave":"retry_what_was_sent"})");
  const std::string options = "'" MISBEHAVING "' --json --config " + config;
  const Execution first = validate(options + " --seed 5 --check fuzz");
  ASSERT_EQ(first.status, 1) << first.output;
  const std::string what = first.report()["checks"][0]["findings"][0]["what"];
  const auto at = what.find("--reproduce ");
  ASSERT_NE(at, std::string::npos) << what;
  const std::string again = what.substr(at, what.find(')', at) - at);
  const Execution second = validate(options + " " + again);
  EXPECT_EQ(second.report()["checks"][0]["findings"][0]["what"], what);
  EXPECT_EQ(validate(options + " " + again).report()["checks"][0]["findings"],
            second.report()["checks"][0]["findings"]);
}

TEST(Program, WhatItCannotDoIsAMistakeOfUsage) {
  EXPECT_EQ(validate("").status, 2);
  EXPECT_THAT(validate("").output, HasSubstr("which adapter?"));
  EXPECT_EQ(validate("/nowhere.so").status, 2);
  EXPECT_EQ(validate("'" MISBEHAVING "' --check nothing").status, 2);
  EXPECT_EQ(validate("'" MISBEHAVING "' --seed many").status, 2);
  EXPECT_EQ(validate("'" MISBEHAVING "' --config /nowhere.json").status, 2);
  EXPECT_EQ(validate("'" MISBEHAVING "' --unheard of").status, 2);
  EXPECT_EQ(validate("--help").status, 0);
  EXPECT_THAT(validate("--list").output, HasSubstr("one-completion"));
}

}  // namespace
}  // namespace patchbay::validate
