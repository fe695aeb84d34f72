// A measurement: gets an empty folder on a real disk, gives figures, throws what went wrong. Each
// runs in a process of its own, so none sees the memory, threads or caches of another.
#pragma once

#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "base/status.hpp"
#include "figure.hpp"

namespace patchbay::bench {

struct Place {
  std::string folder;  // absolute; its own
  std::string build;   // absolute path of the build tree: bin/patchbay, plugins/
};

std::vector<Figure> inbound_rate(const Place& place);
std::vector<Figure> wake_up(const Place& place);
std::vector<Figure> drain_cost(const Place& place);
std::vector<Figure> new_session(const Place& place);
std::vector<Figure> start_up(const Place& place);
std::vector<Figure> attachment(const Place& place);
std::vector<Figure> idle_sessions(const Place& place);
std::vector<Figure> isolation(const Place& place);

// The value, or its failure as an exception: a measurement has nobody else to tell.
inline void must(const base::Status& status) {
  if (!status.ok()) {
    throw std::runtime_error(status.message());
  }
}
template <class T>
T must(base::Result<T> result) {
  must(result.status());
  return std::move(result).value();
}

}  // namespace patchbay::bench
