// patchbay-bench measure NAME --folder DIR --build DIR   one JSON object a figure on stdout
// patchbay-bench table FILE                              those of a file as a Markdown table
// patchbay-bench json FILE                               … and as one JSON array
// patchbay-bench list                                    the names
// patchbay-bench idle-agent                              an agent that takes what is due, then
// idles
#include <array>
#include <cstdio>
#include <fstream>
#include <iostream>
#include <nlohmann/json.hpp>
#include <string_view>

#include "agent_process.hpp"
#include "base/log.hpp"
#include "measure.hpp"
#include "store/central_database.hpp"

namespace {

using namespace patchbay::bench;  // NOLINT(google-build-using-namespace): this file is the program

struct Named {
  std::string_view name;
  std::vector<Figure> (*measure)(const Place&);
};

constexpr std::array<Named, 8> kMeasurements{{{"inbound", inbound_rate},
                                              {"wake-up", wake_up},
                                              {"drain", drain_cost},
                                              {"new-session", new_session},
                                              {"start-up", start_up},
                                              {"attachment", attachment},
                                              {"idle", idle_sessions},
                                              {"isolation", isolation}}};

int fail(const std::string& message) {
  std::cerr << "patchbay-bench: " << message << "\n";
  return 2;
}

int measure(std::string_view name, const Place& place) {
  patchbay::store::set_up_sqlite();  // as the host does
  for (const Named& named : kMeasurements) {
    if (named.name == name) {
      for (const Figure& figure : named.measure(place)) {
        std::cout << to_json(figure).dump() << std::endl;
      }
      return 0;
    }
  }
  return fail("no measurement is called " + std::string(name) + "; see `patchbay-bench list`");
}

std::vector<Figure> read_figures(const std::string& file) {
  std::ifstream stream(file);
  std::vector<Figure> figures;
  for (std::string line; std::getline(stream, line);) {
    figures.push_back(figure_from_json(nlohmann::json::parse(line)));
  }
  return figures;
}

int run(const std::vector<std::string>& arguments) {
  const std::string command = arguments.empty() ? "" : arguments[0];
  if (command == "measure" && arguments.size() == 6 && arguments[2] == "--folder" &&
      arguments[4] == "--build") {
    return measure(arguments[1], {arguments[3], arguments[5]});
  }
  if (command == "table" && arguments.size() == 2) {
    std::cout << table(read_figures(arguments[1]));
    return 0;
  }
  if (command == "json" && arguments.size() == 2) {
    nlohmann::json all = nlohmann::json::array();
    for (const Figure& figure : read_figures(arguments[1])) {
      all.push_back(to_json(figure));
    }
    std::cout << all.dump(2) << "\n";
    return 0;
  }
  if (command == "list") {
    for (const Named& named : kMeasurements) {
      std::cout << named.name << "\n";
    }
    return 0;
  }
  if (command == "idle-agent") {
    return run_idle_agent();
  }
  return fail("use bench/run");
}

}  // namespace

int main(int argc, char** argv) {
  patchbay::base::configure_log(patchbay::base::LogLevel::kWarning,
                                patchbay::base::LogFormat::kText);
  try {
    return run(std::vector<std::string>(argv + 1, argv + argc));
  } catch (const std::exception& error) {
    return fail(error.what());
  }
}
