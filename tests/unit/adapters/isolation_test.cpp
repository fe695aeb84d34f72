// Adapters in a process of their own: what they break stays theirs, what they may not do is
// refused.
#include <cerrno>
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <optional>
#include <sys/mman.h>
#include <sys/socket.h>

#include "adapter_host_test.hpp"
#include "adapters/isolation/frame_socket.hpp"
#include "base/limits.hpp"

namespace patchbay::adapters {
namespace {

using delivery::OutcomeClass;
using delivery::SentState;
using ::testing::AllOf;
using ::testing::HasSubstr;

// More than limits::kRunnerDescriptors.
class DescriptorsOnTheirWay {
 public:
  explicit DescriptorsOnTheirWay(int descriptor) {
    int ends[2];
    EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
    from_.reset(ends[0]);
    to_.reset(ends[1]);
    FrameSocket socket{base::UniqueFd(::fcntl(ends[0], F_DUPFD_CLOEXEC, 3))};
    for (int i = 0; i < 3; ++i) {
      wire::Writer body;
      for (int count = 0; count < 250; ++count) {
        body.descriptor(descriptor);
      }
      EXPECT_TRUE(socket.send(FrameKind::kLog, 0, body).ok());
    }
  }

 private:
  base::UniqueFd from_;
  base::UniqueFd to_;
};

class IsolationTest : public AdapterHostTest {
 protected:
  IsolationTest() { isolation_ = Isolation::kProcess; }

  // The instance under test, and one in the daemon that must not notice.
  void start_two() {
    make_host();
    ASSERT_TRUE(add("bad").ok());
    isolation_ = Isolation::kNone;
    ASSERT_TRUE(add("good").ok());
    ASSERT_TRUE(host_->start(inbound_, events_).ok());
    ASSERT_TRUE(comes("bad", State::kOnline)) << status("bad").reason;
    ASSERT_TRUE(comes("good", State::kOnline));
  }

  void expect_good_works() {
    EXPECT_EQ(run("good", "ok").outcome, OutcomeClass::kDelivered);
    EXPECT_EQ(status("good").counters.restarts, 0U);
  }

