// Storage as the daemon has it, and sessions in it.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "base/event_loop.hpp"
#include "base/executor.hpp"
#include "session/session_storage.hpp"
#include "store/central_database.hpp"

namespace patchbay::bench {

inline constexpr std::size_t kStorageThreads = 8;  // as the daemon

// In the order of construction; work on the storage threads ends before the rest goes.
struct Storage {
  // `folder` becomes a data folder: patchbay.db, sessions/ (and what others put beside them).
  explicit Storage(const std::string& folder);
  ~Storage();
  Storage(const Storage&) = delete;
  Storage& operator=(const Storage&) = delete;

  // Folder, both databases, and its row in the central database; the loop must not run yet.
  // count sessions s0, s1, … of agent "main", each with the chat <instance>:group:<number>.
  void make_sessions(const std::string& instance, int count);

  base::EventLoop loop;
  base::ThreadPool threads{kStorageThreads, "bench-storage"};
  std::unique_ptr<store::CentralDatabase> database;
  std::unique_ptr<session::SessionStorage> sessions;
  std::string folder;
};

[[nodiscard]] session::SessionAddress session_of(int number);
[[nodiscard]] std::string chat_of(const std::string& instance, int number);

// Runs the loop until ready() holds; looks after each thing that the loop did. Throws at the
// deadline, naming `what`.
void run_until(base::EventLoop& loop, const std::function<bool()>& ready, const std::string& what,
               base::Milliseconds deadline = base::Milliseconds(60'000));

}  // namespace patchbay::bench
