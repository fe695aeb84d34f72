// What one measurement says, and how the table shows it.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <vector>

namespace patchbay::bench {

struct Bound {
  enum class Of { kValue, kRatio } of = Of::kValue;
  enum class Side { kAtLeast, kAtMost } side = Side::kAtMost;
  double number = 0;
};

struct Figure {
  std::string name;
  std::string unit;
  double value = 0;
  std::string baseline;       // what stands beside it; empty: nothing
  double baseline_value = 0;  // in `unit`; measured in the same run
  std::vector<Bound> aims;

  [[nodiscard]] std::optional<double> ratio() const;  // value / baseline
  [[nodiscard]] std::optional<bool> met() const;      // nothing without aims
};

[[nodiscard]] Bound at_least(double number);
[[nodiscard]] Bound at_most(double number);
[[nodiscard]] Bound ratio_at_least(double number);
[[nodiscard]] Bound ratio_at_most(double number);

[[nodiscard]] nlohmann::json to_json(const Figure& figure);
[[nodiscard]] Figure figure_from_json(const nlohmann::json& json);

// Markdown, one line a figure.
[[nodiscard]] std::string table(const std::vector<Figure>& figures);

}  // namespace patchbay::bench
