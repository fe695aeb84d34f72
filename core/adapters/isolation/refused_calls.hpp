// The system calls that an isolated adapter may not make, whatever their arguments or for some of
// them. Private to system_calls.cpp, which has the rest: what depends on the process.
#pragma once

#include <cstdint>
#include <fcntl.h>
#include <linux/fs.h>
#include <linux/sockios.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>

namespace patchbay::adapters {

struct Named {
  int number;
  const char* name;
};

// Refused and told. What a kernel or an architecture does not have is left out by libseccomp.
inline constexpr const char* kRefused[] = {
    // Network and everything that connects to somebody.
    "socket",
    "socketpair",  // one for datagrams reaches any socket of the user's
    "connect",
    "bind",
    "listen",
    "accept",
    "accept4",
    // System V's, by numbers that can be guessed, and message queues.
    "mq_open",
    "mq_unlink",
    "shmget",
    "shmat",
    "shmctl",
    "msgget",
    "msgsnd",
    "msgrcv",
    "msgctl",
    "semget",
    "semop",
    "semtimedop",
    "semctl",
    // Memory that no limit counts.
    "memfd_create",
    "memfd_secret",
    // Programs and processes; clone() without CLONE_THREAD besides.
    "execve",
    "execveat",
    "fork",
    "vfork",
    "ptrace",
    "process_vm_readv",
    "process_vm_writev",
    "process_madvise",
    "process_mrelease",
    "move_pages",
    "migrate_pages",
    "kcmp",
    "pidfd_open",
    "pidfd_getfd",
    "pidfd_send_signal",
    "tkill",
    // To be found and ended with its group, and on the shares that it was given.
    "setpgid",
    "setsid",
    "setpriority",
    "sched_setscheduler",
    "sched_setparam",
    "sched_setattr",
    "sched_setaffinity",
    "ioprio_set",
    "setrlimit",
    // Owners, modes, times, attributes and (before version 3 of it) sizes of files: Landlock has no
    // rule for them.
    "truncate",
    "truncate64",
    "chmod",
    "fchmod",
    "fchmodat",
    "chown",
    "fchown",
    "lchown",
    "fchownat",
    "utime",
    "utimes",
    "utimensat",
    "futimesat",
    "setxattr",
    "lsetxattr",
    "fsetxattr",
    "removexattr",
    "lremovexattr",
    "fremovexattr",
    "name_to_handle_at",
    "open_by_handle_at",
    "inotify_init",
    "inotify_init1",
    "fanotify_init",
    // The system.
    "mount",
    "umount2",
    "pivot_root",
    "move_mount",
    "open_tree",
    "fsopen",
    "fsmount",
    "fspick",
    "mount_setattr",
    "unshare",
    "setns",
    "chroot",
    "io_uring_setup",
    "io_uring_enter",
    "io_uring_register",
    "bpf",
    "perf_event_open",
    "userfaultfd",
    "keyctl",
    "add_key",
    "request_key",
    "personality",
    "syslog",
    "acct",
    "reboot",
    "kexec_load",
    "kexec_file_load",
    "init_module",
    "finit_module",
    "delete_module",
    "swapon",
    "swapoff",
    "quotactl",
};

// Of kernels that are newer than Debian 12's libseccomp. The number is the same everywhere.
inline constexpr Named kRefusedByNumber[] = {
    {452, "fchmodat2"},      {463, "setxattrat"},   {466, "removexattrat"},
    {467, "open_tree_attr"}, {469, "file_setattr"},
};

// Refused and told where one argument, of 32 bits, is this: what else the call does is harmless.
struct RefusedValue {
  const char* call;
  unsigned argument;
  std::uint32_t value;
};
inline constexpr std::uint32_t kShareSchedulerCookie = 62;  // PR_SCHED_CORE
inline constexpr RefusedValue kRefusedValues[] = {
    // A signal of its choice to a process of its choice, when a descriptor is ready.
    {"fcntl", 1, F_SETOWN},         {"fcntl", 1, F_SETOWN_EX},
    {"fcntl", 1, F_SETSIG},         {"fcntl", 1, F_NOTIFY},
    {"fcntl", 1, F_SETLEASE},       {"fcntl", 1, F_SETPIPE_SZ},  // memory that no limit counts
    {"ioctl", 1, FIOSETOWN},        {"ioctl", 1, SIOCSPGRP},
    {"ioctl", 1, FIOASYNC},         {"ioctl", 1, TIOCSTI},
    {"ioctl", 1, FS_IOC_SETFLAGS},  {"ioctl", 1, FS_IOC_FSSETXATTR},
    {"prctl", 0, PR_SET_PDEATHSIG}, {"prctl", 0, kShareSchedulerCookie},
};

}  // namespace patchbay::adapters
