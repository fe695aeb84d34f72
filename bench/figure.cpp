#include "figure.hpp"

#include <cmath>
#include <cstdio>
#include <nlohmann/json.hpp>

namespace patchbay::bench {
namespace {

using nlohmann::json;

std::string number_text(double number) {
  char buffer[64];
  const int decimals = std::fabs(number) >= 100 ? 0 : (std::fabs(number) >= 10 ? 1 : 2);
  std::snprintf(buffer, sizeof buffer, "%.*f", decimals, number);
  return buffer;
}

std::string text_of(const Bound& bound, const std::string& unit) {
  return std::string(bound.side == Bound::Side::kAtLeast ? "≥ " : "≤ ") +
         number_text(bound.number) + (bound.of == Bound::Of::kRatio ? "×" : " " + unit);
}

bool holds(const Bound& bound, double number) {
  return bound.side == Bound::Side::kAtLeast ? number >= bound.number : number <= bound.number;
}

}  // namespace

std::optional<double> Figure::ratio() const {
  if (baseline.empty() || baseline_value <= 0) {
    return std::nullopt;
  }
  return value / baseline_value;
}

std::optional<bool> Figure::met() const {
  if (aims.empty()) {
    return std::nullopt;
  }
  for (const Bound& aim : aims) {
    const std::optional<double> number = aim.of == Bound::Of::kRatio ? ratio() : value;
    if (!number || !holds(aim, *number)) {
      return false;
    }
  }
  return true;
}

Bound at_least(double number) { return {Bound::Of::kValue, Bound::Side::kAtLeast, number}; }
Bound at_most(double number) { return {Bound::Of::kValue, Bound::Side::kAtMost, number}; }
Bound ratio_at_least(double number) { return {Bound::Of::kRatio, Bound::Side::kAtLeast, number}; }
Bound ratio_at_most(double number) { return {Bound::Of::kRatio, Bound::Side::kAtMost, number}; }

json to_json(const Figure& figure) {
  json result = {{"name", figure.name}, {"unit", figure.unit}, {"value", figure.value}};
  if (!figure.baseline.empty()) {
    result["baseline"] = {{"name", figure.baseline}, {"value", figure.baseline_value}};
  }
  if (const auto ratio = figure.ratio()) {
    result["ratio"] = *ratio;
  }
  for (const Bound& aim : figure.aims) {
    result["aims"].push_back(
        {{"of", aim.of == Bound::Of::kRatio ? "ratio" : "value"},
         {aim.side == Bound::Side::kAtLeast ? "atLeast" : "atMost", aim.number}});
  }
  if (const auto met = figure.met()) {
    result["met"] = *met;
  }
  return result;
}

Figure figure_from_json(const json& given) {
  Figure figure;
  figure.name = given.at("name");
  figure.unit = given.at("unit");
  figure.value = given.at("value");
  if (given.contains("baseline")) {
    figure.baseline = given["baseline"].at("name");
    figure.baseline_value = given["baseline"].at("value");
  }
  for (const json& aim : given.value("aims", json::array())) {
    Bound bound;
    bound.of = aim.at("of") == "ratio" ? Bound::Of::kRatio : Bound::Of::kValue;
    bound.side = aim.contains("atLeast") ? Bound::Side::kAtLeast : Bound::Side::kAtMost;
    bound.number = aim.at(aim.contains("atLeast") ? "atLeast" : "atMost");
    figure.aims.push_back(bound);
  }
  return figure;
}

std::string table(const std::vector<Figure>& figures) {
  std::string result =
      "| figure | value | baseline, same run | ratio | aim | met |\n"
      "|---|---:|---|---:|---|---|\n";
  for (const Figure& figure : figures) {
    std::string aims;
    for (const Bound& aim : figure.aims) {
      aims += (aims.empty() ? "" : ", ") + text_of(aim, figure.unit);
    }
    const auto ratio = figure.ratio();
    const auto met = figure.met();
    result +=
        "| " + figure.name + " | " + number_text(figure.value) + " " + figure.unit + " | " +
        (figure.baseline.empty()
             ? ""
             : figure.baseline + ": " + number_text(figure.baseline_value) + " " + figure.unit) +
        " | " + (ratio ? number_text(*ratio) + "×" : "") + " | " + aims + " | " +
        (met ? (*met ? "yes" : "**no**") : "") + " |\n";
  }
  return result;
}

}  // namespace patchbay::bench
