// Files on their way in.
#include <filesystem>
#include <gmock/gmock.h>

#include "router_fixture.hpp"
#include "routing/kept_files.hpp"

namespace patchbay::routing {
namespace {

class RouterFilesTest : public RouterTest {
 protected:
  static nlohmann::json attachments_of(const std::string& content) {
    return nlohmann::json::parse(content).at("attachments");
  }
  nlohmann::json attachments(const std::string& agent, std::size_t row) {
    return attachments_of(sessions_.rows[session_of(agent)].at(row).content);
  }
  std::string inbox_file(const session::SessionAddress& session, const nlohmann::json& attachment) {
    return test::read_file(sessions_.path(session) / attachment.at("localPath").get<std::string>());
  }
  std::size_t staged_files() {
    return static_cast<std::size_t>(
        std::distance(std::filesystem::directory_iterator(folder_ / "staging"), {}));
  }
  InboundEvent with_reference(const std::string& id, const std::string& reference) {
    InboundEvent event = message(id, id);
    InboundFile file;
    file.kind = "image";
    file.reference = reference;
    file.name = "photo.jpg";
    file.mime = "image/jpeg";
    file.size = 3;
    event.files.push_back(file);
    return event;
  }
  std::size_t pending() {
    return ask([](store::Repositories& r) { return r.pending_files.load(0, 100); }).size();
  }
};

TEST_F(RouterFilesTest, FilesAreInTheInboxOfEachAgentBeforeItsRow) {
  config_.wirings = {wiring("telegram:*", "main"), wiring("telegram:*", "helper")};
  reconfigure();
  InboundEvent event = message("7");
  event.files = {staged_file(stage("one"), "../a.txt"), staged_file(stage("two"), "a.txt")};
  EXPECT_EQ(route(event), SubmitOutcome::kStored);
  for (const char* agent : {"main", "helper"}) {
    const nlohmann::json files = attachments(agent, 0);
    ASSERT_EQ(files.size(), 2U);
    EXPECT_EQ(files[0]["name"], "a.txt");
    EXPECT_EQ(files[1]["name"], "a-2.txt");
    EXPECT_EQ(files[0]["type"], "document");
    EXPECT_EQ(files[0]["mimeType"], "text/plain");
    EXPECT_EQ(files[0]["size"], 3);
    EXPECT_EQ(inbox_file(session_of(agent), files[0]), "one");
    EXPECT_EQ(inbox_file(session_of(agent), files[1]), "two");
  }
  EXPECT_EQ(staged_files(), 0U);
}

TEST_F(RouterFilesTest, ALaterTextDoesNotOvertakeAFile) {
  for (int number = 0; number < 20; ++number) {
    InboundEvent event = message(std::to_string(number), std::to_string(number));
    if (number % 3 == 0) {
      event.files = {staged_file(stage(std::string(100'000, 'x')), "big.bin")};
    }
    submit(event);
  }
  ASSERT_TRUE(all_ended());
  const auto texts = texts_of("main");
  ASSERT_EQ(texts.size(), 20U);
  for (std::size_t number = 0; number < texts.size(); ++number) {
    EXPECT_EQ(texts[number], "+" + std::to_string(number));
  }
}

TEST_F(RouterFilesTest, NothingOvertakesAFileThatTheDiskDoesNotTake) {
  route(message("0", "first"));
  const session::SessionAddress session = session_of("main");
  sessions_.folder_failure[session] = {base::Code::kIo, "the disk is full"};
  const auto with_file = [&] {
    InboundEvent event = message("1", "file");
    event.files = {staged_file(stage("one"), "a.txt")};
    return event;
  };
  const std::size_t file = submit(with_file());
  const std::size_t text = submit(message("2", "text"));
  const std::size_t elsewhere = submit(in_chat(message("3", "elsewhere"), "-2"));
  ASSERT_TRUE(all_ended());
  EXPECT_EQ(outcomes_[file], SubmitOutcome::kBusy);
  EXPECT_EQ(outcomes_[text], SubmitOutcome::kBusy) << "it came after the file";
  EXPECT_EQ(outcomes_[elsewhere], SubmitOutcome::kStored);
  sessions_.folder_failure.clear();
  EXPECT_EQ(route(with_file()), SubmitOutcome::kStored);
  EXPECT_EQ(route(message("2", "text")), SubmitOutcome::kStored);
  EXPECT_EQ(texts_of("main"), (std::vector<std::string>{"+first", "+file", "+text", "+elsewhere"}));
  ASSERT_TRUE(eventually([&] { return staged_files() == 0; }));
}

TEST_F(RouterFilesTest, ADiskThatNeverTakesAFileCostsTheFileNotTheMessage) {
  route(message("0"));
  const session::SessionAddress session = session_of("main");
  sessions_.folder_failure[session] = {base::Code::kIo, "the disk is full"};
  const auto again = [&] {  // as an adapter does that is to repeat it
    InboundEvent event = message("1");
    event.files = {staged_file(stage("one"), "a.txt")};
    return route(event);
  };
  for (int attempt = 1; attempt < limits::kPlacementAttempts; ++attempt) {
    EXPECT_EQ(again(), SubmitOutcome::kBusy);
  }
  EXPECT_EQ(again(), SubmitOutcome::kStored);
  EXPECT_TRUE(attachments("main", 1)[0].contains("error"));
}

TEST_F(RouterFilesTest, AFileThatCannotBeHadStandsInTheRow) {
  InboundEvent event = message("7");
  event.files = {staged_file("no-such-file", "gone.txt"), staged_file(stage("here"), "here.txt")};
  InboundFile refused;
  refused.kind = "video";
  refused.name = "film.mp4";
  refused.error = "it is larger than 20 MB";
  refused.size = 99;
  event.files.push_back(refused);
  EXPECT_EQ(route(event), SubmitOutcome::kStored);
  const nlohmann::json files = attachments("main", 0);
  ASSERT_EQ(files.size(), 3U);
  EXPECT_TRUE(files[0].contains("error"));
  EXPECT_EQ(inbox_file(session_of("main"), files[1]), "here");
  EXPECT_EQ(files[2]["error"], "it is larger than 20 MB");
  EXPECT_EQ(files[2]["type"], "video");
}

TEST_F(RouterFilesTest, AnInboxThatIsALinkIsNamedInTheRowAndHarmsNobodyElse) {
  config_.wirings = {wiring("telegram:*", "main"), wiring("telegram:*", "helper")};
  reconfigure();
  route(message("1"));
  std::filesystem::create_directory(folder_ / "outside");
  std::filesystem::create_directory_symlink(folder_ / "outside",
                                            sessions_.path(session_of("main")) / "inbox");
  InboundEvent event = message("2");
  event.files = {staged_file(stage("secret"), "a.txt")};
  EXPECT_EQ(route(event), SubmitOutcome::kStored);
  EXPECT_NE(attachments("main", 1)[0].at("error").get<std::string>().find("could not be stored"),
            std::string::npos);
  EXPECT_EQ(inbox_file(session_of("helper"), attachments("helper", 1)[0]), "secret");
  EXPECT_TRUE(std::filesystem::is_empty(folder_ / "outside"));
}

TEST_F(RouterFilesTest, WhatIsRefusedLeavesNothingInStaging) {
  config_.wirings = {wiring("telegram:*", "main", Engage::kMention)};
  reconfigure();
  InboundEvent event = message("1");
  event.files = {staged_file(stage("x"), "a.txt")};
  EXPECT_EQ(route(event), SubmitOutcome::kRefused);
  storage_->drain();
  EXPECT_EQ(staged_files(), 0U);
}

TEST_F(RouterFilesTest, HeldFilesSurviveTheSweepAtStart) {
  config_.wirings.clear();
  reconfigure();
  InboundEvent event = message("1", "held");
  event.files = {staged_file(stage("kept"), "a.txt")};
  EXPECT_EQ(route(event), SubmitOutcome::kIntake);
  stage("left over");
  ASSERT_TRUE(
      staging_->sweep(ask([](store::Repositories& r) { return kept_staging_names(r); })).ok());
  EXPECT_EQ(staged_files(), 1U);
  config_.wirings = {wiring("telegram:*", "main")};
  reconfigure();
  ASSERT_TRUE(eventually([&] { return texts_of("main").size() == 1; }));
  EXPECT_EQ(inbox_file(session_of("main"), attachments("main", 0)[0]), "kept");
}

TEST_F(RouterFilesTest, StrangersDoNotFillTheDisk) {
  config_.wirings.clear();
  tools_.held_bytes = 10;
  restart();
  const auto with_file = [&](const std::string& id) {
    InboundEvent event = message(id, id);
    event.files = {staged_file(stage("seven b"), "a.txt")};
    return event;
  };
  EXPECT_EQ(route(with_file("1")), SubmitOutcome::kIntake);
  EXPECT_EQ(route(with_file("2")), SubmitOutcome::kIntake);
  EXPECT_EQ(staged_files(), 1U);
  config_.wirings = {wiring("telegram:*", "main")};
  reconfigure();
  ASSERT_TRUE(eventually([&] { return texts_of("main").size() == 2; }));
  EXPECT_EQ(inbox_file(session_of("main"), attachments("main", 0)[0]), "seven b");
  EXPECT_THAT(attachments("main", 1)[0]["error"].get<std::string>(),
              testing::HasSubstr("was not kept"));
}

TEST_F(RouterFilesTest, FoldersOfRowsInTheIntakeAreKnown) {
  route(message("0"));
  const session::SessionAddress session = session_of("main");
  sessions_.write_failure[session] = {base::Code::kBusy, "locked"};
  InboundEvent event = message("1");
  event.files = {staged_file(stage("kept"), "a.txt")};
  EXPECT_EQ(route(event), SubmitOutcome::kIntake);
  const auto folders = ask([](store::Repositories& r) { return inbox_folders_of_intake(r); });
  ASSERT_EQ(folders.size(), 1U);
  const auto& [name, kept] = *folders.begin();
  EXPECT_EQ(name, session.agent.str() + "/" + session.id.str());
  ASSERT_EQ(kept.size(), 1U);
  EXPECT_TRUE(std::filesystem::exists(sessions_.path(session) / "inbox" / *kept.begin()));
}

TEST_F(RouterFilesTest, AReferenceIsFetchedAfterTheRowIsDurable) {
  EXPECT_EQ(route(with_reference("1", "ref-1")), SubmitOutcome::kStored);
  const session::SessionAddress session = session_of("main");
  EXPECT_TRUE(sessions_.rows[session][0].attachments_pending);
  EXPECT_EQ(attachments("main", 0)[0]["pending"], true);
  ASSERT_EQ(files_.asked, std::vector<std::string>{"ref-1"});
  EXPECT_EQ(pending(), 1U);
  files_.pending[0](stage("jpg"));
  ASSERT_TRUE(eventually([&] { return !sessions_.completed[session].empty(); }));
  const auto files = attachments_of(sessions_.completed[session].at("-1:1:main"));
  EXPECT_EQ(inbox_file(session, files[0]), "jpg");
  EXPECT_FALSE(files[0].contains("pending"));
  ASSERT_TRUE(eventually([&] { return pending() == 0; }));
}

TEST_F(RouterFilesTest, FetchingGoesOnAfterARestart) {
  route(with_reference("1", "ref-1"));
  ASSERT_EQ(files_.asked.size(), 1U);
  files_.pending.clear();
  restart();
  ASSERT_TRUE(eventually([&] { return files_.pending.size() == 1; }));
  EXPECT_EQ(files_.asked.back(), "ref-1");
  files_.pending[0](stage("jpg"));
  ASSERT_TRUE(eventually([&] { return !sessions_.completed.empty(); }));
  ASSERT_TRUE(eventually([&] { return pending() == 0; }));
  restart();
  loop_.run_ready();
  EXPECT_EQ(files_.asked.size(), 2U);
}

class LostFilesTest : public RouterFilesTest {
 protected:
  // The host dies after the row, before the record of what is to be fetched.
  void crash_between_the_commits() {
    route(message("0"));
    session_ = session_of("main");
    sessions_.completions_are_lost = true;
    submit(with_reference("1", "ref-1"));
    ASSERT_TRUE(eventually([&] { return sessions_.rows[session_].size() == 2; }));
    sessions_.completions_are_lost = false;
    outcomes_.clear();
    restart();
    ASSERT_EQ(pending(), 0U);
    look();
  }
  void look() {
    bool looked = false;
    router_->look_for_lost_files(session_, [&looked] { looked = true; });
    ASSERT_TRUE(eventually([&looked] { return looked; }));
  }
  // All that the platforms are given to repeat a message.
  void wait_for_repetitions() {
    loop_.advance(std::chrono::minutes(4));
    ask([](store::Repositories& r) { return r.pending_files.load(0, 100); });
    loop_.run_ready();
  }
  session::SessionAddress session_;
};

TEST_F(LostFilesTest, ARowWhoseRecordACrashTookGoesWithoutItsFile) {
  crash_between_the_commits();
  EXPECT_TRUE(sessions_.completed[session_].empty()) << "the platform may still repeat it";
  wait_for_repetitions();
  ASSERT_TRUE(eventually([&] { return !sessions_.completed[session_].empty(); }));
  const auto content = nlohmann::json::parse(sessions_.completed[session_].at("-1:1:main"));
  EXPECT_EQ(content["text"], "1");
  const auto& file = content["attachments"][0];
  EXPECT_EQ(file["name"], "photo.jpg");
  EXPECT_FALSE(file.contains("pending"));
  EXPECT_NE(file["error"].get<std::string>().find("the platform did not send the message again"),
            std::string::npos);
  EXPECT_TRUE(files_.asked.empty());
}

TEST_F(LostFilesTest, APlatformThatCannotBeReachedIsGivenItsTimeLater) {
  files_.connected = false;
  crash_between_the_commits();
  loop_.advance(std::chrono::hours(1));
  files_.connected = true;
  loop_.advance(std::chrono::minutes(3));
  EXPECT_EQ(route(with_reference("1", "ref-1")), SubmitOutcome::kDuplicate);
  wait_for_repetitions();
  EXPECT_TRUE(sessions_.completed[session_].empty());
  EXPECT_EQ(files_.asked, std::vector<std::string>{"ref-1"});
}

TEST_F(LostFilesTest, ARowWhoseMessageIsRepeatedGetsItsFile) {
  crash_between_the_commits();
  EXPECT_EQ(route(with_reference("1", "ref-1")), SubmitOutcome::kDuplicate);
  ASSERT_EQ(files_.asked, std::vector<std::string>{"ref-1"});
  wait_for_repetitions();
  EXPECT_TRUE(sessions_.completed[session_].empty());
  files_.pending[0](stage("jpg"));
  ASSERT_TRUE(eventually([&] { return !sessions_.completed[session_].empty(); }));
  const auto files = attachments_of(sessions_.completed[session_].at("-1:1:main"));
  EXPECT_EQ(inbox_file(session_, files[0]), "jpg");
}

TEST_F(LostFilesTest, ARowWhoseMessageIsRepeatedJustNowIsLeftAlone) {
  crash_between_the_commits();
  sessions_.held.insert(session_);
  submit(with_reference("1", "ref-1"));
  wait_for_repetitions();
  sessions_.release();
  ASSERT_TRUE(all_ended());
  wait_for_repetitions();
  EXPECT_TRUE(sessions_.completed[session_].empty());
  EXPECT_EQ(pending(), 1U);
}

TEST_F(LostFilesTest, ARowThatIsBeingFetchedIsLeftAlone) {
  route(with_reference("1", "ref-1"));
  session_ = session_of("main");
  files_.pending.clear();
  restart();
  look();
  wait_for_repetitions();
  EXPECT_TRUE(sessions_.completed[session_].empty());
}

TEST_F(LostFilesTest, ALockedSessionGetsItLater) {
  crash_between_the_commits();
  sessions_.write_failure[session_] = {base::Code::kBusy, "locked"};
  wait_for_repetitions();
  EXPECT_TRUE(sessions_.completed[session_].empty());
  sessions_.write_failure.clear();
  ASSERT_TRUE(eventually([&] {
    loop_.advance(std::chrono::seconds(10));
    return !sessions_.completed[session_].empty();
  }));
}

TEST_F(RouterFilesTest, AFetchIsRepeatedAndThenGivenUpByName) {
  route(with_reference("1", "ref-1"));
  const auto answer = [&](base::Result<std::string> result) {
    auto done = std::move(files_.pending.back());
    files_.pending.pop_back();
    done(std::move(result));
  };
  answer(base::Status(base::Code::kUnavailable, "offline"));
  EXPECT_TRUE(files_.pending.empty());
  loop_.advance(limits::kReplayLongest);
  ASSERT_EQ(files_.pending.size(), 1U);
  answer(base::Status(base::Code::kNotFound, "the platform has it no more"));
  const session::SessionAddress session = session_of("main");
  ASSERT_TRUE(eventually([&] { return !sessions_.completed[session].empty(); }));
  EXPECT_EQ(attachments_of(sessions_.completed[session].begin()->second)[0]["error"],
            "the platform has it no more");
}

TEST_F(RouterFilesTest, APlatformThatStaysAwayDoesNotHoldTheRowForEver) {
  route(with_reference("1", "ref-1"));
  const session::SessionAddress session = session_of("main");
  for (int attempt = 0; attempt <= limits::kFetchAttempts; ++attempt) {
    for (auto& done : std::exchange(files_.pending, {})) {
      done(base::Status(base::Code::kUnavailable, "offline"));
    }
    loop_.advance(limits::kReplayLongest);
  }
  ASSERT_TRUE(eventually([&] { return !sessions_.completed[session].empty(); }));
  EXPECT_LE(files_.asked.size(), static_cast<std::size_t>(limits::kFetchAttempts) + 1);
}

TEST_F(RouterFilesTest, AnInstanceThatIsAwayIsWaitedForInDaysNotInAttempts) {
  route(with_reference("1", "ref-1"));
  const session::SessionAddress session = session_of("main");
  const auto is_away_for = [&](base::Milliseconds time) {
    for (const base::MonotonicTime end = loop_.now() + time; loop_.now() < end;) {
      for (auto& done : std::exchange(files_.pending, {})) {
        done(base::Status(base::Code::kUnavailable, "no network"));
      }
      loop_.advance(limits::kReplayLongest);
    }
  };
  files_.paused = true;
  is_away_for(std::chrono::hours(30));
  EXPECT_TRUE(sessions_.completed[session].empty());
  ASSERT_EQ(files_.pending.size(), 1U) << "it is asked for at least once a minute";

  // Back again, it has all its attempts before it.
  files_.paused = false;
  is_away_for(limits::kReplayLongest * (limits::kFetchAttempts - 1));
  EXPECT_TRUE(sessions_.completed[session].empty());
  ASSERT_EQ(files_.pending.size(), 1U);
  files_.pending[0](stage("jpg"));
  ASSERT_TRUE(eventually([&] { return !sessions_.completed[session].empty(); }));
  const auto files = attachments_of(sessions_.completed[session].begin()->second);
  EXPECT_EQ(inbox_file(session, files[0]), "jpg");
}

TEST_F(RouterFilesTest, AnInstanceThatStaysAwayIsNotWaitedForForEver) {
  route(with_reference("1", "ref-1"));
  const session::SessionAddress session = session_of("main");
  files_.paused = true;
  const auto fail = [&] {
    for (auto& done : std::exchange(files_.pending, {})) {
      done(base::Status(base::Code::kUnavailable, "login required"));
    }
    loop_.advance(limits::kReplayLongest);
  };
  fail();
  loop_.advance(limits::kFetchMaxPaused);
  EXPECT_TRUE(sessions_.completed[session].empty());
  fail();
  ASSERT_TRUE(eventually([&] { return !sessions_.completed[session].empty(); }));
  EXPECT_EQ(attachments_of(sessions_.completed[session].begin()->second)[0]["error"],
            "login required");
}

TEST_F(RouterFilesTest, ALockedSessionHoldsUpNoOtherFile) {
  for (std::size_t number = 0; number < limits::kFetchesUnderWay; ++number) {
    route(with_reference(std::to_string(number), "ref"));
  }
  const session::SessionAddress session = session_of("main");
  sessions_.write_failure[session] = {base::Code::kBusy, "locked"};
  for (auto& done : std::exchange(files_.pending, {})) {
    done(stage("jpg"));
  }
  config_.wirings = {wiring("telegram:*", "helper")};
  reconfigure();
  route(with_reference("other", "ref-other"));
  ASSERT_TRUE(eventually([&] { return files_.asked.back() == "ref-other"; }));
  files_.pending.back()(stage("jpg"));
  ASSERT_TRUE(eventually([&] { return !sessions_.completed[session_of("helper")].empty(); }));
  EXPECT_TRUE(sessions_.completed[session].empty());
}

TEST_F(RouterFilesTest, AnInstanceThatDoesNotAnswerHoldsUpNoOther) {
  for (std::size_t number = 0; number <= limits::kFetchesUnderWay; ++number) {
    route(with_reference(std::to_string(number), "ref"));
  }
  EXPECT_EQ(files_.asked.size(), limits::kFetchesUnderWay) << "a few at a time";
  config_.wirings.push_back(wiring("work:*", "main"));
  reconfigure();
  InboundEvent event = with_reference("other", "ref-other");
  event.instance = base::InstanceName("work");
  event.chat = base::ChatKey("work:group:-1");
  route(event);
  ASSERT_TRUE(eventually([&] { return files_.asked.back() == "ref-other"; }));
}

TEST_F(RouterFilesTest, AFetchedFileThatTheDiskDoesNotTakeIsFetchedAgain) {
  route(with_reference("1", "ref-1"));
  const session::SessionAddress session = session_of("main");
  sessions_.folder_failure[session] = {base::Code::kIo, "the disk is full"};
  files_.pending[0](stage("jpg"));
  ASSERT_TRUE(eventually([&] {
    loop_.advance(limits::kReplayLongest);
    return files_.pending.size() == 2;
  }));
  sessions_.folder_failure.clear();
  files_.pending[1](stage("jpg"));
  ASSERT_TRUE(eventually([&] { return !sessions_.completed[session].empty(); }));
  const auto files = attachments_of(sessions_.completed[session].begin()->second);
  EXPECT_EQ(inbox_file(session, files[0]), "jpg");
}

TEST_F(RouterFilesTest, AReferenceToABusySessionWaitsForItsRow) {
  route(message("0"));
  const session::SessionAddress session = session_of("main");
  sessions_.write_failure[session] = {base::Code::kBusy, "locked"};
  EXPECT_EQ(route(with_reference("1", "ref-1")), SubmitOutcome::kIntake);
  EXPECT_TRUE(files_.asked.empty());
  sessions_.write_failure.clear();
  ASSERT_TRUE(eventually([&] {
    loop_.advance(limits::kReplayLongest);
    return files_.asked.size() == 1;
  }));
  EXPECT_EQ(sessions_.rows[session].size(), 2U);
  EXPECT_EQ(pending(), 1U);
}

TEST_F(RouterFilesTest, StagedFilesWaitForReferencesOfTheSameMessage) {
  config_.wirings = {wiring("telegram:*", "main"), wiring("telegram:*", "helper")};
  reconfigure();
  InboundEvent event = with_reference("1", "ref-1");
  event.files.push_back(staged_file(stage("staged"), "b.txt"));
  EXPECT_EQ(route(event), SubmitOutcome::kStored);
  ASSERT_EQ(files_.pending.size(), 2U);
  for (auto& done : std::exchange(files_.pending, {})) {
    done(stage("fetched"));
  }
  for (const char* agent : {"main", "helper"}) {
    const session::SessionAddress session = session_of(agent);
    ASSERT_TRUE(eventually([&] { return !sessions_.completed[session].empty(); }));
    const auto files = attachments_of(sessions_.completed[session].begin()->second);
    EXPECT_EQ(inbox_file(session, files[0]), "fetched");
    EXPECT_EQ(inbox_file(session, files[1]), "staged");
  }
  EXPECT_EQ(staged_files(), 0U);
}

TEST_F(RouterFilesTest, Base64InContentBecomesFiles) {
  route(message("1"));
  const session::SessionAddress session = session_of("main");
  const auto folder = sessions_.folder(session);
  ASSERT_TRUE(folder.ok());
  const auto store = [&](const std::string& content) {
    auto stored = store_inline_files({nullptr, staging_.get(), &mime_}, **folder, "row/1", content);
    EXPECT_TRUE(stored.ok()) << stored.status().message();
    return stored.ok() ? *stored : std::string();
  };
  const auto files =
      attachments_of(store(R"({"text":"x","attachments":[{"name":"a.txt","data":"aGVsbG8="},)"
                           R"({"name":"bad","data":"%%%"},{"url":"https://example.org/a"}]})"));
  ASSERT_EQ(files.size(), 3U);
  EXPECT_EQ(inbox_file(session, files[0]), "hello");
  EXPECT_FALSE(files[0].contains("data"));
  EXPECT_TRUE(files[1].contains("error"));
  EXPECT_FALSE(files[1].contains("data"));
  EXPECT_EQ(files[2]["url"], "https://example.org/a");
  for (const char* untouched : {"no json", "[1,2]", R"({ "text" : "x" })", R"({"attachments":5})",
                                R"({"attachments":[ {"url":"u"} ]})"}) {
    EXPECT_EQ(store(untouched), untouched);
  }
}

}  // namespace
}  // namespace patchbay::routing
