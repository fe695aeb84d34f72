// patchbay-validate FILE.so: is this adapter one that a host can live with?
#include <algorithm>
#include <cstdio>

#include "../testkit/failure.hpp"
#include "report.hpp"

// Where a test would fail, the check does: FakeHost says so only of mistakes in its own use.
void patchbay::testkit::report_failure(const std::string& what) {
  std::fprintf(stderr, "patchbay-validate: %s\n", what.c_str());
}

namespace {

using namespace patchbay::validate;  // NOLINT(google-build-using-namespace)

int run(const Options& options) {
  if (options.list) {
    std::fputs(list().c_str(), stdout);
    return 0;
  }
  const std::vector<Check>& checks = all_checks();
  if (!options.check.empty() && std::none_of(checks.begin(), checks.end(), [&](const Check& check) {
        return check.name == options.check;
      })) {
    std::fprintf(stderr, "patchbay-validate: there is no check '%s'; see --list\n",
                 options.check.c_str());
    return 2;
  }
  std::vector<Done> done;
  for (const Check& check : checks) {
    if (options.check.empty() || options.check == check.name) {
      done.push_back(
          {&check, run_in_child([&](Reporter& reporter) { check.run(options, reporter); })});
    }
  }
  const std::string report = options.json ? as_json(options, done) : as_text(options, done);
  std::fputs(report.c_str(), stdout);
  return all_ok(done) ? 0 : 1;
}

}  // namespace

int main(int count, char** arguments) {
  const auto options = read_options(count, arguments);
  if (const auto* instead = std::get_if<Instead>(&options)) {
    std::fputs(instead->text.c_str(), instead->status == 0 ? stdout : stderr);
    return instead->status;
  }
  return run(std::get<Options>(options));
}
