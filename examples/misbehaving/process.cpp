// Deeds that harm more than the instance.
#include <clocale>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "misbehaving.hpp"

namespace misbehaving {
namespace {

[[noreturn]] void hang() {
  while (true) {
    ::pause();
  }
}

[[noreturn]] void crash() {
  ::raise(SIGSEGV);
  std::_Exit(1);
}

}  // namespace

bool harm_process(std::string_view name) {
  if (name == "hang") {
    hang();
  } else if (name == "crash") {
    crash();
  } else if (name == "exit") {
    std::exit(0);
  } else if (name == "abort") {
    std::abort();
  } else if (name == "throw") {
    throw 7;
  } else if (name == "be_slow") {
    ::usleep(200'000);
  } else if (name == "signal_handler") {
    std::signal(SIGUSR2, SIG_IGN);
  } else if (name == "locale") {
    std::setlocale(LC_ALL, "C.UTF-8");
  } else if (name == "umask") {
    ::umask(0);
  } else if (name == "working_folder") {
    return ::chdir("/tmp") == 0;
  } else if (name == "environment") {
    ::setenv("MISBEHAVED", "yes", 1);
  } else if (name == "leak_descriptors") {
    return ::open("/dev/null", O_RDONLY | O_CLOEXEC) >= 0;
  } else if (name == "print") {
    std::puts("hello from the adapter");
    std::fflush(stdout);
  } else {
    return false;
  }
  return true;
}

std::string_view at_load() {
  const char* name = std::getenv("MISBEHAVE_AT_LOAD");
  return name != nullptr ? name : "";
}

namespace {

__attribute__((constructor)) void while_loading() { harm_process(at_load()); }

}  // namespace
}  // namespace misbehaving
