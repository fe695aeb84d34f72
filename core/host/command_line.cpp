#include "host/command_line.hpp"

#include <algorithm>
#include <charconv>
#include <cxxopts.hpp>

#include "host/resolution.hpp"
#include "host/units.hpp"
#include "store/ledger.hpp"

namespace patchbay::host {
namespace {

constexpr std::string_view kCommandNames =
    "run [--check-config]     the host; the default\n"
    "chat [NAME]              talk to the agent in this terminal\n"
    "status                   how the host and its channels are\n"
    "sessions                 conversations and whether their agents run\n"
    "deliveries [STATE]       messages on their way out: waiting, sending, delivered, failed, "
    "unknown\n"
    "deliveries resolve ID delivered|failed|resend\n"
    "                         what became of an unknown one, or that it be sent again\n"
    "trace ID                 one message's way, in or out, by any of its ids\n"
    "config reference         every configuration key\n";

cxxopts::Options options() {
  cxxopts::Options result("patchbay", "The messaging-channel host for AI agents\n");
  result.custom_help("[COMMAND] [OPTIONS]")
      .positional_help("")
      .add_options()("config", "configuration file; without one: console and echo agent",
                     cxxopts::value<std::string>(),
                     "FILE")("plugins", "folder with adapters; may be repeated",
                             cxxopts::value<std::vector<std::string>>(), "DIR")(
          "data", "where everything durable lies", cxxopts::value<std::string>(), "DIR")(
          "set", "one configuration key; may be repeated",
          cxxopts::value<std::vector<std::string>>(),
          "KEY=VALUE")("check-config", "check the configuration and say what is wrong with it")(
          "json", "print facts as JSON")(
          "instance", "chat: the console instance; default: console, or the only one",
          cxxopts::value<std::string>(),
          "NAME")("chat", "trace: only what has the id in this chat", cxxopts::value<std::string>(),
                  "KEY")("save", "chat: where files that come are put; default: here",
                         cxxopts::value<std::string>(), "DIR")(
          "answers", "chat in a pipe: answers to wait for; default: until the last message has one",
          cxxopts::value<int>(), "N")("timeout", "chat in a pipe: how long to wait; default: 2m",
                                      cxxopts::value<std::string>(), "TIME")(
          "limit", "rows at the most", cxxopts::value<std::size_t>(), "N")("h,help", "this text")(
          "version", "the version")("words", "", cxxopts::value<std::vector<std::string>>());
  result.parse_positional("words");
  return result;
}

// "key=value" of --set.
base::Result<std::pair<std::string, std::string>> assignment(const std::string& text) {
  const std::size_t equals = text.find('=');
  if (equals == std::string::npos || equals == 0) {
    return base::Status(base::Code::kInvalidArgument,
                        "--set " + text + ": write --set key=value, with dots between keys");
  }
  return std::pair(text.substr(0, equals), text.substr(equals + 1));
}

// What each command takes besides options.
struct Words {
  std::string_view command;
  std::size_t least;
  std::size_t most;
  std::string_view use;
};
// Given as two words.
constexpr std::string_view kResolve = "deliveries resolve";
constexpr Words kWords[] = {
    {"run", 0, 0, "patchbay run [--check-config]"},
    {"chat", 0, 1, "patchbay chat [NAME]"},
    {"status", 0, 0, "patchbay status"},
    {"sessions", 0, 0, "patchbay sessions"},
    {"deliveries", 0, 1, "patchbay deliveries [STATE]"},
    {kResolve, 2, 2, "patchbay deliveries resolve ID delivered|failed|resend"},
    {"trace", 1, 1, "patchbay trace ID [--chat KEY]"},
    {"config", 1, 1, "patchbay config reference"},
};

base::Status wrong(const std::string& what) { return {base::Code::kInvalidArgument, what}; }

base::Status check_resolution(const CommandLine& line, const std::string& use) {
  const std::string& id = line.arguments.at(0);
  if (!parse_delivery_id(id)) {
    return wrong("\"" + id +
                 "\" is no delivery's number; `patchbay deliveries unknown` lists them");
  }
  if (!parse_resolution(line.arguments.at(1))) {
    return wrong("a delivery cannot be resolved as \"" + line.arguments.at(1) + "\"; " +
                 std::string(kResolutions) + use);
  }
  return {};
}

base::Status check_words(const CommandLine& line) {
  const auto* const words =
      std::find_if(std::begin(kWords), std::end(kWords),
                   [&line](const Words& item) { return item.command == line.command; });
  if (words == std::end(kWords)) {
    return wrong("unknown command \"" + line.command + "\"; `patchbay --help` lists all");
  }
  const std::string use = "; use: " + std::string(words->use);
  if (line.arguments.size() > words->most) {
    return wrong(line.command + " takes no \"" + line.arguments.at(words->most) + "\"" + use);
  }
  if (line.arguments.size() < words->least) {
    return wrong(line.command + " needs one word more" + use);
  }
  if (line.command == "config" && line.arguments.front() != "reference") {
    return wrong("config takes no \"" + line.arguments.front() + "\"" + use);
  }
  if (line.command == kResolve) {
    return check_resolution(line, use);
  }
  if (line.command == "deliveries" && !line.arguments.empty() &&
      !store::parse_delivery_state(line.arguments.front())) {
    return wrong("there is no state \"" + line.arguments.front() +
                 "\"; it is one of waiting, sending, delivered, failed, unknown");
  }
  return {};
}

// An option's text. What looks like the next option is no value: its own was forgotten.
base::Status read_text(const cxxopts::ParseResult& parsed, const char* option, std::string& text) {
  if (parsed.count(option) == 0) {
    return {};
  }
  text = parsed[option].as<std::string>();
  if (text.empty() || text.starts_with("--")) {
    return wrong("--" + std::string(option) + ": needs a value" +
                 (text.empty() ? "" : " before " + text));
  }
  return {};
}

base::Status read_texts(const cxxopts::ParseResult& parsed, CommandLine& line) {
  PATCHBAY_TRY(read_text(parsed, "instance", line.instance));
  PATCHBAY_TRY(read_text(parsed, "chat", line.chat));
  PATCHBAY_TRY(read_text(parsed, "save", line.save_folder));
  PATCHBAY_TRY(read_text(parsed, "data", line.config.data_dir));
  if (!read_text(parsed, "config", line.config.file).ok()) {
    return wrong("--config: give the path of a file");
  }
  if (parsed.count("plugins") != 0) {
    line.config.plugin_dirs = parsed["plugins"].as<std::vector<std::string>>();
  }
  for (const std::string& folder : line.config.plugin_dirs) {
    if (folder.empty() || folder.starts_with("--")) {
      return wrong("--plugins: give the path of a folder");
    }
  }
  return {};
}

// An option that the command would not look at was meant for something else.
base::Status check_options(const cxxopts::ParseResult& parsed, const std::string& command) {
  struct Option {
    const char* name;
    std::string_view goes_with;
    std::string_view also_with = {};
  };
  static constexpr Option kOptions[] = {{"instance", "chat"},   {"chat", "trace"},
                                        {"save", "chat"},       {"answers", "chat"},
                                        {"timeout", "chat"},    {"limit", "deliveries", "sessions"},
                                        {"check-config", "run"}};
  for (const Option& option : kOptions) {
    if (parsed.count(option.name) != 0 && command != option.goes_with &&
        command != option.also_with) {
      const std::string also =
          option.also_with.empty() ? "" : " and " + std::string(option.also_with);
      return wrong("--" + std::string(option.name) + " goes with " + std::string(option.goes_with) +
                   also + ", not with " + command);
    }
  }
  return {};
}

base::Result<CommandLine> from_parsed(const cxxopts::ParseResult& parsed) {
  CommandLine line;
  line.help = parsed.count("help") != 0;
  line.version = parsed.count("version") != 0;
  line.check_config = parsed.count("check-config") != 0;
  line.json = parsed.count("json") != 0;
  if (parsed.count("limit") != 0) {
    line.limit = parsed["limit"].as<std::size_t>();
  }
  if (line.limit < 1) {
    return wrong("--limit: must be at least 1");
  }
  PATCHBAY_TRY(read_texts(parsed, line));
  if (parsed.count("answers") != 0) {
    line.answers = parsed["answers"].as<int>();
  }
  if (parsed.count("timeout") != 0) {
    const std::string text = parsed["timeout"].as<std::string>();
    const auto timeout = parse_duration_ms(text);
    if (!timeout) {
      return wrong("--timeout " + text + ": write a duration like 30s or 5m");
    }
    line.timeout = std::chrono::milliseconds(*timeout);
  }
  if (parsed.count("set") != 0) {
    for (const std::string& text : parsed["set"].as<std::vector<std::string>>()) {
      PATCHBAY_ASSIGN(auto value, assignment(text));
      line.config.values.push_back(std::move(value));
    }
  }
  if (parsed.count("words") != 0) {
    line.arguments = parsed["words"].as<std::vector<std::string>>();
    line.command = line.arguments.front();
    line.arguments.erase(line.arguments.begin());
    if (line.command == "deliveries" && !line.arguments.empty() &&
        line.arguments.front() == "resolve") {
      line.command = kResolve;
      line.arguments.erase(line.arguments.begin());
    }
  }
  if (!line.help && !line.version) {
    PATCHBAY_TRY(check_words(line));
    PATCHBAY_TRY(check_options(parsed, line.command));
  }
  return line;
}

}  // namespace

std::optional<std::int64_t> parse_delivery_id(std::string_view text) {
  std::int64_t id = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), id);
  const bool whole = error == std::errc() && end == text.data() + text.size();
  return whole && id >= 1 ? std::optional(id) : std::nullopt;
}

base::Result<CommandLine> parse_command_line(int argc, const char* const* argv) {
  try {
    cxxopts::Options known = options();
    return from_parsed(known.parse(argc, argv));
  } catch (const cxxopts::exceptions::exception& error) {
    return base::Status(base::Code::kInvalidArgument,
                        std::string(error.what()) + "; `patchbay --help` lists all options");
  }
}

std::string usage() {
  std::string text = options().help();
  // The list of commands stands between the first line and the options.
  const std::size_t gap = text.find("\n\n");
  std::string commands = "\n\nCommands:\n";
  std::string_view rest = kCommandNames;
  while (!rest.empty()) {
    const std::size_t end = rest.find('\n');
    commands += "  " + std::string(rest.substr(0, end)) + "\n";
    rest.remove_prefix(end + 1);
  }
  text.insert(text.find("\n\n", gap + 2) == std::string::npos ? gap : text.find("\n\n", gap + 2),
              commands);
  return text;
}

}  // namespace patchbay::host
