#include "telegram_test.hpp"

namespace patchbay::telegram {
namespace {

using sdk::FileKind;
using std::chrono::seconds;
using testing::HasSubstr;
using testkit::SubmitAnswer;

class Download : public TelegramTest {
 protected:
  static std::string file_url(const std::string& path) {
    return kBase + "/file/bot" + kToken + "/" + path;
  }

  void expect_file(const std::string& id, const std::string& path, const std::string& bytes) {
    expect("getFile")
        .json("/file_id", json(id).dump())
        .answer(200, ok({{"file_id", id}, {"file_path", path}}));
    host_->http().expect("GET", file_url(path)).answer(200, bytes);
  }
  const sdk::InboundFile& only_file() { return host_->events().at(0).files.at(0); }
};

TEST_F(Download, FilesAreStagedBeforeTheMessageIsSubmitted) {
  expect_file("large", "photos/file_1.jpg", "JPEG");
  start_with({"photo_with_caption"});
  ASSERT_EQ(host_->events().size(), 1U);
  EXPECT_EQ(only_file().kind, FileKind::kImage);
  EXPECT_EQ(only_file().reference, "");
  ASSERT_NE(host_->staged(only_file().staging), nullptr);
  EXPECT_EQ(*host_->staged(only_file().staging), "JPEG");
  EXPECT_EQ(host_->events()[0].text, "a cat");
}

TEST_F(Download, AlbumsComeWithAllTheirFilesInOrder) {
  expect_file("albumA", "photos/a.jpg", "AAAA");
  expect_file("albumB", "photos/b.jpg", "BB");
  start_with({"album_first", "album_second"});
  ASSERT_EQ(host_->events().size(), 2U);
  EXPECT_EQ(host_->events()[0].message_id, "50");
  EXPECT_EQ(*host_->staged(host_->events()[0].files[0].staging), "AAAA");
  EXPECT_EQ(*host_->staged(host_->events()[1].files[0].staging), "BB");
}

TEST_F(Download, PathsAreEncoded) {
  expect("getFile").answer(200, ok({{"file_path", "documents/my file?.pdf"}}));
  host_->http().expect("GET", file_url("documents/my%20file%3F.pdf")).answer(200, "%PDF");
  start_with({"document_19_mb"});
  EXPECT_NE(only_file().staging, 0U);
}

TEST_F(Download, OverTheLimitTheAgentIsToldWithoutARequest) {
  start_with({"document_over_20_mb"});
  EXPECT_THAT(only_file().error, HasSubstr("at most 20 MB"));
  EXPECT_TRUE(requests_to("getFile").empty());
}

TEST_F(Download, TelegramsOwnRefusalIsToldToo) {
  expect_refusal("getFile", 400, "Bad Request: file is too big");
  start_with({"document_19_mb"});
  EXPECT_THAT(only_file().error, HasSubstr("at most 20 MB"));
  EXPECT_EQ(host_->open_staging(), 0U);
}

TEST_F(Download, TroubleIsTriedAgainFromTheStart) {
  expect("getFile").times(2).answer(200, ok({{"file_path", "voice/v.oga"}}));
  auto& http = host_->http();
  http.expect("GET", file_url("voice/v.oga")).answer(200, "half of it").cut_after(4);
  http.expect("GET", file_url("voice/v.oga")).answer(200, "whole");
  start_with({"voice"});
  host_->advance(seconds(5));
  ASSERT_EQ(host_->events().size(), 1U);
  EXPECT_EQ(*host_->staged(only_file().staging), "whole");
}

TEST_F(Download, ALongTroubleDoesNotHoldTheMessages) {
  expect("getFile").always().drop_before_sent();
  start_with({"voice", "private_text"});
  host_->advance(seconds(60));
  ASSERT_EQ(host_->events().size(), 2U);
  EXPECT_EQ(only_file().reference, "voice1");  // the host asks for it later
  EXPECT_EQ(only_file().staging, 0U);
  EXPECT_EQ(host_->open_staging(), 0U);
}

TEST_F(Download, ASilentServerDoesNotHoldThemEither) {
  expect("getFile").always().hang();
  start_with({"voice", "private_text"});
  host_->advance(seconds(61));
  ASSERT_EQ(host_->events().size(), 2U);
  EXPECT_EQ(only_file().reference, "voice1");
}

TEST_F(Download, TheHostFetchesWhatWasLeft) {
  start_idle();
  expect_file("voice1", "voice/v.oga", "later");
  const auto fetched = host_->fetch("voice1");
  ASSERT_NE(host_->result(fetched.op), nullptr);
  EXPECT_TRUE(host_->result(fetched.op)->ok());
  EXPECT_EQ(*host_->staged(fetched.staging), "later");
  expect("getFile").drop_before_sent();
  const auto failed = host_->fetch("voice1");
  EXPECT_EQ(host_->result(failed.op)->code, PBAY_E_NETWORK);
}

TEST_F(Download, ABusyHostGetsTheFileByReferenceTheNextTime) {
  int busy = 1;
  host_->on_submit([&](const sdk::Event&) {
    return busy-- > 0 ? SubmitAnswer{PBAY_E_BUSY, PBAY_NOT_STORED} : SubmitAnswer{};
  });
  expect_file("large", "photos/file_1.jpg", "JPEG");
  start_with({"photo_with_caption"});
  host_->advance(seconds(1));
  ASSERT_EQ(host_->events().size(), 2U);
  EXPECT_EQ(host_->events()[1].files[0].reference, "large");
}

TEST_F(Download, ManyFilesComeAFewAtATime) {
  expect("getFile").always().answer(200, ok({{"file_path", "photos/p.jpg"}})).after(seconds(1));
  host_->http().expect("GET", file_url("photos/p.jpg")).always().answer(200, "P");
  std::vector<std::string> names(8, "photo_with_caption");
  start_with(names);
  EXPECT_EQ(requests_to("getFile").size(), 4U);
  host_->advance(seconds(3));
  EXPECT_EQ(host_->events().size(), 8U);
}

TEST_F(Download, StopInTheMiddleOfOne) {
  expect("getFile").hang();
  start_with({"voice"});
  host_->stop(seconds(10));
  EXPECT_TRUE(host_->stopped());
  EXPECT_TRUE(host_->events().empty());
  EXPECT_EQ(host_->kv().count("offset"), 0U);
}

}  // namespace
}  // namespace patchbay::telegram
