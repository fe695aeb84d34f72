// The real patchbay as a process, and what /proc says of it.
#pragma once

#include <functional>
#include <nlohmann/json.hpp>
#include <string>
#include <sys/types.h>
#include <vector>

#include "base/clock.hpp"
#include "base/unique_fd.hpp"
#include "measure.hpp"

namespace patchbay::bench {

struct Memory {
  double resident_mb = 0;   // VmRSS; 1 MB = 10⁶ bytes
  double anonymous_mb = 0;  // RssAnon
  double peak_mb = 0;       // VmHWM
};

class Daemon {
 public:
  // Configuration: JSON, without data_dir and plugins_dir. The data folder is made if missing.
  // `more_plugins`: another folder with adapters; empty: none.
  Daemon(const Place& place, std::string data_folder, const std::string& config,
         std::string more_plugins = "");
  ~Daemon();  // stops it
  Daemon(const Daemon&) = delete;
  Daemon& operator=(const Daemon&) = delete;

  // Until it tells the service manager that it is ready; milliseconds from before fork().
  double start();
  // Its agents end first; waits until it is gone.
  void stop();

  [[nodiscard]] Memory memory() const;
  // Of its child whose program begins with these letters (at most 15); zeros: it has none.
  [[nodiscard]] Memory memory_of_child(const std::string& program) const;
  void forget_peak() const;                  // the peak begins anew with what is resident now
  [[nodiscard]] double cpu_seconds() const;  // of all its threads so far
  // Waits until it has used less than 1 % of a core for a while. Throws after a minute.
  void wait_quiet() const;
  // The answer's payload of a call on its control socket.
  [[nodiscard]] nlohmann::json call(const std::string& method) const;
  // Until `holds` is true of its status. Throws after a minute, naming `what`.
  void wait_until(const std::function<bool(const nlohmann::json& status)>& holds,
                  const std::string& what) const;
  [[nodiscard]] const std::string& data() const { return data_; }

 private:
  Place place_;
  std::string data_;
  std::string more_plugins_;
  pid_t pid_ = -1;
};

// Milliseconds until a program has ended well.
double run_to_end(const std::vector<std::string>& arguments);

// A stream to a Unix socket; a minute without progress throws.
base::UniqueFd connect_to(const std::string& socket);

}  // namespace patchbay::bench
