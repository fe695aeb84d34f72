#include "adapters/module.hpp"

#include <boost/dll/shared_library.hpp>
#include <dlfcn.h>
#include <exception>
#include <string_view>

#include "adapters/abi_text.hpp"
#include "adapters/for_ever.hpp"
#include "base/ids.hpp"

namespace patchbay::adapters {
namespace {

using base::Code;
using base::Result;
using base::Status;

// The library stays open whatever happens next: code of it may already run, and closing a library
// with threads or thread-local objects crashes.
Result<const boost::dll::shared_library*> open_for_ever(const std::string& path) {
  namespace mode = boost::dll::load_mode;
  // Boost has no name for RTLD_NODELETE; its modes are the system's.
  const auto flags = mode::rtld_now | mode::rtld_local | static_cast<mode::type>(RTLD_NODELETE);
  try {
    // Only the overload that throws keeps the loader's message.
    auto library = std::make_shared<boost::dll::shared_library>(path, flags);
    keep_for_ever(library);
    return library.get();
  } catch (const std::exception& error) {
    return Status(Code::kRefused, std::string("it cannot be loaded (") + error.what() +
                                      "): install what it needs, or build it for this system");
  }
}

Status no_entry(const boost::dll::shared_library& library) {
  for (std::uint32_t major = PBAY_ABI_MAJOR + 1; major < PBAY_ABI_MAJOR + 10; ++major) {
    if (library.has("patchbay_adapter_v" + std::to_string(major))) {
      return check_abi(major, 0, 0);
    }
  }
  return {Code::kRefused, "it is no Patchbay adapter, it exports no " PBAY_ENTRY_SYMBOL
                          ": take it out of the plugin folder"};
}

Status check_module(const pbay_module* module) {
  if (module == nullptr) {
    return {Code::kRefused, "it says that it does not work with this host (adapter ABI " +
                                std::to_string(PBAY_ABI_MAJOR) + "." +
                                std::to_string(PBAY_ABI_MINOR) + "): get a build for this version"};
  }
  if (module->magic != PBAY_MAGIC) {
    return {Code::kRefused,
            "it is no Patchbay adapter, its module has the wrong magic number: build it again"};
  }
  if (module->struct_size < sizeof(pbay_module)) {
    return {Code::kRefused, "its module is smaller than adapter ABI 1.0 has it: build it again"};
  }
  PATCHBAY_TRY(check_abi(PBAY_ABI_MAJOR, module->abi_minor, module->abi_draft));
  if (module->min_host_minor > PBAY_ABI_MINOR) {
    return {Code::kRefused, "it needs adapter ABI 1." + std::to_string(module->min_host_minor) +
                                ", this host has 1." + std::to_string(PBAY_ABI_MINOR) +
                                ": update Patchbay"};
  }
  if (!base::is_instance_name(view(module->channel)) || module->create == nullptr) {
    return {Code::kRefused,
            "its module names no channel or cannot create instances: build it again"};
  }
  return {};
}

}  // namespace

Result<const pbay_module*> open_library(const std::string& path, const std::string& channel) {
  PATCHBAY_ASSIGN(const boost::dll::shared_library* library, open_for_ever(path));
  if (!library->has(PBAY_ENTRY_SYMBOL)) {
    return no_entry(*library);
  }
  const auto entry = library->get<const pbay_module*(std::uint32_t)>(PBAY_ENTRY_SYMBOL);
  const pbay_module* module = entry(PBAY_ABI_MINOR);
  PATCHBAY_TRY(check_module(module));
  if (view(module->channel) != channel) {
    return Status(Code::kRefused, "it says that it speaks " + copy(module->channel) +
                                      ", its sidecar says " + channel + ": install it again");
  }
  return module;
}

Status Module::open() {
  if (abi_ == nullptr) {
    PATCHBAY_ASSIGN(abi_, open_library(path_, sidecar_.id));
  }
  return {};
}

}  // namespace patchbay::adapters
