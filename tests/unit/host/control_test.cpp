#include <atomic>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>
#include <poll.h>
#include <thread>

#include "base/event_loop.hpp"
#include "host/client_commands.hpp"
#include "host/command_line.hpp"
#include "host/control_protocol.hpp"
#include "host/control_server.hpp"
#include "host/instance_lock.hpp"
#include "host/text_table.hpp"
#include "net/unix_stream.hpp"
#include "test_common/temp_folder.hpp"

namespace patchbay::host {
namespace {

using nlohmann::json;
using ::testing::AllOf;
using ::testing::HasSubstr;

constexpr base::Milliseconds kPatience{20'000};

struct FrameCase {
  const char* name;
  const char* line;
  const char* id;
  const char* problem;
};
class FrameTest : public ::testing::TestWithParam<FrameCase> {};

TEST_P(FrameTest, ABadRequestIsAnsweredUnderItsId) {
  json params;
  const ControlRequest request = parse_request(GetParam().line, params);
  EXPECT_EQ(request.id, GetParam().id);
  EXPECT_THAT(request.problem.message(), HasSubstr(GetParam().problem));
}

INSTANTIATE_TEST_SUITE_P(
    Table, FrameTest,
    ::testing::Values(FrameCase{"NotJson", "hello", "invalid", "invalid request frame"},
                      FrameCase{"NoObject", "[1]", "invalid", "must be an object"},
                      FrameCase{"NoType", R"({"id":"7","method":"m"})", "7", "type must be"},
                      FrameCase{"NoId", R"({"type":"req","method":"m"})", "invalid", "'id'"},
                      FrameCase{"NoMethod", R"({"type":"req","id":"7"})", "7", "'method'"},
                      FrameCase{"Closed", R"({"type":"req","id":"7","method":"m","x":1})", "7",
                                "unexpected property 'x'"},
                      FrameCase{"BadParams", R"({"type":"req","id":"7","method":"m","params":[]})",
                                "7", "'params'"}),
    [](const auto& tested) { return tested.param.name; });

class ControlTest : public ::testing::Test {
 protected:
  void SetUp() override {
    server = std::make_unique<ControlServer>(unread_answer);
    server->add("echo", {{"a"}, {"n", ParamType::kCount}},
                [](const json& params, ControlServer::Reply reply) { reply(params); });
    server->add("later", {}, [this](const json&, ControlServer::Reply reply) {
      loop.post([reply = std::move(reply)] { reply(json{{"late", true}}); });
    });
    server->add("slow", {}, [this](const json&, ControlServer::Reply reply) {
      most_under_way = std::max<int>(most_under_way, ++under_way);
      loop.post([this, reply = std::move(reply)] {
        --under_way;
        reply(json::object());
      });
    });
    server->add("large", {}, [](const json&, ControlServer::Reply reply) {
      reply(json{{"text", std::string(4 * limits::kMiB, 'x')}});
    });
    server->add("too-large", {}, [](const json&, ControlServer::Reply reply) {
      reply(json{{"text", std::string(10 * limits::kMiB, 'x')}});
    });
    server->add("fails", {}, [](const json&, ControlServer::Reply reply) {
      reply(base::Status(base::Code::kNotFound, "nothing of that name"));
    });
    std::filesystem::create_directories(folder / "run");
    const base::Status listening = server->listen(loop, control_socket_path(folder.path()));
    ASSERT_TRUE(listening.ok()) << listening.message();
    thread = std::thread([this] { loop.run(); });
  }
  void TearDown() override {
    loop.post([this] {
      server.reset();
      loop.stop();
    });
    thread.join();
  }

  test::TempFolder folder;
  base::EventLoop loop;
  base::Milliseconds unread_answer = kPatience;
  std::atomic<int> under_way = 0;       // of slow
  std::atomic<int> most_under_way = 0;  // at once
  std::unique_ptr<ControlServer> server;
  std::thread thread;
};

TEST_F(ControlTest, AnswersCallsAtOnceLaterAndWithErrors) {
  EXPECT_EQ(call_host(folder.path(), "echo", {{"a", "b"}}).value(), json({{"a", "b"}}));
  EXPECT_EQ(call_host(folder.path(), "later", json::object()).value(), json({{"late", true}}));
  const auto failed = call_host(folder.path(), "fails", json::object());
  EXPECT_EQ(failed.status().code(), base::Code::kNotFound);
  EXPECT_EQ(failed.status().message(), "nothing of that name");
  EXPECT_EQ(call_host(folder.path(), "nope", json::object()).status().message(),
            "unknown method: nope");
}

TEST_F(ControlTest, SeveralRequestsInOneWriteAreAllAnswered) {
  auto stream = net::UnixStream::connect(control_socket_path(folder.path()), kPatience);
  ASSERT_TRUE(stream.ok());
  ASSERT_TRUE(stream
                  ->send(request_line("1", "echo", {{"n", 1}}) + "nonsense\n" +
                             request_line("2", "later", json::object()),
                         kPatience)
                  .ok());
  stream->finish_sending();
  std::string lines;
  while (true) {
    const auto line = stream->read_line(kPatience);
    ASSERT_TRUE(line.ok()) << line.status().message();
    if (!line->has_value()) {
      break;
    }
    lines += **line + "\n";
  }
  EXPECT_EQ(std::count(lines.begin(), lines.end(), '\n'), 3);
  EXPECT_THAT(lines, HasSubstr(R"("id":"invalid")"));
  EXPECT_THAT(lines, HasSubstr(R"("id":"2")"));
}

TEST_F(ControlTest, ThoseWhoSayNothingMakeRoom) {
  std::vector<net::UnixStream> silent;
  for (std::size_t i = 0; i < limits::kControlConnections + 5; ++i) {
    auto stream = net::UnixStream::connect(control_socket_path(folder.path()), kPatience);
    ASSERT_TRUE(stream.ok());
    silent.push_back(std::move(*stream));
  }
  EXPECT_EQ(call_host(folder.path(), "echo", {{"n", 1}}).value(), json({{"n", 1}}));
  const auto first = silent.front().read_line(kPatience);
  EXPECT_TRUE(!first.ok() || !first->has_value()) << "it was quiet longest";
  ASSERT_TRUE(silent.back().send(request_line("1", "echo", {{"n", 2}}), kPatience).ok());
  EXPECT_THAT(silent.back().read_line(kPatience).value().value_or(""), HasSubstr(R"("n":2)"));
}

TEST_F(ControlTest, AConnectionHasOneRequestUnderWay) {
  constexpr int kRequests = 100;
  auto stream = net::UnixStream::connect(control_socket_path(folder.path()), kPatience);
  ASSERT_TRUE(stream.ok());
  std::string lines;
  for (int i = 0; i < kRequests; ++i) {
    lines += request_line(std::to_string(i), "slow", json::object());
  }
  ASSERT_TRUE(stream->send(lines, kPatience).ok());
  stream->finish_sending();
  for (int i = 0; i < kRequests; ++i) {
    const auto line = stream->read_line(kPatience);
    ASSERT_TRUE(line.ok() && line->has_value()) << i;
    EXPECT_THAT(**line, HasSubstr("\"id\":\"" + std::to_string(i) + "\"")) << "in their order";
  }
  EXPECT_FALSE(stream->read_line(kPatience).value().has_value());
  EXPECT_EQ(most_under_way, 1);
}

TEST_F(ControlTest, AnAnswerOverTheLimitIsAnErrorThatSaysSo) {
  EXPECT_THAT(call_host(folder.path(), "too-large", json::object()).status().message(),
              HasSubstr("ask for less at once"));
}

class ImpatientControlTest : public ControlTest {
 protected:
  ImpatientControlTest() { unread_answer = base::Milliseconds(50); }
};

TEST_F(ImpatientControlTest, AClientThatDoesNotReadItsAnswerIsDropped) {
  auto stream = net::UnixStream::connect(control_socket_path(folder.path()), kPatience);
  ASSERT_TRUE(stream.ok());
  ASSERT_TRUE(stream->send(request_line("1", "large", json::object()), kPatience).ok());
  pollfd end = {stream->fd(), 0, 0};
  EXPECT_EQ(::poll(&end, 1, static_cast<int>(kPatience.count())), 1) << "it is still connected";
  EXPECT_NE(end.revents & POLLHUP, 0);
}

// The host gives a long list in pages.
TEST_F(ControlTest, AListHasAsManyRowsAsWereAskedFor) {
  const auto give_pages_of_two = [this](const std::string& rows_name) {
    server->add(rows_name + ".list", {{"limit", ParamType::kCount}, {"before", ParamType::kCount}},
                [rows_name](const json& params, ControlServer::Reply reply) {
                  const std::int64_t from = params.value("before", std::int64_t{10}) - 1;
                  json rows = json::array();
                  for (std::int64_t id = from;
                       id > 0 && id > from - params["limit"].get<int>() && id > from - 2; --id) {
                    rows.push_back({{"id", id}});
                  }
                  json answer = {{"count", rows.size()}, {rows_name, rows}};
                  if (from > 2) {
                    answer["next"] = rows.back()["id"];
                  }
                  reply(std::move(answer));
                });
  };
  loop.post([&] {
    give_pages_of_two("deliveries");
    give_pages_of_two("sessions");
  });
  const auto listed = [this](const std::string& what, std::size_t limit) {
    CommandLine line;
    line.command = what;
    line.json = true;
    line.limit = limit;
    testing::internal::CaptureStdout();
    EXPECT_EQ(run_client_command(line, folder.path()), kExitDone);
    std::string ids;
    const json answer = json::parse(testing::internal::GetCapturedStdout());
    for (const json& row : answer[what]) {
      ids += std::to_string(row["id"].get<int>());
    }
    EXPECT_EQ(answer["count"], ids.size());
    return ids + (answer.contains("next") ? "+" : "");
  };
  for (const char* what : {"deliveries", "sessions"}) {
    SCOPED_TRACE(what);
    EXPECT_EQ(listed(what, 5), "98765+");
    EXPECT_EQ(listed(what, 50), "987654321");
  }
}

TEST_F(ControlTest, ATraceIsAskedForInOneChatAndSaysThatThereIsMore) {
  loop.post([this] {
    server->add("trace", {{"id", ParamType::kText, true}, {"chat"}},
                [](const json& params, ControlServer::Reply reply) {
                  json event = {{"messageId", "42"}, {"chat", params.value("chat", "all")}};
                  reply(json{{"events", json::array({event})},
                             {"more", params.value("chat", "") != "telegram:dm:8"},
                             {"severalChats", !params.contains("chat")}});
                });
  });
  const auto told = [this](const std::string& chat) {
    CommandLine line;
    line.command = "trace";
    line.arguments = {"42"};
    line.chat = chat;
    testing::internal::CaptureStdout();
    EXPECT_EQ(run_client_command(line, folder.path()), kExitDone);
    return testing::internal::GetCapturedStdout();
  };
  EXPECT_EQ(told(""),
            "message 42 in all\nThere is more of that id; --chat KEY asks for one chat alone\n");
  EXPECT_EQ(told("telegram:dm:7"),
            "message 42 in telegram:dm:7\n"
            "There is more of that id than one answer holds: this is the newest of it\n");
  EXPECT_EQ(told("telegram:dm:8"), "message 42 in telegram:dm:8\n");
}

// As `printf … | nc -U` sends them.
TEST_F(ControlTest, ALastLineWithoutItsEndIsAnsweredToo) {
  const auto answers_to = [this](const std::string& bytes) {
    auto stream = net::UnixStream::connect(control_socket_path(folder.path()), kPatience);
    EXPECT_TRUE(stream.ok() && stream->send(bytes, kPatience).ok());
    stream->finish_sending();
    std::string lines;
    for (auto line = stream->read_line(kPatience); line.ok() && line->has_value();
         line = stream->read_line(kPatience)) {
      lines += **line + "\n";
    }
    return lines;
  };
  std::string request = request_line("1", "later", json::object());
  request.pop_back();
  EXPECT_THAT(answers_to(request), HasSubstr(R"("id":"1","ok":true)"));
  for (const std::string garbage : {"nonsense", "\xff\xfe{", "{\"type\":", "[[[[", "17"}) {
    EXPECT_THAT(answers_to(garbage), AllOf(HasSubstr(R"("id":"invalid","ok":false)"),
                                           HasSubstr("invalid request frame: ")))
        << garbage;
    EXPECT_EQ(answers_to(garbage + "\n"), answers_to(garbage));
  }
  EXPECT_EQ(answers_to(""), "");
}

TEST_F(ControlTest, AFrameThatIsTooLargeIsAnsweredAfterTheOthersAndTheConnectionCloses) {
  auto stream = net::UnixStream::connect(control_socket_path(folder.path()), kPatience);
  ASSERT_TRUE(stream.ok());
  ASSERT_TRUE(stream->send(request_line("1", "later", json::object()), kPatience).ok());
  // The host may close before it has read all of it.
  static_cast<void>(stream->send(std::string(limits::kControlFrameBytes + 10, 'x'), kPatience));
  std::string lines;
  for (int i = 0; i < 2; ++i) {
    const auto line = stream->read_line(kPatience);
    ASSERT_TRUE(line.ok()) << line.status().message();
    ASSERT_TRUE(line->has_value()) << lines;
    lines += **line + "\n";
  }
  EXPECT_THAT(lines, HasSubstr(R"("id":"1","ok":true)"));
  EXPECT_THAT(lines, HasSubstr(R"("id":"invalid")"));
  EXPECT_THAT(lines, HasSubstr("invalid request frame: a line is longer than the limit of"));
  const auto end = stream->read_line(kPatience);
  EXPECT_TRUE(!end.ok() || !end->has_value());
  EXPECT_TRUE(call_host(folder.path(), "echo", json::object()).ok());
}

TEST_F(ControlTest, ParamsAreClosedAndCheckedBeforeAnyHandler) {
  EXPECT_EQ(call_host(folder.path(), "later", {{"bogus", 1}}).status().message(),
            "invalid later params: at root: unexpected property 'bogus'");
  EXPECT_EQ(call_host(folder.path(), "echo", {{"a", 1}, {"n", 0}}).status().message(),
            "invalid echo params: at /a: must be a string; at /n: must be >= 1");
}

// What waits for a person is not hidden in a table.
TEST_F(ControlTest, StatusShowsTheCodeThatAPersonMustEnter) {
  loop.post([this] {
    server->add("status", {}, [](const json&, ControlServer::Reply reply) {
      const json code = {{"name", "wa"}, {"state", "login required"}, {"loginCode", "ABCD\x1b[2J"}};
      const json qr = {
          {"name", "signal"}, {"loginCode", "sgnl://linkdevice"}, {"loginCodeIsQr", true}};
      const json none = {{"name", "telegram"}, {"loginCode", ""}};
      reply(json{{"instances", {code, qr, none}}});
    });
  });
  CommandLine line;
  line.command = "status";
  testing::internal::CaptureStdout();
  EXPECT_EQ(run_client_command(line, folder.path()), kExitDone);
  const std::string said = testing::internal::GetCapturedStdout();
  EXPECT_THAT(said, HasSubstr("\nwa: log in with the code ABCD?[2J\n"));
  EXPECT_THAT(said, HasSubstr("\nsignal: make a QR code of this and scan it: sgnl://linkdevice\n"));
  EXPECT_THAT(said, ::testing::Not(HasSubstr("telegram:")));
}

struct ParamsCase {
  const char* params;
  const char* problem;
};
TEST(ControlParamsTest, SaysAllThatIsWrong) {
  const std::vector<ControlParam> known = {{"id", ParamType::kText, true},
                                           {"limit", ParamType::kCount}};
  for (const ParamsCase& tested : {
           ParamsCase{R"({"id":"x"})", ""},
           ParamsCase{R"({"id":"x","limit":1})", ""},
           ParamsCase{R"({"id":""})", "at /id: must not be empty"},
           ParamsCase{R"({"id":null})", "at /id: must be a string"},
           ParamsCase{R"({"id":"x","limit":0})", "at /limit: must be >= 1"},
           ParamsCase{R"({"id":"x","limit":-1})", "at /limit: must be >= 1"},
           ParamsCase{R"({"id":"x","limit":1.5})", "at /limit: must be a whole number"},
           ParamsCase{R"({"limit":"x","y":1})",
                      "at /limit: must be a whole number; at root: unexpected property 'y'; must "
                      "have required property 'id'"},
       }) {
    const base::Status checked = check_params("m", known, json::parse(tested.params));
    EXPECT_EQ(checked.message(),
              *tested.problem == '\0' ? "" : "invalid m params: " + std::string(tested.problem))
        << tested.params;
  }
  EXPECT_TRUE(check_params("m", known, {{"id", "x"}, {"limit", 50}}).ok());  // built: signed
}

TEST(ControlProtocolTest, WhatVersionFourAddsToARequestIsTaken) {
  json params;
  EXPECT_TRUE(parse_request(R"({"type":"req","id":"7","method":"m","traceparent":"00-1-2-01",)"
                            R"("expectedProfileId":"p"})",
                            params)
                  .problem.ok());
  EXPECT_THAT(parse_request(R"({"type":"req","id":"7","method":"m","traceparent":1})", params)
                  .problem.message(),
              HasSubstr("'traceparent' must be a string"));
}

TEST(ControlProtocolTest, AnErrorSaysWhetherAnotherTryMayHelp) {
  const json busy = json::parse(error_line("1", {base::Code::kBusy, "the queue is full"}));
  EXPECT_EQ(busy["error"]["code"], "UNAVAILABLE");
  EXPECT_EQ(busy["error"]["retryable"], true);
  EXPECT_GT(busy["error"]["retryAfterMs"].get<int>(), 0);
  for (const base::Code code : {base::Code::kInternal, base::Code::kInvalidArgument}) {
    const json error = json::parse(error_line("1", {code, "no"}));
    EXPECT_FALSE(error["error"].contains("retryable"));
    EXPECT_FALSE(error["error"].contains("retryAfterMs"));
  }
  // A host that answers runs: its failures are never "not running".
  EXPECT_EQ(parse_response(error_line("1", {base::Code::kUnavailable, "not now"})).status().code(),
            base::Code::kBusy);
}

TEST(ControlProtocolTest, AnErrorKeepsItsClassOnTheWay) {
  for (const base::Code code :
       {base::Code::kInvalidArgument, base::Code::kNotFound, base::Code::kAlreadyExists,
        base::Code::kRefused, base::Code::kTooLarge, base::Code::kBusy, base::Code::kTimeout,
        base::Code::kCancelled, base::Code::kCorrupt, base::Code::kIo, base::Code::kInternal}) {
    EXPECT_EQ(parse_response(error_line("1", {code, "no"})).status().code(), code)
        << base::to_string(code);
  }
  EXPECT_EQ(json::parse(error_line("1", {base::Code::kRefused, "no"}))["error"]["details"]["code"],
            "REFUSED");
}

TEST(ControlProtocolTest, AnErrorWithoutAClassIsReadByItsCode) {
  const auto code_of = [](const std::string& error) {
    return parse_response(R"({"type":"res","id":"1","ok":false,"error":)" + error + "}")
        .status()
        .code();
  };
  EXPECT_EQ(code_of(R"({"code":"INVALID_REQUEST","message":"m"})"), base::Code::kInvalidArgument);
  EXPECT_EQ(code_of(R"({"code":"UNAVAILABLE","message":"m","retryable":true})"), base::Code::kBusy);
  EXPECT_EQ(code_of(R"({"code":"UNAVAILABLE","message":"m"})"), base::Code::kInternal);
  EXPECT_EQ(code_of(R"({"code":"FORBIDDEN","message":"m","details":{"code":"MISSING_SCOPE"}})"),
            base::Code::kInternal);
}

TEST_F(ControlTest, TheExitCodeTellsTheClassOfAFailure) {
  base::Code code = base::Code::kRefused;  // set before the call that it answers
  loop.post([this, &code] {
    server->add("status", {}, [&code](const json&, ControlServer::Reply reply) {
      reply(base::Status(code, "no"));
    });
  });
  CommandLine line;
  line.command = "status";
  for (const auto& [told, expected] :
       {std::pair(base::Code::kRefused, kExitRefused),
        std::pair(base::Code::kInvalidArgument, kExitUsage),
        std::pair(base::Code::kNotFound, kExitFailed), std::pair(base::Code::kIo, kExitFailed)}) {
    code = told;
    EXPECT_EQ(run_client_command(line, folder.path()), expected) << base::to_string(told);
  }
}

TEST(ControlClientTest, WithoutAHostTheRemedyIsSaid) {
  test::TempFolder folder;
  const auto answer = call_host(folder.path(), "status", json::object());
  EXPECT_EQ(answer.status().code(), base::Code::kUnavailable);
  EXPECT_THAT(answer.status().message(), HasSubstr("start it with"));
}

TEST(InstanceLockTest, OneHostForOneFolder) {
  test::TempFolder folder;
  {
    const auto first = InstanceLock::take(folder.path());
    ASSERT_TRUE(first.ok()) << first.status().message();
    const auto second = InstanceLock::take(folder.path());
    EXPECT_EQ(second.status().code(), base::Code::kRefused);
    EXPECT_THAT(second.status().message(), HasSubstr(std::to_string(::getpid())));
    EXPECT_THAT(second.status().message(), HasSubstr("--data"));
  }
  EXPECT_TRUE(InstanceLock::take(folder.path()).ok());
}

TEST(CommandLineTest, ReadsCommandsOptionsAndRepeats) {
  const char* argv[] = {"patchbay",         "deliveries", "failed",    "--data", "/d",
                        "--plugins",        "a",          "--plugins", "b",      "--set",
                        "limits.file=1MiB", "--json",     "--limit",   "7"};
  const auto line = parse_command_line(static_cast<int>(std::size(argv)), argv);
  ASSERT_TRUE(line.ok()) << line.status().message();
  EXPECT_EQ(line->command, "deliveries");
  EXPECT_THAT(line->arguments, ::testing::ElementsAre("failed"));
  EXPECT_THAT(line->config.plugin_dirs, ::testing::ElementsAre("a", "b"));
  EXPECT_EQ(line->config.values[0].first, "limits.file");
  EXPECT_TRUE(line->json);
  EXPECT_EQ(line->limit, 7U);
}

TEST(CommandLineTest, ResolvingIsACommandOfTwoWords) {
  const char* argv[] = {"patchbay", "deliveries", "resolve", "17", "resend"};
  const auto line = parse_command_line(static_cast<int>(std::size(argv)), argv);
  ASSERT_TRUE(line.ok()) << line.status().message();
  EXPECT_EQ(line->command, "deliveries resolve");
  EXPECT_THAT(line->arguments, ::testing::ElementsAre("17", "resend"));
  EXPECT_EQ(parse_delivery_id("17"), 17);
}

TEST(CommandLineTest, SaysWhatIsWrong) {
  const char* unknown[] = {"patchbay", "--nope"};
  EXPECT_THAT(parse_command_line(2, unknown).status().message(), HasSubstr("nope"));
  const char* set[] = {"patchbay", "--set", "x"};
  EXPECT_THAT(parse_command_line(3, set).status().message(), HasSubstr("key=value"));
  EXPECT_THAT(usage(), HasSubstr("trace ID"));
  EXPECT_THAT(usage(), HasSubstr("deliveries resolve ID delivered|failed|resend"));
}

struct WordsCase {
  std::vector<const char*> words;
  const char* says;
};
TEST(CommandLineTest, WordsAndValuesThatMeanNothingAreRefused) {
  for (const WordsCase& tested : {
           WordsCase{{"run", "foo"}, "run takes no \"foo\"; use: patchbay run"},
           WordsCase{{"status", "extra"}, "status takes no \"extra\""},
           WordsCase{{"deliveries", "waiting", "extra"}, "deliveries takes no \"extra\""},
           WordsCase{{"deliveries", "bogus"}, "there is no state \"bogus\"; it is one of waiting"},
           WordsCase{{"deliveries", "resolve", "7"}, "use: patchbay deliveries resolve ID"},
           WordsCase{{"deliveries", "resolve", "x", "failed"}, "\"x\" is no delivery's number"},
           WordsCase{{"deliveries", "resolve", "0", "failed"}, "\"0\" is no delivery's number"},
           WordsCase{{"deliveries", "resolve", "7", "gone"}, "cannot be resolved as \"gone\"; say"},
           WordsCase{{"trace"}, "use: patchbay trace ID"},
           WordsCase{{"config", "nope"}, "use: patchbay config reference"},
           WordsCase{{"nope"}, "unknown command \"nope\""},
           WordsCase{{"status", "--check-config"}, "--check-config goes with run"},
           WordsCase{{"status", "--save", "."}, "--save goes with chat, not with status"},
           WordsCase{{"trace", "1", "--limit", "5"}, "--limit goes with deliveries and sessions"},
           WordsCase{{"status", "--limit", "0"}, "--limit"},
           WordsCase{{"run", "--config", "--data", "x"}, "--config: give the path of a file"},
           WordsCase{{"run", "--data", "--json"}, "--data: needs a value before --json"},
           WordsCase{{"run", "--plugins", "--json"}, "--plugins: give the path of a folder"},
       }) {
    std::vector<const char*> argv = {"patchbay"};
    argv.insert(argv.end(), tested.words.begin(), tested.words.end());
    const auto line = parse_command_line(static_cast<int>(argv.size()), argv.data());
    ASSERT_FALSE(line.ok()) << tested.says;
    EXPECT_EQ(line.status().code(), base::Code::kInvalidArgument);
    EXPECT_THAT(line.status().message(), HasSubstr(tested.says));
  }
}

TEST(TextTableTest, AlignsColumnsAndDefusesControlCharacters) {
  TextTable table({"A", "B"});
  table.add({"müßig", "x\x1b[2J"});
  table.add({"y", "z"});
  EXPECT_EQ(table.str(), "A      B\nmüßig  x?[2J\ny      z");
  EXPECT_EQ(printable("two\nlines\tand\r\x7f"), "two lines and ?");
  EXPECT_EQ(printable("a\u009b2J and \u202egpj.exe, \u200d stays"),
            "a?2J and ?gpj.exe, \u200d stays");
  EXPECT_EQ(printable("\xff"), "\uFFFD");
}

}  // namespace
}  // namespace patchbay::host
