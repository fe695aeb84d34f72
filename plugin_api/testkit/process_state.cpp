#include "process_state.hpp"

#include <clocale>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <dirent.h>
#include <memory>
#include <sys/stat.h>
#include <unistd.h>

namespace patchbay::testkit {
namespace {

std::string folder_now() {
  const std::unique_ptr<char, void (*)(void*)> folder(::getcwd(nullptr, 0), std::free);
  return folder ? folder.get() : "";
}

std::string environment_now() {
  std::string out;
  for (char** variable = environ; variable != nullptr && *variable != nullptr; ++variable) {
    out += *variable;
    out += '\n';
  }
  return out;
}

// Reading it is setting it; nothing else makes files meanwhile.
mode_t umask_now() {
  const mode_t mask = ::umask(0077);
  ::umask(mask);
  return mask;
}

const void* handler_of(int signal) {
  struct sigaction action{};
  if (::sigaction(signal, nullptr, &action) != 0) {
    return nullptr;
  }
  const void* handler = nullptr;
  static_assert(sizeof(action.sa_handler) == sizeof(handler));
  std::memcpy(&handler, &action.sa_handler, sizeof(handler));
  return handler;
}

std::string octal(mode_t mask) {
  char text[16];
  std::snprintf(text, sizeof(text), "%04o", static_cast<unsigned>(mask));
  return text;
}

}  // namespace

ProcessState ProcessState::now() {
  ProcessState out;
  for (int signal = 1; signal < kSignals; ++signal) {
    out.handlers_[static_cast<std::size_t>(signal)] = handler_of(signal);
  }
  const char* locale = std::setlocale(LC_ALL, nullptr);
  out.locale_ = locale != nullptr ? locale : "";
  out.folder_ = folder_now();
  out.environment_ = environment_now();
  out.umask_ = umask_now();
  return out;
}

std::vector<std::string> ProcessState::changes(const ProcessState& later) const {
  std::vector<std::string> out;
  for (std::size_t signal = 1; signal < handlers_.size(); ++signal) {
    if (handlers_[signal] != later.handlers_[signal]) {
      const char* name = ::sigabbrev_np(static_cast<int>(signal));
      out.push_back("the handler of signal " +
                    (name != nullptr ? "SIG" + std::string(name) : std::to_string(signal)) +
                    " is another");
    }
  }
  if (locale_ != later.locale_) {
    out.push_back("the locale is " + later.locale_ + ", it was " + locale_);
  }
  if (folder_ != later.folder_) {
    out.push_back("the working directory is " + later.folder_ + ", it was " + folder_);
  }
  if (environment_ != later.environment_) {
    out.emplace_back("the environment is another");
  }
  if (umask_ != later.umask_) {
    out.push_back("the umask is " + octal(later.umask_) + ", it was " + octal(umask_));
  }
  return out;
}

std::set<int> open_descriptors() {
  std::set<int> out;
  const std::unique_ptr<DIR, int (*)(DIR*)> folder(::opendir("/proc/self/fd"), ::closedir);
  if (!folder) {
    return out;
  }
  const int own = ::dirfd(folder.get());
  while (const dirent* entry = ::readdir(folder.get())) {
    const int descriptor = static_cast<int>(std::strtol(entry->d_name, nullptr, 10));
    if (entry->d_name[0] != '.' && descriptor != own) {
      out.insert(descriptor);
    }
  }
  return out;
}

std::string describe_descriptor(int descriptor) {
  char target[256];
  const std::string link = "/proc/self/fd/" + std::to_string(descriptor);
  const ssize_t size = ::readlink(link.c_str(), target, sizeof(target));
  return size > 0 ? std::string(target, static_cast<std::size_t>(size)) : "a closed descriptor";
}

}  // namespace patchbay::testkit
