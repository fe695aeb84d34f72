#include "attachments/confined_folder.hpp"

#include <cstring>
#include <fcntl.h>
#include <gmock/gmock.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "test_common/temp_folder.hpp"

namespace patchbay::attachments {
namespace {

using base::Code;
using test::read_file;
using test::write_file;
using ::testing::EndsWith;
using ::testing::HasSubstr;

// A folder of an agent beside a folder of the host that it must not reach.
struct Confined : ::testing::Test {
  Confined() {
    std::filesystem::create_directory(temp / "agent");
    std::filesystem::create_directory(temp / "host");
    write_file(temp / "host/secret", "secret");
    write_file(temp / "agent/file.txt", "content");
    folder.emplace(ConfinedFolder::open(temp / "agent").value());
  }
  [[nodiscard]] std::string agent(const std::string& name) const {
    return temp / ("agent/" + name);
  }

  test::TempFolder temp;
  std::optional<ConfinedFolder> folder;
};

std::string content(const OpenedFile& file) {
  std::string text(static_cast<std::size_t>(file.size), '\0');
  text.resize(static_cast<std::size_t>(::pread(file.fd.get(), text.data(), text.size(), 0)));
  return text;
}

TEST_F(Confined, OpensARegularFile) {
  const auto file = folder->open_read("file.txt");
  ASSERT_TRUE(file.ok()) << file.status().message();
  EXPECT_EQ(file->size, 7U);
  EXPECT_EQ(content(*file), "content");
  struct stat facts{};
  ASSERT_EQ(::stat(agent("file.txt").c_str(), &facts), 0);
  EXPECT_EQ(std::chrono::floor<std::chrono::seconds>(file->modified).time_since_epoch().count(),
            facts.st_mtim.tv_sec);
  EXPECT_EQ(::write(file->fd.get(), "x", 1), -1);
}

TEST_F(Confined, OpensForWritingToo) {
  const auto file = folder->open_read_write("file.txt");
  ASSERT_TRUE(file.ok());
  EXPECT_EQ(::pwrite(file->fd.get(), "C", 1, 0), 1);
  EXPECT_EQ(read_file(agent("file.txt")), "Content");
}

TEST_F(Confined, RefusesByNameWhatIsNotAPlainFile) {
  ASSERT_EQ(::symlink("../host/secret", agent("link").c_str()), 0);
  ASSERT_EQ(::symlink("/proc/self/environ", agent("magic").c_str()), 0);
  ASSERT_EQ(::link((temp / "host/secret").c_str(), agent("hard").c_str()), 0);
  ASSERT_EQ(::mkfifo(agent("pipe").c_str(), 0600), 0);
  ASSERT_EQ(::mkdir(agent("folder").c_str(), 0700), 0);
  const int socket_fd = ::socket(AF_UNIX, SOCK_STREAM, 0);
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::strncpy(&address.sun_path[0], agent("sock").c_str(), sizeof address.sun_path - 1);
  ASSERT_EQ(::bind(socket_fd, reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
  ::close(socket_fd);

  const std::pair<std::string, std::string> cases[] = {
      {"link", "/link is a symbolic link"},
      {"magic", "/magic is a symbolic link"},
      {"hard", "/hard has 2 hard links"},
      {"pipe", "/pipe is a FIFO"},
      {"folder", "/folder is a folder"},
      {"sock", "/sock is a socket"},
      {"../host/secret", "/../host/secret is not the name of a file in this folder"},
      {"..", "/.. is not the name of a file in this folder"},
      {"", "/ is not the name of a file in this folder"},
      {"folder/x", "/folder/x is not the name of a file in this folder"},
      {std::string("a\0b", 3), "/a?b is not the name of a file in this folder"}};
  for (const auto& [name, reason] : cases) {
    for (const auto& result :
         {folder->open_read(name).status(), folder->open_read_write(name).status()}) {
      EXPECT_EQ(result.code(), Code::kRefused) << name;
      EXPECT_THAT(result.message(), EndsWith(reason));
    }
  }
  EXPECT_EQ(read_file(temp / "host/secret"), "secret");
}

TEST_F(Confined, AMissingFileIsNotFound) {
  const auto file = folder->open_read("none");
  EXPECT_EQ(file.status().code(), Code::kNotFound);
  EXPECT_THAT(file.status().message(), HasSubstr("/none: No such file"));
}

TEST_F(Confined, ALeaseDoesNotHoldTheOpen) {
  const int agent_fd = ::open(agent("file.txt").c_str(), O_RDWR | O_CLOEXEC);
  ASSERT_EQ(::fcntl(agent_fd, F_SETLEASE, F_WRLCK), 0)
      << "leases are needed where TMPDIR lies: " << std::strerror(errno);
  ASSERT_EQ(::fcntl(agent_fd, F_SETSIG, SIGCONT), 0);  // instead of SIGIO, which would end the test
  EXPECT_EQ(folder->open_read("file.txt").status().code(), Code::kBusy);
  ::close(agent_fd);
}

TEST_F(Confined, ClosingLeavesPosixLocksAlone) {
  // What SQLite relies on: looking at its file must not drop the process's locks.
  const int held = ::open(agent("file.txt").c_str(), O_RDWR | O_CLOEXEC);
  struct flock lock{};
  lock.l_type = F_WRLCK;
  ASSERT_EQ(::fcntl(held, F_SETLK, &lock), 0);
  EXPECT_EQ(folder->kind_of("file.txt").value(), EntryKind::kFile);
  const pid_t child = ::fork();
  if (child == 0) {
    struct flock seen{};
    seen.l_type = F_WRLCK;
    const int other = ::open(agent("file.txt").c_str(), O_RDWR | O_CLOEXEC);
    ::_exit(::fcntl(other, F_GETLK, &seen) == 0 && seen.l_type == F_WRLCK ? 0 : 1);
  }
  int status = 1;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  EXPECT_EQ(status, 0);
  ::close(held);
}

TEST_F(Confined, CreatesOnlyWhatDoesNotExist) {
  const auto created = folder->create_exclusive("new", Access::kAgentToo);
  ASSERT_TRUE(created.ok());
  struct stat facts{};
  ASSERT_EQ(::fstat(created->get(), &facts), 0);
  EXPECT_EQ(facts.st_mode & 07777, 0644U);
  EXPECT_EQ(folder->create_exclusive("new", Access::kHostOnly).status().code(),
            Code::kAlreadyExists);
  ASSERT_EQ(::symlink("../host/planted", agent("dangling").c_str()), 0);
  EXPECT_EQ(folder->create_exclusive("dangling", Access::kHostOnly).status().code(),
            Code::kAlreadyExists);
  EXPECT_FALSE(std::filesystem::exists(temp / "host/planted"));
  EXPECT_EQ(folder->create_exclusive("../host/x", Access::kHostOnly).status().code(),
            Code::kRefused);
}

TEST_F(Confined, SubfoldersAreRealFolders) {
  ASSERT_TRUE(folder->make_folder("sub", Access::kAgentToo).ok());
  EXPECT_TRUE(folder->open_subfolder("sub").ok());
  EXPECT_EQ(folder->make_folder("sub", Access::kAgentToo).code(), Code::kAlreadyExists);
  EXPECT_TRUE(folder->open_or_make_subfolder("sub", Access::kHostOnly).ok());
  EXPECT_TRUE(folder->open_or_make_subfolder("fresh", Access::kHostOnly).ok());

  ASSERT_EQ(::symlink("../host", agent("away").c_str()), 0);
  const auto away = folder->open_subfolder("away");
  EXPECT_EQ(away.status().code(), Code::kRefused);
  EXPECT_THAT(away.status().message(), EndsWith("/away is a symbolic link, not a folder"));
  EXPECT_EQ(folder->open_or_make_subfolder("away", Access::kHostOnly).status().code(),
            Code::kRefused);
  EXPECT_THAT(folder->open_subfolder("file.txt").status().message(),
              EndsWith("/file.txt is a file, not a folder"));
  EXPECT_EQ(folder->open_subfolder("..").status().code(), Code::kRefused);
  EXPECT_EQ(folder->open_subfolder("none").status().code(), Code::kNotFound);
}

TEST_F(Confined, RenamesTheEntryItself) {
  const auto host = ConfinedFolder::open(temp / "host").value();
  ASSERT_EQ(::symlink("../host/secret", agent("link").c_str()), 0);
  ASSERT_TRUE(folder->rename("link", host, "moved", Replace::kNever).ok());
  EXPECT_EQ(host.kind_of("moved").value(), EntryKind::kSymbolicLink);
  EXPECT_EQ(folder->rename("file.txt", host, "secret", Replace::kNever).code(),
            Code::kAlreadyExists);
  EXPECT_EQ(read_file(temp / "host/secret"), "secret");
  EXPECT_TRUE(folder->rename("file.txt", host, "secret", Replace::kFile).ok());
  EXPECT_EQ(read_file(temp / "host/secret"), "content");
  EXPECT_EQ(folder->rename("none", host, "x", Replace::kNever).code(), Code::kNotFound);
  EXPECT_EQ(folder->rename("../host/secret", host, "x", Replace::kNever).code(), Code::kRefused);
}

TEST_F(Confined, ListsAtMostWhatWasAskedFor) {
  ASSERT_EQ(::symlink("x", agent("link").c_str()), 0);
  const auto all = folder->list();
  ASSERT_TRUE(all.ok());
  EXPECT_TRUE(all->complete);
  EXPECT_EQ(all->entries.size(), 2U);
  for (const Entry& entry : all->entries) {
    EXPECT_EQ(entry.kind, entry.name == "link" ? EntryKind::kSymbolicLink : EntryKind::kFile);
  }
  const auto one = folder->list(1);
  EXPECT_EQ(one->entries.size(), 1U);
  EXPECT_FALSE(one->complete);
  EXPECT_EQ(folder->list()->entries.size(), 2U) << "listing twice reads from the start again";
}

TEST_F(Confined, StaysWithTheFolderWhenItsPathIsReplaced) {
  std::filesystem::rename(temp / "agent", temp / "elsewhere");
  std::filesystem::create_directory_symlink("host", temp / "agent");
  EXPECT_TRUE(folder->open_read("file.txt").ok());
  EXPECT_EQ(folder->open_read("secret").status().code(), Code::kNotFound);
  EXPECT_TRUE(folder->sync().ok());
}

TEST_F(Confined, OpeningTheHostsOwnFolder) {
  EXPECT_EQ(ConfinedFolder::open(temp / "none").status().code(), Code::kNotFound);
  EXPECT_TRUE(ConfinedFolder::open(temp / "made", Missing::kIsCreated).ok());
  struct stat facts{};
  ASSERT_EQ(::stat((temp / "made").c_str(), &facts), 0);
  EXPECT_EQ(facts.st_mode & 07777, 0700U);
}

}  // namespace
}  // namespace patchbay::attachments
