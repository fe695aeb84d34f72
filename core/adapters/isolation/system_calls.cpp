#include "adapters/isolation/system_calls.hpp"

#include <array>
#include <cerrno>
#include <csignal>
#include <cstdint>
#include <cstring>
#include <fcntl.h>
#include <memory>
#include <sched.h>
#include <seccomp.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/syscall.h>
#include <ucontext.h>
#include <unistd.h>

#include "adapters/isolation/refused_calls.hpp"
#include "adapters/isolation/sandbox.hpp"

namespace patchbay::adapters {
namespace {

using base::Code;
using base::Status;

// What the signal handler needs. Written before the filter is in force.
struct Watch {
  int refusals = -1;
  std::uint64_t pass = 0;  // the sixth argument of an open() that the handler itself makes
  std::array<Named, 192> names{};
  std::size_t count = 0;
};
Watch watch;  // NOLINT(cppcoreguidelines-avoid-non-const-global-variables): a signal handler's

constexpr const char* kUnnamed = "a system call";

const char* name_of(int number) {
  for (std::size_t i = 0; i < watch.count; ++i) {
    if (watch.names[i].number == number) {
      return watch.names[i].name;
    }
  }
  return kUnnamed;
}

// Async-signal-safe, as all that follows up to handle(). A pipe that is full takes nothing: the
// adapter that fills it has been heard.
void tell(const char* call, const char* path) {
  Refusal refusal{};
  std::strncpy(refusal.call, call, sizeof(refusal.call) - 1);
  if (path != nullptr) {
    std::strncpy(refusal.path, path, sizeof(refusal.path) - 1);
  }
  static_cast<void>(::write(watch.refusals, &refusal, sizeof(refusal)));
}

struct Call {
  int number;
  std::array<long, 4> arguments;
};

#if defined(__x86_64__)
Call call_of(const ucontext_t& context, int number) {
  const auto& registers = context.uc_mcontext.gregs;
  return {number, {registers[REG_RDI], registers[REG_RSI], registers[REG_RDX], registers[REG_R10]}};
}
void set_result(ucontext_t& context, long result) { context.uc_mcontext.gregs[REG_RAX] = result; }
#elif defined(__aarch64__)
Call call_of(const ucontext_t& context, int number) {
  const auto& registers = context.uc_mcontext.regs;
  return {number,
          {static_cast<long>(registers[0]), static_cast<long>(registers[1]),
           static_cast<long>(registers[2]), static_cast<long>(registers[3])}};
}
void set_result(ucontext_t& context, long result) {
  context.uc_mcontext.regs[0] = static_cast<unsigned long long>(result);
}
#else
#error "isolated adapters need the registers of this architecture here"
#endif

const char* path_at(long address) {
  return reinterpret_cast<const char*>(address);  // NOLINT(performance-no-int-to-ptr)
}

// The call again, in a form that the filter lets pass: Landlock decides.
long open_by_rules(const Call& call) {
  const auto& given = call.arguments;
  long result = -1;
  const char* path = path_at(given[1]);
  if (call.number == SYS_openat || call.number == SYS_openat2) {
    result = ::syscall(call.number, given[0], given[1], given[2], given[3], 0L, watch.pass);
  }
#if defined(SYS_open)
  if (call.number == SYS_open || call.number == SYS_creat) {
    const bool creates = call.number == SYS_creat;
    path = path_at(given[0]);
    result = ::syscall(SYS_openat, static_cast<long>(AT_FDCWD), given[0],
                       creates ? static_cast<long>(O_CREAT | O_WRONLY | O_TRUNC) : given[1],
                       creates ? given[1] : given[2], 0L, watch.pass);
  }
#endif
  if (result >= 0) {
    return result;
  }
  if (errno == EACCES) {
    tell(name_of(call.number), path);  // the kernel has read the path: it is one
  }
  return -errno;
}

bool opens(int number) {
#if defined(SYS_open)
  if (number == SYS_open || number == SYS_creat) {
    return true;
  }
#endif
  return number == SYS_openat || number == SYS_openat2;
}

void handle(int /*signal*/, siginfo_t* info, void* given) {
  const int saved = errno;
  ucontext_t& context = *static_cast<ucontext_t*>(given);
  const Call call = call_of(context, info->si_syscall);
  if (opens(call.number)) {
    set_result(context, open_by_rules(call));
  } else {
    tell(name_of(call.number), nullptr);
    set_result(context, -EPERM);
  }
  errno = saved;
}

class Filter {
 public:
  Filter() : filter_(::seccomp_init(SCMP_ACT_ALLOW)) {}
  ~Filter() { ::seccomp_release(filter_); }
  Filter(const Filter&) = delete;
  Filter& operator=(const Filter&) = delete;

