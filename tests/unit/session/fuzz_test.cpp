// Damaged and forged outbound databases: whatever the bytes are, reading them ends, and ends in a
// value.
#include <filesystem>
#include <fstream>
#include <gtest/gtest.h>
#include <iostream>
#include <random>

#include "hostile_files.hpp"
#include "session/outbound_reader.hpp"
#include "session/outbound_writer.hpp"
#include "storage_fixture.hpp"

namespace patchbay::session {
namespace {

constexpr std::chrono::milliseconds kBusy{2};  // nobody else is there to wait for

// Not by truncating and writing anew: ext4 then flushes the file when it is closed.
void put(const std::string& path, const std::string& bytes) {
  std::fstream stream(path, std::ios::binary | std::ios::in | std::ios::out);
  if (!stream.is_open()) {
    stream.open(path, std::ios::binary | std::ios::out);
  }
  stream.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  stream.close();
  std::filesystem::resize_file(path, bytes.size());
}

class Fuzz : public StorageTest {
 protected:
  void SetUp() override {
    StorageTest::SetUp();
    ASSERT_TRUE(create(session_).ok());
    for (int i = 0; i < 40; ++i) {
      agent_writes("m" + std::to_string(i), 2 * i + 1,
                   std::string(static_cast<std::size_t>(i) * 300, 'x'));
    }
    agent("INSERT INTO processing_ack VALUES ('a', 'processing', ''), ('b', 'completed', '')");
    folder_ = *storage_->folder(session_);
    // --gtest_random_seed=N
    const auto seed = static_cast<std::uint32_t>(::testing::UnitTest::GetInstance()->random_seed());
    std::cout << "seed " << seed << "\n";
    random_.seed(seed);
  }

  std::size_t below(std::size_t bound) { return random_() % bound; }

  // Half of all changes go where the structure is: headers of the file and of pages.
  std::string mutated(std::string bytes) {
    const std::size_t changes = 1 + below(16);
    for (std::size_t i = 0; i < changes; ++i) {
      const std::size_t page = below(bytes.size() / kPageBytes) * kPageBytes;
      const std::size_t at = below(2) == 0 ? page + below(120) : below(bytes.size());
      static constexpr std::array<unsigned char, 6> kEdges = {0x00, 0x01, 0x7F, 0x80, 0xFF, 0x0D};
      bytes[at] = static_cast<char>(below(2) == 0 ? kEdges[below(kEdges.size())] : random_());
    }
    if (below(8) == 0) {
      const std::size_t from = below(bytes.size() / kPageBytes) * kPageBytes;
      const std::size_t to = below(bytes.size() / kPageBytes) * kPageBytes;
      bytes.replace(to, kPageBytes, std::string(bytes, from, kPageBytes));
    }
    if (below(8) == 0) {
      bytes.resize(below(bytes.size()) + 1);
    }
    return bytes;
  }

  void read_everything() {
    auto reader = OutboundReader::open(*folder_, kBusy);
    if (!reader.ok()) {
      EXPECT_FALSE(reader.status().message().empty());
      return;
    }
    static_cast<void>(reader->read_new({}));
    static_cast<void>(reader->read_new({.rowid = 20, .id = "m19", .seq = 39}));
    static_cast<void>(reader->read_unknown({"m1", "m2"}));
    const std::vector<std::string> ids = {"a", "b", "c"};
    static_cast<void>(reader->read_acknowledgements(ids));
    static_cast<void>(reader->read_turn());
  }

  void write_something() {
    auto writer = OutboundWriter::open(*folder_, kBusy);
    if (!writer.ok()) {
      return;
    }
    static_cast<void>(writer->check());
    static_cast<void>(writer->acknowledgements());
    static_cast<void>(writer->insert({"host", "chat", {}, "{}"}, 4, loop_.wall_now()));
    static_cast<void>(writer->forget_acknowledgements());
    static_cast<void>(writer->commit());
  }

  std::shared_ptr<attachments::ConfinedFolder> folder_;
  std::mt19937 random_;
};

TEST_F(Fuzz, DamagedDatabases) {
  const std::string whole = test::read_file(file("outbound.db"));
  for (int i = 0; i < 1500; ++i) {
    put(file("outbound.db"), mutated(whole));
    read_everything();
    if (i % 4 == 0) {
      write_something();
      std::filesystem::remove(file("outbound.db-journal"));
    }
  }
}

TEST_F(Fuzz, DamagedJournals) {
  const std::string whole = test::read_file(file("outbound.db"));
  const std::string journal = make_journal(
      pages_of(whole), static_cast<std::uint32_t>(whole.size() / kPageBytes), "/etc/passwd");
  for (int i = 0; i < 500; ++i) {
    put(file("outbound.db"), whole);
    put(file("outbound.db-journal"), mutated(journal));
    read_everything();
    write_something();
    std::filesystem::remove(file("outbound.db-journal"));
  }
  EXPECT_TRUE(std::filesystem::exists("/etc/passwd"));
}

}  // namespace
}  // namespace patchbay::session
