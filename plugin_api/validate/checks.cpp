#include "checks.hpp"

namespace patchbay::validate {
namespace {

template <void (*Body)(const Subject&)>
void with_subject(const Options& options, Reporter& reporter) {
  if (const auto subject = Subject::load(options, reporter)) {
    Body(*subject);
  }
}

}  // namespace

const std::vector<Check>& all_checks() {
  static const std::vector<Check> all = {
      {"load", "the library opens, with all that it needs", check_load},
      {"symbols", "it exports patchbay_adapter_v1 and nothing else", check_symbols},
      {"sidecar", "the sidecar is there and describes this file", check_sidecar},
      {"version", "its module is of this ABI and says the same as the sidecar", check_version},
      {"settings", "settings that are wrong are refused with words", with_subject<check_settings>},
      {"lifecycle", "an instance is made, started, stopped and destroyed, in time",
       with_subject<check_lifecycle>},
      {"instances", "two instances live side by side", with_subject<check_instances>},
      {"extensions", "a host without an extension is survived", with_subject<check_extensions>},
      {"contract", "every rule of adapter.h holds while all goes well",
       with_subject<check_contract>},
      {"capabilities", "it does what it declares, and refuses the rest",
       with_subject<check_capabilities>},
      {"deadlines", "deliveries and questions end in time when the platform never answers",
       with_subject<check_deadlines>},
      {"cancellation", "what is cancelled ends, once", with_subject<check_cancellation>},
      {"shutdown", "it stops in time with work in flight", with_subject<check_shutdown>},
      {"fixtures", "each recorded payload is understood, and something comes of them",
       with_subject<check_fixtures>},
      {"payloads", "malformed payloads are survived, and not all of them taken",
       with_subject<check_payloads>},
      {"answers", "malformed answers of the platform are survived", with_subject<check_answers>},
      {"fuzz", "it holds whatever happens, in whatever order", with_subject<check_fuzz>},
  };
  return all;
}

}  // namespace patchbay::validate
