#include "report.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

namespace patchbay::validate {
namespace {

using nlohmann::json;

constexpr std::size_t kShownFindings = 10;  // of one check

std::string padded(std::string_view text, std::size_t size) {
  std::string out(text);
  out.resize(std::max(size, out.size()), ' ');
  return out;
}

const char* verdict(const Outcome& outcome) {
  return !outcome.ok() ? "failed" : outcome.skipped.empty() ? "ok" : "skipped";
}

void add_finding(const Finding& finding, std::string& out) {
  const testkit::RuleText& rule = testkit::text_of(finding.rule);
  out += "          " + std::string(rule.name) + ": " + finding.what;
  out += finding.times > 1 ? " [" + std::to_string(finding.times) + " times]\n" : "\n";
  out += "            the rule: " + std::string(rule.sentence) + "\n";
  out += "            read:     " + std::string(rule.page) + "\n";
}

}  // namespace

bool all_ok(const std::vector<Done>& done) {
  return std::all_of(done.begin(), done.end(), [](const Done& d) { return d.outcome.ok(); });
}

std::string as_text(const Options& options, const std::vector<Done>& done) {
  std::string out = "patchbay-validate " PATCHBAY_VERSION ": " + options.library + "\n";
  std::size_t failed = 0;
  for (const auto& [check, outcome] : done) {
    out += "  " + padded(verdict(outcome), 8) + padded(check->name, 14);
    out += outcome.skipped.empty() ? check->what : outcome.skipped;
    out += "\n";
    failed += outcome.ok() ? 0 : 1;
    for (const std::string& note : outcome.notes) {
      out += "          note: " + note + "\n";
    }
    for (std::size_t i = 0; i < std::min(outcome.findings.size(), kShownFindings); ++i) {
      add_finding(outcome.findings[i], out);
    }
    if (outcome.findings.size() > kShownFindings) {
      out += "          and " + std::to_string(outcome.findings.size() - kShownFindings) +
             " more; --json has them all\n";
    }
  }
  return out + std::to_string(done.size()) + (done.size() == 1 ? " check, " : " checks, ") +
         (failed == 0 ? "none" : std::to_string(failed)) + " failed\n";
}

std::string as_json(const Options& options, const std::vector<Done>& done) {
  json checks = json::array();
  for (const auto& [check, outcome] : done) {
    json findings = json::array();
    for (const Finding& finding : outcome.findings) {
      const testkit::RuleText& rule = testkit::text_of(finding.rule);
      findings.push_back({{"rule", rule.name},
                          {"what", finding.what},
                          {"times", finding.times},
                          {"sentence", rule.sentence},
                          {"page", rule.page}});
    }
    checks.push_back({{"name", check->name},
                      {"verdict", verdict(outcome)},
                      {"skipped", outcome.skipped},
                      {"notes", outcome.notes},
                      {"milliseconds", outcome.took.count()},
                      {"findings", std::move(findings)}});
  }
  const json out = {{"validator", PATCHBAY_VERSION},
                    {"file", options.library},
                    {"seed", options.seed},
                    {"ok", all_ok(done)},
                    {"checks", std::move(checks)}};
  return out.dump(2, ' ', false, json::error_handler_t::replace) + "\n";
}

std::string list() {
  std::string out = "Checks:\n";
  for (const Check& check : all_checks()) {
    out += "  " + padded(check.name, 20) + std::string(check.what) + "\n";
  }
  out += "Rules:\n";
  for (auto rule = testkit::Rule::kLoads; rule != testkit::Rule::kScript;
       rule = static_cast<testkit::Rule>(static_cast<int>(rule) + 1)) {
    const testkit::RuleText& text = testkit::text_of(rule);
    out += "  " + padded(text.name, 20) + std::string(text.sentence) + " (" +
           std::string(text.page) + ")\n";
  }
  return out;
}

}  // namespace patchbay::validate
