#include <cstdio>
#include <malloc.h>
#include <signal.h>

#include "base/log.hpp"
#include "host/chat_command.hpp"
#include "host/check_command.hpp"
#include "host/client_commands.hpp"
#include "host/command_line.hpp"
#include "host/config_reference.hpp"
#include "host/host.hpp"
#include "host/version.hpp"

namespace {

using namespace patchbay;  // NOLINT(google-build-using-namespace)

int fail(int code, const std::string& message) {
  std::fprintf(stderr, "patchbay: %s\n", message.c_str());
  return code;
}

int exit_code_of(const base::Status& status) {
  switch (status.code()) {
    case base::Code::kInvalidArgument:
    case base::Code::kNotFound:
      return host::kExitUsage;
    case base::Code::kRefused:
      return host::kExitRefused;
    default:
      return host::kExitFailed;
  }
}

int run_host(const host::CommandLine& line) {
  if (line.check_config) {
    return host::run_check_command(line);
  }
  auto config = host::load_config(line.config);
  if (!config.ok()) {
    return fail(host::kExitUsage, config.status().message());
  }
  base::configure_log(config->log_level, config->log_format);
  auto opened = host::Host::open(*std::move(config), line.config);
  if (!opened.ok()) {
    return fail(exit_code_of(opened.status()), opened.status().message());
  }
  return (*opened)->run();
}

int run_command(const host::CommandLine& line) {
  if (line.command == "run") {
    return run_host(line);
  }
  if (line.command == "config") {
    std::fputs(line.json ? host::config_reference_json().c_str() : host::config_reference().c_str(),
               stdout);
    return host::kExitDone;
  }
  const auto data_dir = host::find_data_dir(line.config);
  if (!data_dir.ok()) {
    return fail(host::kExitUsage, data_dir.status().message());
  }
  if (line.command == "chat") {
    return host::run_chat_command(line, *data_dir);
  }
  return host::run_client_command(line, *data_dir);
}

}  // namespace

int main(int argc, char** argv) {
  // One heap a thread would keep what each has once used: the storage threads share a few.
  ::mallopt(M_ARENA_MAX, 4);
  ::signal(SIGPIPE, SIG_IGN);  // a peer that went away is an error of its write, not of the process
  const auto line = host::parse_command_line(argc, argv);
  if (!line.ok()) {
    return fail(host::kExitUsage, line.status().message());
  }
  if (line->help) {
    std::fputs(host::usage().c_str(), stdout);
    return host::kExitDone;
  }
  if (line->version) {
    std::printf("patchbay %s\n", host::kVersion);
    return host::kExitDone;
  }
  return run_command(*line);
}
