// What a confined process is kept from, one way out after the other; with Landlock as Debian 12's
// kernel has it, which knows neither truncate() nor signals.
#include "adapters/isolation/sandbox.hpp"

#include <cerrno>
#include <cstdlib>
#include <fcntl.h>
#include <functional>
#include <gtest/gtest.h>
#include <linux/capability.h>
#include <linux/sockios.h>
#include <sched.h>
#include <string>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/sem.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>
#include <vector>

#include "base/unique_fd.hpp"
#include "test_common/temp_folder.hpp"

namespace patchbay::adapters {
namespace {

constexpr std::uint64_t kMemory = 4ULL << 30;  // the child begins with what this process has
constexpr int kNotConfined = 250;

// `attempt` in a child that is confined, after what `before` does to it: 0, or its errno.
int confined(const std::function<long()>& attempt, const std::function<void()>& before = {}) {
  const pid_t child = ::fork();
  if (child == 0) {
    if (before) {
      before();
    }
    const auto entered = enter_sandbox({.library = "/usr/lib/none.so",
                                        .refusals = -1,
                                        .memory_bytes = kMemory,
                                        .newest_landlock = 2});
    if (!entered.ok()) {
      ::_exit(kNotConfined);
    }
    errno = 0;
    ::_exit(attempt() == -1 ? errno : 0);
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

struct Attempt {
  const char* name;
  std::function<long()> make;
};

template <class Pointer>
long mapped(Pointer* address) {
  return address == MAP_FAILED ? -1 : 0;
}

TEST(Sandbox, NobodyElseIsReached) {
  const Attempt attempts[] = {
      {"F_SETOWN", [] { return ::fcntl(0, F_SETOWN, ::getppid()); }},
      {"F_SETSIG", [] { return ::fcntl(0, F_SETSIG, SIGKILL); }},
      {"F_SETOWN, with more above it",
       [] { return ::syscall(SYS_fcntl, 0, (1L << 32) | F_SETOWN, ::getppid()); }},
      {"O_ASYNC", [] { return ::fcntl(0, F_SETFL, O_ASYNC | O_NONBLOCK); }},
      {"FIOSETOWN",
       [] {
         int to = ::getppid();
         return ::ioctl(0, FIOSETOWN, &to);
       }},
      {"SIOCSPGRP",
       [] {
         int to = ::getppid();
         return ::ioctl(0, SIOCSPGRP, &to);
       }},
      {"setpriority", [] { return ::setpriority(PRIO_PROCESS, ::getppid(), 7); }},
      {"sched_setaffinity",
       [] {
         cpu_set_t first;
         CPU_ZERO(&first);
         CPU_SET(0, &first);
         return ::sched_setaffinity(::getppid(), sizeof(first), &first);
       }},
      {"sched_setscheduler",
       [] {
         const sched_param none{};
         return ::sched_setscheduler(::getppid(), SCHED_BATCH, &none);
       }},
      {"ioprio_set", [] { return ::syscall(SYS_ioprio_set, 1, ::getppid(), 3 << 13); }},
      {"socketpair",
       [] {
         int ends[2];
         return ::socketpair(AF_UNIX, SOCK_DGRAM, 0, ends);
       }},
      {"semctl", [] { return ::semctl(0, 0, IPC_RMID); }},
      {"mq_unlink", [] { return ::syscall(SYS_mq_unlink, "name"); }},
      {"setpgid", [] { return ::setpgid(0, ::getpgid(::getppid())); }},
      {"setsid", [] { return ::setsid(); }},
      {"PR_SET_PDEATHSIG", [] { return ::prctl(PR_SET_PDEATHSIG, 0); }},
  };
  for (const Attempt& attempt : attempts) {
    EXPECT_EQ(confined(attempt.make), EPERM) << attempt.name;
  }
}

TEST(Sandbox, NoFileIsChanged) {
  const test::TempFolder folder;
  const std::string path = folder / "file";
  test::write_file(path, "content");
  EXPECT_EQ(confined([&] { return ::truncate(path.c_str(), 0); }), EPERM);
  EXPECT_EQ(confined([&] { return ::syscall(452, AT_FDCWD, path.c_str(), 0777, 0); }), EPERM)
      << "fchmodat2";
  EXPECT_NE(confined([&] { return ::open(path.c_str(), O_WRONLY | O_TRUNC); }), 0);
  EXPECT_EQ(test::read_file(path), "content");
}

TEST(Sandbox, LimitsAreNotRaised) {
  const rlimit more{1 << 20, 1 << 20};
  EXPECT_EQ(confined([&more] { return ::setrlimit(RLIMIT_NOFILE, &more); }), EPERM);
  EXPECT_EQ(confined([&more] { return ::prlimit(0, RLIMIT_NOFILE, &more, nullptr); }), EPERM);
  EXPECT_EQ(confined([] {
              rlimit now{};
              return ::getrlimit(RLIMIT_NOFILE, &now);
            }),
            0);
}

// Of a host that was started under lower ones by somebody who is not root.
TEST(Sandbox, LowerLimitsStay) {
  struct Limit {
    __rlimit_resource resource;
    rlim_t most;
  };
  const std::vector<Limit> limits = {
      {RLIMIT_STACK, 4 << 20},
      {RLIMIT_NOFILE, 256},
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
      {RLIMIT_DATA, kMemory / 2},
      {RLIMIT_AS, kMemory},
#endif
  };
  for (const Limit& limit : limits) {
    const auto lower_it = [&limit] {
      const rlimit value{limit.most, limit.most};
      ::setrlimit(limit.resource, &value);
      __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
      const __user_cap_data_struct none[_LINUX_CAPABILITY_U32S_3] = {};
      ::syscall(SYS_capset, &header, none);
    };
    const auto is_kept = [&limit] {
      rlimit now{};
      ::getrlimit(limit.resource, &now);
      const bool kept = now.rlim_cur == limit.most && now.rlim_max == limit.most;
      errno = kept ? 0 : ERANGE;
      return kept ? 0 : -1;
    };
    EXPECT_EQ(confined(is_kept, lower_it), 0) << "resource " << limit.resource;
  }
}

// Each would be memory that RLIMIT_DATA does not count.
TEST(Sandbox, NoMemoryIsUncounted) {
  constexpr std::size_t kSize = 4096;
  const auto map = [](int protection, int flags) {
    return [protection, flags] { return mapped(::mmap(nullptr, kSize, protection, flags, -1, 0)); };
  };
  EXPECT_EQ(confined(map(PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS)), EPERM);
  EXPECT_EQ(confined(map(PROT_READ, MAP_SHARED | MAP_ANONYMOUS)), EPERM) << "then mprotect()";
  EXPECT_EQ(confined(map(PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_GROWSDOWN)),
            EPERM);
  EXPECT_EQ(confined([] { return ::memfd_create("memory", 0); }), EPERM);
  EXPECT_EQ(confined(map(PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS)), 0);
}

#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
// With a sanitizer the process has no limit of memory.
TEST(Sandbox, MemoryIsLimited) {
  const auto take = [](std::size_t bytes) {
    return [bytes] {
      constexpr int kFlags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE;
      return mapped(::mmap(nullptr, bytes, PROT_READ | PROT_WRITE, kFlags, -1, 0));
    };
  };
  EXPECT_EQ(confined(take(kMemory / 2)), 0);
  EXPECT_EQ(confined(take(kMemory + 1)), ENOMEM);
  EXPECT_EQ(confined([] {
              return mapped(::mmap(nullptr, kMemory + (17ULL << 30), PROT_READ,
                                   MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0));
            }),
            ENOMEM)
      << "page tables";
}
#endif

TEST(Sandbox, WhenMemoryRunsOutItGoesFirst) {
  EXPECT_EQ(confined([] {
              char score[16] = {};
              const base::UniqueFd file(::open("/proc/self/oom_score_adj", O_RDONLY));
              const bool high = ::read(file.get(), score, sizeof(score) - 1) > 0 &&
                                std::strtol(score, nullptr, 10) >= 500;
              errno = high ? 0 : ERANGE;
              return high ? 0 : -1;
            }),
            0);
}

TEST(Sandbox, WhatAdaptersNeedWorks) {
  const Attempt attempts[] = {
      {"a thread",
       [] {
         std::thread([] {}).join();
         return 0;
       }},
      {"a shared library, mapped",
       [] {
         const base::UniqueFd file(::open("/usr/bin/env", O_RDONLY));
         return mapped(::mmap(nullptr, 4096, PROT_READ, MAP_SHARED, file.get(), 0));
       }},
      {"a descriptor that does not wait",
       [] {
         int ends[2];
         return ::pipe(ends) == 0 ? ::fcntl(ends[0], F_SETFL, O_NONBLOCK) : -1;
       }},
      {"a signal to itself", [] { return ::kill(::getpid(), 0); }},
  };
  for (const Attempt& attempt : attempts) {
    EXPECT_EQ(confined(attempt.make), 0) << attempt.name;
  }
}

}  // namespace
}  // namespace patchbay::adapters