  // Time passes until the instance, which was lost, serves again.
  void expect_restart() {
    EXPECT_TRUE(loop_.run_until([&] { return !serves("bad"); }));
    pass(std::chrono::seconds(1));
    ASSERT_TRUE(comes("bad", State::kOnline)) << status("bad").reason;
    EXPECT_EQ(run("bad", "ok").outcome, OutcomeClass::kDelivered);
    EXPECT_EQ(status("bad").counters.restarts, 1U);
  }
  bool serves(const std::string& name) { return status(name).state == State::kOnline; }
};

TEST_F(IsolationTest, ACrashIsARestartAndWhatHadNotLeftWaits) {
  start_two();
  const auto outcome = run("bad", "crash");
  EXPECT_EQ(outcome.outcome, OutcomeClass::kRetryable);
  EXPECT_EQ(outcome.sent_state, SentState::kNotSent);
  EXPECT_THAT(status("bad").reason,
              AllOf(HasSubstr("crashed (Aborted)"), HasSubstr("it wrote: last words"),
                    HasSubstr("it is started again in 1 s")));
  expect_good_works();
  expect_restart();
  EXPECT_TRUE(stop_all());
}

TEST_F(IsolationTest, ADeliveryOfWhichARequestHadLeftIsUnknown) {
  start_two();
  http_.sent_when_cancelled = net::SentState::kUnknown;
  const auto outcome = run("bad", "post-and-crash https://api.example.org/x");
  EXPECT_EQ(outcome.outcome, OutcomeClass::kUnknown);
  expect_good_works();
  expect_restart();
}

TEST_F(IsolationTest, ADeliveryOfWhichNoByteHadLeftWaits) {
  start_two();
  http_.sent_when_cancelled = net::SentState::kNotSent;
  const auto outcome = run("bad", "post-and-crash https://api.example.org/x");
  EXPECT_EQ(outcome.outcome, OutcomeClass::kRetryable);
  EXPECT_EQ(outcome.sent_state, SentState::kNotSent);
  expect_restart();
}

// The kernel counts what processes of one user have passed and nobody has taken, and lets a process
// pass no more while that is above its own limit of open files.
TEST_F(IsolationTest, AFileIsSentThoughOthersPassManyDescriptors) {
  start_two();
  const base::UniqueFd file(::memfd_create("file", MFD_CLOEXEC));
  auto request = command("bad", "post-file https://api.example.org/x");
  request.files.push_back(
      {.fd = file.get(), .size = 0, .name = "a.txt", .mime = "text/plain", .kind = "document"});
  auto others = std::make_optional<DescriptorsOnTheirWay>(file.get());
  const auto outcome = give(std::move(request));
  ASSERT_TRUE(comes("bad", State::kDegraded));
  for (int i = 0; i < 20; ++i) {
    expect_good_works();  // meanwhile it tries
  }
  EXPECT_TRUE(http_.requests.empty()) << "nothing kept it from passing its file";
  others.reset();
  ASSERT_TRUE(loop_.run_until([&] { return http_.requests.size() == 1; }));
  http_.answer(http_.requests.begin()->first, 200, "sent");
  EXPECT_EQ(await(outcome).text, "0 0 sent");
  EXPECT_EQ(status("bad").counters.restarts, 0U);
}

constexpr const char* kTooLarge =
    "more than can pass between Patchbay and an isolated adapter at once: 64 MiB and 250 files";

// With no more memory than an isolated adapter has.
class LargeCallTest : public IsolationTest {
 protected:
  static constexpr std::size_t kLargeBytes = 65 << 20;  // of the scripted adapter's text
  void start_large() { start_online({"bad"}); }
  static std::string post_large(std::size_t bytes) {
    return "post-large https://api.example.org/x " + std::to_string(bytes);
  }
};

TEST_F(LargeCallTest, WhatIsTooLargeToPassFailsAndSaysSo) {
  start_large();
  const std::string code = std::to_string(PBAY_E_TOO_LARGE) + " 0 ";
  EXPECT_EQ(say("bad", "kv-large"), code + kTooLarge);
  const std::string refused = code + "not sent: " + kTooLarge;
  EXPECT_EQ(say("bad", post_large(kLargeBytes)), refused);
  const base::UniqueFd file(::memfd_create("file", MFD_CLOEXEC));
  auto request = command("bad", "post-files https://api.example.org/x 251");
  request.files.push_back(
      {.fd = file.get(), .size = 0, .name = "a.txt", .mime = "text/plain", .kind = "document"});
  EXPECT_EQ(await(give(std::move(request))).text, refused);
  EXPECT_TRUE(http_.requests.empty());
  EXPECT_EQ(run("bad", "ok").outcome, OutcomeClass::kDelivered);
  EXPECT_EQ(status("bad").counters.restarts, 0U);
}

TEST_F(LargeCallTest, WhatJustPassesNeedsNoMoreMemoryThanItsCopy) {
  start_large();
  constexpr std::size_t kBytes = limits::kRunnerFrameBytes - 4096;
  const auto outcome = give("bad", post_large(kBytes));
  ASSERT_TRUE(loop_.run_until([&] { return http_.requests.size() == 1; }));
  const auto& [operation, sent] = *http_.requests.begin();
  EXPECT_EQ(std::get<std::string>(sent.request.body).size(), kBytes);
  http_.answer(operation, 200, "taken");
  EXPECT_EQ(await(outcome).text, "0 0 taken");
  EXPECT_EQ(status("bad").counters.restarts, 0U);
}

TEST_F(LargeCallTest, AFileOfAnySizeIsWrittenInOneCall) {
  start_large();
  const std::string handle = say("bad", "open-staging");
  EXPECT_EQ(say("bad", "write-large " + handle), "0");
  EXPECT_EQ(staging_->bytes().value(), kLargeBytes);
  EXPECT_EQ(say("bad", "write-large " + handle), std::to_string(PBAY_E_TOO_LARGE))
      << "the host's cap of one file";
  EXPECT_EQ(staging_->commit(std::stoull(handle)).status().code(), base::Code::kInvalidArgument)
      << "what is half there comes to nothing";
  EXPECT_EQ(say("bad", "write-large 77"), std::to_string(PBAY_E_CONTRACT));
  EXPECT_EQ(status("bad").counters.restarts, 0U);
}

TEST_F(LargeCallTest, AnEventThatIsTooLargeToPassIsNeverStoredAndLetsItsFileGo) {
  start_large();
  const std::uint64_t handle = std::stoull(say("bad", "open-staging"));
  ASSERT_TRUE(staging_->write(handle, "bytes").ok());
  EXPECT_EQ(
      say("bad", "submit-large " + std::to_string(handle)),
      std::to_string(PBAY_E_TOO_LARGE) + " " + std::to_string(PBAY_NOT_STORED) + " " + kTooLarge);
  EXPECT_TRUE(loop_.run_until([&] { return !staging_->write(handle, "more").ok(); }));
  EXPECT_EQ(say("bad", "submit m2"), "0 1 ") << "it holds back none";
  EXPECT_EQ(inbound_.events.size(), 1U);
}

TEST_F(LargeCallTest, ADeliveryWhoseResultIsTooLargeToPassIsCompleted) {
  start_large();
  const auto outcome = run("bad", "finish-large");
  EXPECT_EQ(outcome.outcome, OutcomeClass::kDelivered);
  EXPECT_EQ(outcome.text, kTooLarge);
  EXPECT_EQ(run("bad", "ok").outcome, OutcomeClass::kDelivered);
}

TEST_F(IsolationTest, AHangIsARestart) {
  start_two();
  ASSERT_EQ(run("bad", "ok").outcome, OutcomeClass::kDelivered) << "start() has returned";
  const auto stuck = give("bad", "hang");
  const auto behind = give("bad", "ok");
  hanging_.insert("bad");
  const auto give_up = std::chrono::steady_clock::now() + test::VirtualLoop::kPatience;
  while (serves("bad")) {
    ASSERT_LT(std::chrono::steady_clock::now(), give_up);
    ASSERT_NO_FATAL_FAILURE(pass(options_.hung_call));
    std::this_thread::yield();
  }
  EXPECT_EQ(await(stuck).sent_state, SentState::kNotSent);
  EXPECT_EQ(await(behind).sent_state, SentState::kNotSent);
  EXPECT_THAT(status("bad").reason, HasSubstr("a call of the adapter's deliver did not come back"));
  hanging_.clear();
  expect_good_works();
  expect_restart();
  EXPECT_TRUE(stop_all());
}

#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
// With a sanitizer the process has no limit of memory.
TEST_F(IsolationTest, ALeakEndsItsOwnProcess) {
  start_two();
  EXPECT_EQ(run("bad", "leak").sent_state, SentState::kNotSent);
  EXPECT_THAT(status("bad").reason, HasSubstr("crashed (Aborted)"));
  expect_good_works();
  expect_restart();
}

#endif

TEST_F(IsolationTest, AnInstanceThatIsLostAgainAndAgainRests) {
  start_two();
  for (int i = 0; i < 5; ++i) {
    ASSERT_EQ(run("bad", "crash").outcome, OutcomeClass::kRetryable);
    EXPECT_EQ(status("bad").state, State::kConnecting);
    pass(std::chrono::seconds(1 << i));
    ASSERT_TRUE(comes("bad", State::kOnline));
  }
  ASSERT_EQ(run("bad", "crash").outcome, OutcomeClass::kRetryable);
  EXPECT_EQ(status("bad").state, State::kFailed);
  EXPECT_THAT(status("bad").user_action, HasSubstr("report it to the author of the adapter"));
  pass(std::chrono::minutes(10) - std::chrono::seconds(1));
  EXPECT_EQ(status("bad").state, State::kFailed);
  pass(std::chrono::seconds(1));
  EXPECT_TRUE(comes("bad", State::kOnline)) << "it is tried again";
  expect_good_works();
}

TEST_F(IsolationTest, WaysOutAreRefusedAndLogged) {
  const std::string secret = data_ / "secret";
  test::write_file(secret, "hunter2");
  ::testing::internal::CaptureStderr();
  start_two();
  const std::string refused = std::to_string(EPERM);
  EXPECT_EQ(say("bad", "reach-out " + secret),
            std::to_string(EACCES) + " " + refused + " " + refused + " " + refused + " " + refused);
  EXPECT_EQ(run("bad", "ok").outcome, OutcomeClass::kDelivered) << "it goes on";
  EXPECT_EQ(status("bad").counters.restarts, 0U);
  host_.reset();  // and what it was told of has been read
  const std::string log = ::testing::internal::GetCapturedStderr();
  for (const std::string& told :
       {"call=openat path=" + secret, std::string("call=socket"), std::string("call=clone"),
        std::string("call=kill"), std::string("call=chmod")}) {
    EXPECT_THAT(log, HasSubstr("adapter.refused instance=bad " + told));
  }
}

TEST_F(IsolationTest, ARunnerThatCannotBeStartedIsNamed) {
  make_host();
  ASSERT_TRUE(add("bad").ok());
  options_.runner = "/nonexistent/runner";
  host_.reset();
  make_host();
  isolation_ = Isolation::kProcess;
  ASSERT_TRUE(add("bad").ok());
  ASSERT_TRUE(host_->start(inbound_, events_).ok());
  ASSERT_TRUE(loop_.run_until([&] { return !status("bad").reason.empty(); }));
  ASSERT_TRUE(loop_.run_until([&] {
    return status("bad").reason.find("/nonexistent/runner does not start") != std::string::npos;
  })) << status("bad").reason;
}

TEST_F(IsolationTest, WhereTheSystemGivesNoThreadItIsTriedAgain) {
  for (const char* thread : {"bad", "pb-load-bad"}) {
    SCOPED_TRACE(thread);
    threads_.refused = {thread};
    make_host();
    isolation_ = Isolation::kProcess;
    ASSERT_TRUE(add("bad").ok());
    ASSERT_TRUE(host_->start(inbound_, events_).ok());
    loop_.run_ready();
    EXPECT_EQ(status("bad").state, State::kConnecting);
    threads_.refused.clear();
    pass(std::chrono::seconds(1));
    EXPECT_TRUE(comes("bad", State::kOnline)) << status("bad").reason;
    EXPECT_EQ(run("bad", "ok").outcome, OutcomeClass::kDelivered);
    host_.reset();
  }
}

TEST_F(IsolationTest, InTheDaemonAThreadThatIsNotGivenIsSaid) {
  threads_.refused = {"good"};
  make_host();
  isolation_ = Isolation::kNone;
  ASSERT_TRUE(add("good").ok());
  ASSERT_TRUE(host_->start(inbound_, events_).ok());
  EXPECT_EQ(status("good").state, State::kFailed);
  EXPECT_THAT(status("good").reason, HasSubstr("the system gives no thread for it"));
}

TEST_F(IsolationTest, StoppingEndsTheProcess) {
  start_two();
  EXPECT_TRUE(stop_all());
  EXPECT_EQ(status("bad").state, State::kStopped);
}

TEST_F(IsolationTest, AnInstanceThatIgnoresStopIsEnded) {
  make_host();
  ASSERT_TRUE(add("bad", R"({"mode": "hang-stop"})").ok());
  ASSERT_TRUE(host_->start(inbound_, events_).ok());
  ASSERT_TRUE(comes("bad", State::kOnline));
  bool stopped = false;
  host_->stop([&stopped] { stopped = true; });
  hanging_.insert("bad");
  pass(options_.stop_deadline);
  EXPECT_TRUE(loop_.run_until([&] { return stopped; }));
  EXPECT_EQ(status("bad").state, State::kStopped);
}

TEST_F(IsolationTest, AHostThatGoesEndsItsProcesses) {
  start_two();
  host_.reset();
}

}  // namespace
}  // namespace patchbay::adapters
