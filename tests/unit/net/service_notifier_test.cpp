#include "net/service_notifier.hpp"

#include <array>
#include <cstdlib>
#include <cstring>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/unique_fd.hpp"
#include "test_common/temp_folder.hpp"

namespace patchbay::net {
namespace {

// The end where systemd listens.
class Manager {
 public:
  explicit Manager(const std::string& name)
      : fd_(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    name.copy(address.sun_path, sizeof(address.sun_path) - 1);
    socklen_t size = sizeof(address);
    if (name.front() == '@') {
      address.sun_path[0] = '\0';
      size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + name.size());
    }
    EXPECT_EQ(::bind(fd_.get(), reinterpret_cast<const sockaddr*>(&address), size), 0);
  }

  std::string heard() {
    std::array<char, 1024> bytes{};
    const ssize_t got = ::recv(fd_.get(), bytes.data(), bytes.size(), 0);
    return got < 0 ? "nothing" : std::string(bytes.data(), static_cast<std::size_t>(got));
  }

 private:
  base::UniqueFd fd_;
};

TEST(ServiceNotifierTest, SpeaksToASocketWithAPath) {
  const test::TempFolder folder;
  Manager manager(folder / "notify");
  const ServiceNotifier notifier(folder / "notify");
  EXPECT_TRUE(notifier.ready("4 instances\nREADY=0").ok());
  EXPECT_EQ(manager.heard(), "READY=1\nSTATUS=4 instances READY=0");
  EXPECT_TRUE(notifier.ready("").ok());
  EXPECT_EQ(manager.heard(), "READY=1");
  EXPECT_TRUE(notifier.stopping().ok());
  EXPECT_EQ(manager.heard(), "STOPPING=1");
  EXPECT_TRUE(notifier.watchdog().ok());
  EXPECT_EQ(manager.heard(), "WATCHDOG=1");
  EXPECT_TRUE(notifier.reloading().ok());
  EXPECT_EQ(manager.heard().find("RELOADING=1\nMONOTONIC_USEC="), 0U);
}

TEST(ServiceNotifierTest, SpeaksToAnAbstractSocket) {
  const std::string name = "@patchbay-notify-test-" + std::to_string(::getpid());
  Manager manager(name);
  EXPECT_TRUE(ServiceNotifier(name).ready("").ok());
  EXPECT_EQ(manager.heard(), "READY=1");
}

TEST(ServiceNotifierTest, SaysNothingOutsideSystemd) {
  ::unsetenv("NOTIFY_SOCKET");
  ::unsetenv("WATCHDOG_USEC");
  const ServiceNotifier notifier = ServiceNotifier::from_environment();
  EXPECT_TRUE(notifier.ready("").ok());
  EXPECT_FALSE(notifier.watchdog_interval().has_value());
}

TEST(ServiceNotifierTest, ReportsASocketThatCannotBe) {
  EXPECT_EQ(ServiceNotifier("relative").ready("").code(), base::Code::kInvalidArgument);
  EXPECT_EQ(ServiceNotifier("/" + std::string(200, 'x')).ready("").code(),
            base::Code::kInvalidArgument);
  EXPECT_EQ(ServiceNotifier("/nowhere/notify").ready("").code(), base::Code::kNotFound);
}

TEST(ServiceNotifierTest, TakesTheWatchdogMeantForThisProcess) {
  ::setenv("WATCHDOG_USEC", "20000000", 1);
  ::unsetenv("WATCHDOG_PID");
  EXPECT_EQ(ServiceNotifier::from_environment().watchdog_interval(), base::Milliseconds(10'000));
  ::setenv("WATCHDOG_PID", std::to_string(::getpid()).c_str(), 1);
  EXPECT_EQ(ServiceNotifier::from_environment().watchdog_interval(), base::Milliseconds(10'000));
  ::setenv("WATCHDOG_PID", "1", 1);
  EXPECT_FALSE(ServiceNotifier::from_environment().watchdog_interval().has_value());
  ::unsetenv("WATCHDOG_PID");
  ::setenv("WATCHDOG_USEC", "often", 1);
  EXPECT_FALSE(ServiceNotifier::from_environment().watchdog_interval().has_value());
  ::unsetenv("WATCHDOG_USEC");
}

}  // namespace
}  // namespace patchbay::net
