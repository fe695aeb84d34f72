#include "adapters/loader.hpp"

#include <algorithm>
#include <filesystem>
#include <map>
#include <set>
#include <system_error>
#include <utility>

#include "adapters/plugin_file.hpp"
#include "adapters/probe.hpp"
#include "adapters/probe_cache.hpp"
#include "adapters/sidecar.hpp"
#include "base/log.hpp"

namespace patchbay::adapters {
namespace {

namespace fs = std::filesystem;
using base::Code;
using base::Result;
using base::Status;

constexpr std::size_t kSidecarBytes = 1024 * 1024;
constexpr std::string_view kLibrarySuffix = ".so";

// A library whose sidecar and file are in order; nothing of it has run.
struct Candidate {
  std::size_t outcome = 0;  // its place in the list of outcomes
  std::string library;      // symbolic links resolved
  Sidecar sidecar;
};

Status about(const std::string& path, const Status& problem) {
  // Most problems of files name their path already.
  return problem.message().starts_with(path) ? problem : problem.with_context(path);
}

// Names without suffix of everything in the folder that is a library or a sidecar.
Result<std::set<std::string>> adapter_names(const std::string& folder) {
  std::set<std::string> out;
  std::error_code error;
  for (fs::directory_iterator entry(folder, error), end; !error && entry != end;
       entry.increment(error)) {
    const std::string name = entry->path().filename().string();
    for (const std::string_view suffix : {kSidecarSuffix, kLibrarySuffix}) {
      if (name.size() > suffix.size() && name.ends_with(suffix)) {
        out.insert(name.substr(0, name.size() - suffix.size()));
      }
    }
  }
  if (error) {
    return Status::from_errno(error.value(), folder);
  }
  return out;
}

Result<Candidate> examine(const std::string& library, const std::string& sidecar_path) {
  std::error_code error;
  if (!fs::exists(sidecar_path, error)) {
    return Status(Code::kRefused, "it has no sidecar " + sidecar_path +
                                      ", so nothing of it is run: build it with "
                                      "patchbay_add_adapter(), or take it out");
  }
  if (!fs::exists(library, error)) {
    return Status(Code::kNotFound, "its sidecar is there, the library is not: install it again");
  }
  PATCHBAY_ASSIGN(const TrustedFile sidecar_file, open_trusted_file(sidecar_path));
  PATCHBAY_ASSIGN(const std::string text, read_all(sidecar_file.fd.get(), kSidecarBytes));
  Candidate out;
  PATCHBAY_ASSIGN(out.sidecar, parse_sidecar(text, sidecar_path));
  PATCHBAY_TRY(check_abi(out.sidecar.abi_major, out.sidecar.abi_minor, out.sidecar.abi_draft));
  PATCHBAY_ASSIGN(TrustedFile file, open_trusted_file(library));
  PATCHBAY_ASSIGN(const std::string sha256, sha256_of(file.fd.get()));
  if (sha256 != out.sidecar.sha256) {
    return Status(Code::kRefused, "it is not the file that its sidecar describes (SHA-256 " +
                                      sha256.substr(0, 12) + "…, the sidecar says " +
                                      out.sidecar.sha256.substr(0, 12) + "…): install it again");
  }
  out.library = std::move(file.path);
  return out;
}

class Loading {
 public:
  explicit Loading(const LoaderOptions& options) : options_(options), cache_(options.probe_cache) {}

  std::vector<LoadOutcome> run() {
    for (const std::string& folder : options_.plugin_dirs) {
      scan(folder);
    }
    probe();
    for (Candidate& candidate : candidates_) {
      take(candidate);
    }
    if (const Status saved = cache_.save(); !saved.ok()) {
      base::log_warning("adapters.probe_cache_not_saved", {{"reason", saved.message()}});
    }
    return std::move(outcomes_);
  }

 private:
  void scan(const std::string& folder) {
    auto names = [&folder]() -> Result<std::set<std::string>> {
      PATCHBAY_ASSIGN(const std::string real, trusted_folder(folder));
      return adapter_names(real);
    }();
    if (!names.ok()) {
      const bool missing = names.status().code() == Code::kNotFound;
      outcomes_.push_back({.path = folder,
                           .problem = missing ? Status(Code::kNotFound,
                                                       "plugin folder " + folder +
                                                           " does not exist: create it, or correct "
                                                           "plugins_dir or --plugins")
                                              : names.status().with_context("plugin folder")});
      return;
    }
    for (const std::string& name : *names) {
      consider(folder + "/" + name);
    }
  }

  void consider(const std::string& stem) {
    const std::string library = stem + std::string(kLibrarySuffix);
    auto candidate = examine(library, stem + std::string(kSidecarSuffix));
    LoadOutcome outcome{.path = library};
    if (!candidate.ok()) {
      outcome.problem = about(library, candidate.status());
      outcomes_.push_back(std::move(outcome));
      return;
    }
    outcome.channel = candidate->sidecar.id;
    const auto [first, fresh] = library_of_channel_.try_emplace(outcome.channel, library);
    if (fresh) {
      candidate->outcome = outcomes_.size();
      candidates_.push_back(std::move(*candidate));
    } else {
      outcome.hidden_by = first->second;
    }
    outcomes_.push_back(std::move(outcome));
  }

  void probe() {
    std::vector<ProbeCandidate> libraries;
    std::vector<const Candidate*> probed;
    for (const Candidate& candidate : candidates_) {
      if (!cache_.has(candidate.sidecar.sha256)) {
        libraries.push_back({candidate.library, candidate.sidecar.id});
        probed.push_back(&candidate);
      }
    }
    const auto verdicts = probe_libraries(options_.runner, libraries, options_.probe_timeout);
    for (std::size_t i = 0; i < probed.size(); ++i) {
      if (verdicts[i].ok()) {
        cache_.add(probed[i]->sidecar.sha256);
      } else {
        refuse(*probed[i], verdicts[i]);
      }
    }
  }

  void take(Candidate& candidate) {
    LoadOutcome& outcome = outcomes_[candidate.outcome];
    if (outcome.problem.ok()) {
      outcome.module =
          std::make_shared<Module>(std::move(candidate.library), std::move(candidate.sidecar));
    }
  }

  void refuse(const Candidate& candidate, const Status& why) {
    LoadOutcome& outcome = outcomes_[candidate.outcome];
    outcome.problem = about(outcome.path, why);
  }

  const LoaderOptions& options_;
  ProbeCache cache_;
  std::vector<LoadOutcome> outcomes_;
  std::vector<Candidate> candidates_;
  std::map<std::string, std::string> library_of_channel_;
};

}  // namespace

std::vector<LoadOutcome> load_adapters(const LoaderOptions& options) {
  return Loading(options).run();
}

}  // namespace patchbay::adapters
