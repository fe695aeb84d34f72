#include "options.hpp"

#include <charconv>
#include <filesystem>
#include <string_view>
#include <system_error>

#include "file_text.hpp"

namespace patchbay::validate {
namespace {

constexpr const char* kHelp =
    "usage: patchbay-validate FILE.so [options]\n"
    "\n"
    "Checks an adapter against the rules of adapter.h, each check in a process of its own, with\n"
    "virtual time and a platform that is made up.\n"
    "\n"
    "  --config FILE     the instance's settings, a JSON object; defaults are filled in\n"
    "  --fixtures DIR    recorded payloads of the platform: DIR/<kind>/*, or DIR/* of --kind\n"
    "  --kind KIND       the kind that translate() knows the payloads in DIR by (\"update\")\n"
    "  --check NAME      only this check\n"
    "  --list            the checks and the rules\n"
    "  --json            the report as JSON\n"
    "  --seed N          of what is random; without it always the same\n"
    "  --reproduce SEED  the fuzz check once more, exactly as a report says\n"
    "  --help, --version\n"
    "\n"
    "Exit status: 0 every check passed, 1 one failed, 2 this command cannot be understood.\n";

Instead mistake(const std::string& what) {
  return {"patchbay-validate: " + what + "; see patchbay-validate --help\n", 2};
}

std::optional<std::uint64_t> number_of(const std::string& text) {
  std::uint64_t out = 0;
  const char* end = text.data() + text.size();
  const auto [stopped, error] = std::from_chars(text.data(), end, out);
  return error == std::errc() && stopped == end ? std::optional(out) : std::nullopt;
}

// The problem with an option that takes a value; nothing: there is none.
std::optional<Instead> take(const std::string& name, const std::string& value, Options& out) {
  const bool is_number = name == "--seed" || name == "--reproduce";
  const auto number = is_number ? number_of(value) : std::nullopt;
  if (is_number && !number) {
    return mistake(name + " takes a number, not '" + value + "'");
  }
  if (name == "--config") {
    const auto text = read_file(value);
    if (!text) {
      return mistake("--config " + value + " cannot be read");
    }
    out.config = *text;
  } else if (name == "--fixtures") {
    if (!std::filesystem::is_directory(value)) {
      return mistake("--fixtures " + value + " is no folder");
    }
    out.fixtures = value;
  } else if (name == "--kind") {
    out.kind = value;
  } else if (name == "--check") {
    out.check = value;
  } else if (name == "--seed") {
    out.seed = *number;
  } else if (name == "--reproduce") {
    out.reproduce = number;
    out.check = "fuzz";
  } else {
    return mistake("there is no option " + name);
  }
  return std::nullopt;
}

}  // namespace

std::variant<Options, Instead> read_options(int count, char** arguments) {
  Options out;
  out.config = "{}";
  for (int i = 1; i < count; ++i) {
    const std::string word = arguments[i];
    if (word == "--help") {
      return Instead{kHelp, 0};
    }
    if (word == "--version") {
      return Instead{"patchbay-validate " PATCHBAY_VERSION "\n", 0};
    }
    if (word == "--json") {
      out.json = true;
    } else if (word == "--list") {
      out.list = true;
    } else if (word.starts_with("--")) {
      if (i + 1 == count) {
        return mistake(word + " takes a value, or is no option");
      }
      if (auto problem = take(word, arguments[++i], out)) {
        return *std::move(problem);
      }
    } else if (out.library.empty()) {
      std::error_code error;
      out.library = std::filesystem::absolute(word, error).string();
    } else {
      return mistake("one adapter at a time, not '" + word + "' as well");
    }
  }
  if (out.library.empty() && !out.list) {
    return mistake("which adapter? Give its FILE.so");
  }
  if (!out.list && !std::filesystem::is_regular_file(out.library)) {
    return mistake(out.library + " is no file");
  }
  return out;
}

}  // namespace patchbay::validate