  // Refused and told, under the conditions, if any.
  template <class... Conditions>
  void refuse(const char* name, Conditions... conditions) {
    add(SCMP_ACT_TRAP, name, conditions...);
  }
  template <class... Conditions>
  void add(std::uint32_t action, const char* name, Conditions... conditions) {
    add({::seccomp_syscall_resolve_name(name), name}, action, conditions...);
  }
  template <class... Conditions>
  void add(const Named& call, std::uint32_t action, Conditions... conditions) {
    if (call.number < 0 || problem_ != 0) {
      return;  // not on this architecture
    }
    if (name_of(call.number) == kUnnamed && watch.count < watch.names.size()) {
      watch.names[watch.count++] = call;
    }
    problem_ =
        ::seccomp_rule_add(filter_, action, call.number, sizeof...(conditions), conditions...);
  }
  Status load() {
    if (filter_ == nullptr || problem_ != 0) {
      return {Code::kInternal, "libseccomp takes no filter (" + std::to_string(-problem_) + ")"};
    }
    const int error = ::seccomp_load(filter_);
    return error == 0 ? Status() : Status::from_errno(-error, "the kernel takes no seccomp filter");
  }

 private:
  scmp_filter_ctx filter_;
  int problem_ = 0;
};

// The kernel takes the lower half of such an argument; what stands above it is no way around.
scmp_arg_cmp is(unsigned argument, std::uint32_t value) {
  return {argument, SCMP_CMP_MASKED_EQ, 0xFFFFFFFFU, value};
}
scmp_arg_cmp has(unsigned argument, std::uint32_t bits) {
  return {argument, SCMP_CMP_MASKED_EQ, bits, bits};
}

void refuse_values(Filter& filter) {
  for (const RefusedValue& refused : kRefusedValues) {
    filter.refuse(refused.call, is(refused.argument, refused.value));
  }
  filter.refuse("fcntl", is(1, F_SETFL), has(2, O_ASYNC));
  filter.refuse("clone", SCMP_A0(SCMP_CMP_MASKED_EQ, CLONE_THREAD, 0));
}

// See sandbox.cpp: limit_memory(). A shared mapping of nobody's file could be made writable later.
void refuse_uncounted_memory(Filter& filter) {
  for (const std::uint32_t type : {MAP_SHARED, MAP_SHARED_VALIDATE}) {
    const scmp_arg_cmp shared{3, SCMP_CMP_MASKED_EQ, MAP_TYPE, type};
    filter.refuse("mmap", has(2, PROT_WRITE), shared);
    filter.refuse("mmap", scmp_arg_cmp{3, SCMP_CMP_MASKED_EQ, MAP_TYPE | MAP_ANONYMOUS,
                                       type | MAP_ANONYMOUS});
  }
  filter.refuse("mmap", has(3, MAP_GROWSDOWN));
}

// Those that may concern this process alone, by its number.
void refuse_other_processes(Filter& filter) {
  const auto self = static_cast<scmp_datum_t>(::getpid());
  for (const char* name : {"kill", "tgkill", "rt_sigqueueinfo", "rt_tgsigqueueinfo"}) {
    filter.refuse(name, SCMP_A0(SCMP_CMP_NE, self));
  }
  filter.refuse("prlimit64", SCMP_A0(SCMP_CMP_NE, 0));
  filter.refuse("prlimit64", SCMP_A2(SCMP_CMP_NE, 0));  // it may ask for its limits
}

}  // namespace

Status confine_system_calls(int refusals) {
  watch.refusals = refusals;
  if (::getrandom(&watch.pass, sizeof(watch.pass), 0) != sizeof(watch.pass)) {
    return Status::from_errno(errno, "cannot get randomness");
  }
  struct sigaction action{};
  action.sa_sigaction = handle;
  action.sa_flags = SA_SIGINFO | SA_NODEFER;
  if (::sigaction(SIGSYS, &action, nullptr) != 0) {
    return Status::from_errno(errno, "cannot handle SIGSYS");
  }
  Filter filter;
  for (const char* name : kRefused) {
    filter.refuse(name);
  }
  for (const char* name : {"open", "creat"}) {
    filter.refuse(name);
  }
  for (const char* name : {"openat", "openat2"}) {
    filter.refuse(name, SCMP_A5(SCMP_CMP_NE, watch.pass));
  }
  for (const Named& call : kRefusedByNumber) {
    filter.add(call, SCMP_ACT_TRAP);
  }
  refuse_values(filter);
  refuse_uncounted_memory(filter);
  refuse_other_processes(filter);
  // Its flags are behind a pointer; the C library then uses clone().
  filter.add(SCMP_ACT_ERRNO(ENOSYS), "clone3");
  // Nobody takes the handler away.
  filter.add(SCMP_ACT_ERRNO(EPERM), "rt_sigaction", is(0, SIGSYS));
  return filter.load();
}

}  // namespace patchbay::adapters
