#include "common/markdown_table.hpp"

#include <algorithm>

#include "common/utf.hpp"

namespace patchbay::common {
namespace {

std::size_t width_of(const std::string& cell) { return text_length(cell, TextUnit::kCodePoints); }

std::string join(const TableRow& row, const std::vector<std::size_t>& widths) {
  std::string line;
  for (std::size_t column = 0; column < row.size(); ++column) {
    line += column == 0 ? "" : " | ";
    line += row[column];
    if (column + 1 < row.size()) {
      line.append(widths[column] - width_of(row[column]), ' ');
    }
  }
  return line;
}

}  // namespace

std::string layout_table(const std::vector<TableRow>& rows) {
  std::vector<std::size_t> widths;
  for (const TableRow& row : rows) {
    widths.resize(std::max(widths.size(), row.size()));
    for (std::size_t column = 0; column < row.size(); ++column) {
      widths[column] = std::max(widths[column], width_of(row[column]));
    }
  }
  std::string out;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    out += i == 0 ? "" : "\n";
    out += join(rows[i], widths);
    if (i == 0 && rows.size() > 1) {
      out += "\n";
      for (std::size_t column = 0; column < widths.size(); ++column) {
        out += column == 0 ? "" : "-+-";
        out.append(std::max<std::size_t>(widths[column], 1), '-');
      }
    }
  }
  return out;
}

}  // namespace patchbay::common
