// What can be said of the library before an instance of it lives.
#include <malloc.h>

#include "../testkit/process_state.hpp"
#include "checks.hpp"
#include "exports.hpp"

namespace patchbay::validate {
namespace {

using testkit::Rule;

std::size_t threads_of_this_process() {
  std::size_t out = 0;
  std::FILE* status = std::fopen("/proc/self/status", "re");
  char line[256];
  while (status != nullptr && std::fgets(line, sizeof(line), status) != nullptr) {
    if (std::sscanf(line, "Threads: %zu", &out) == 1) {
      break;
    }
  }
  if (status != nullptr) {
    std::fclose(status);
  }
  return out;
}

// The entry's first call, watched.
const pbay_module* watched_entry(pbay_entry_v1 entry, Reporter& reporter) {
  reporter.step("in patchbay_adapter_v1()");
  const testkit::ProcessState process = testkit::ProcessState::now();
  const auto descriptors = testkit::open_descriptors();
  const std::size_t threads = threads_of_this_process();
  const auto allocated = ::mallinfo2();
  reporter.call(PBAY_ENTRY_SYMBOL);
  const pbay_module* module = entry(PBAY_ABI_MINOR);
  reporter.call({});
  const auto allocated_now = ::mallinfo2();
  if (threads_of_this_process() != threads) {
    reporter.breach(Rule::kQuietEntry, "it started a thread");
  }
  if (testkit::open_descriptors() != descriptors) {
    reporter.breach(Rule::kQuietEntry, "it opened or closed a descriptor");
  }
  for (const std::string& change : process.changes(testkit::ProcessState::now())) {
    reporter.breach(Rule::kProcessState, "after " PBAY_ENTRY_SYMBOL "() " + change);
  }
  // The thread that it may have started allocates as well; that is said already.
  const auto before = allocated.uordblks + allocated.hblkhd;
  const auto now = allocated_now.uordblks + allocated_now.hblkhd;
  if (now > before && threads_of_this_process() == threads) {
    reporter.breach(Rule::kQuietEntry, "it allocated " + std::to_string(now - before) + " bytes");
  }
  reporter.step({});
  return module;
}

void check_module(const pbay_module& module, const Sidecar& sidecar, Reporter& reporter) {
  const auto expect = [&](bool good, Rule rule, const std::string& what) {
    if (!good) {
      reporter.breach(rule, what);
    }
  };
  const auto number = [](std::uint32_t value) { return std::to_string(value); };
  expect(module.magic == PBAY_MAGIC, Rule::kModule, "its magic number is not PBAY_MAGIC");
  if (module.magic != PBAY_MAGIC) {
    return;  // whatever it is, it is no module
  }
  expect(module.struct_size >= sizeof(pbay_module), Rule::kModule,
         "its struct_size is " + number(module.struct_size) + ", less than that of ABI 1.0");
  expect(module.abi_draft == PBAY_ABI_DRAFT, Rule::kModule,
         "it was built for draft " + number(module.abi_draft) + ", this host has draft " +
             number(PBAY_ABI_DRAFT) + ": build it against this host's headers");
  expect(module.min_host_minor <= PBAY_ABI_MINOR, Rule::kModule,
         "it needs adapter ABI 1." + number(module.min_host_minor) + ", this host has 1." +
             number(PBAY_ABI_MINOR));
  expect(module.create != nullptr, Rule::kModule, "it has no create()");
  const std::string channel = sdk::copy(module.channel);
  const std::string version = sdk::copy(module.version);
  expect(sdk::is_instance_name(channel), Rule::kModule,
         "its channel '" + channel + "' is not [a-z0-9][a-z0-9-]{0,31}");
  expect(!version.empty(), Rule::kModule, "it has no version");
  if (!sidecar.content.empty()) {
    expect(
        channel == sidecar.text("id"), Rule::kSidecar,
        "the module's channel is '" + channel + "', the sidecar's id '" + sidecar.text("id") + "'");
    expect(version == sidecar.text("version"), Rule::kSidecar,
           "the module's version is '" + version + "', the sidecar's '" + sidecar.text("version") +
               "'");
  }
}

}  // namespace

void check_load(const Options& options, Reporter& reporter) {
  const testkit::ProcessState before = testkit::ProcessState::now();
  static_cast<void>(Subject::load(options, reporter));
  for (const std::string& change : before.changes(testkit::ProcessState::now())) {
    reporter.breach(Rule::kProcessState, "after it was loaded " + change);
  }
}

void check_symbols(const Options& options, Reporter& reporter) {
  const auto read = exports_of(options.library);
  if (const auto* problem = std::get_if<std::string>(&read)) {
    reporter.breach(Rule::kLoads, *problem);
    return;
  }
  bool found = false;
  for (const std::string& symbol : std::get<std::vector<std::string>>(read)) {
    if (symbol == PBAY_ENTRY_SYMBOL) {
      found = true;
    } else {
      reporter.breach(Rule::kOneSymbol, "it exports " + symbol + " as well");
    }
  }
  if (!found) {
    reporter.breach(Rule::kOneSymbol, "it exports no " PBAY_ENTRY_SYMBOL);
  }
}

void check_sidecar(const Options& options, Reporter& reporter) {
  const Sidecar sidecar = read_sidecar(options.library);
  for (const std::string& problem : sidecar.problems) {
    reporter.breach(Rule::kSidecar, problem);
  }
  for (const std::string& note : sidecar.notes) {
    reporter.note(note);
  }
}

void check_version(const Options& options, Reporter& reporter) {
  const auto subject = Subject::load(options, reporter);
  if (!subject) {
    return;
  }
  const pbay_module* module = watched_entry(subject->entry(), reporter);
  if (module == nullptr) {
    reporter.breach(Rule::kModule, "it says that it does not work with adapter ABI 1." +
                                       std::to_string(PBAY_ABI_MINOR));
    return;
  }
  check_module(*module, subject->sidecar(), reporter);
  if (subject->entry()(PBAY_ABI_MINOR) != module) {
    reporter.breach(Rule::kModule, "its module is not static: a second call gave another");
  }
  if (subject->entry()(PBAY_ABI_MINOR + 1) == nullptr) {
    reporter.breach(Rule::kModule, "it refuses a host of a newer minor, which has all of this one");
  }
}

}  // namespace patchbay::validate
