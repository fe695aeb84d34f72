#include "base/executor.hpp"

#include <condition_variable>
#include <deque>
#include <mutex>
#include <pthread.h>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

namespace patchbay::base {

struct SerialExecutor::State {
  explicit State(Executor& executor) : underlying(executor) {}
  Executor& underlying;
  std::mutex mutex;
  std::deque<Task> tasks;  // guarded by mutex
  bool running = false;    // guarded by mutex: a run is posted or under way
};

SerialExecutor::SerialExecutor(Executor& underlying)
    : state_(std::make_shared<State>(underlying)) {}

SerialExecutor::~SerialExecutor() = default;

void SerialExecutor::post(Task task) {
  {
    const std::lock_guard lock(state_->mutex);
    state_->tasks.push_back(std::move(task));
    if (state_->running) {
      return;
    }
    state_->running = true;
  }
  state_->underlying.post([state = state_] { run(state); });
}

void SerialExecutor::run(const std::shared_ptr<State>& state) {
  std::deque<Task> tasks;
  {
    const std::lock_guard lock(state->mutex);
    tasks.swap(state->tasks);
  }
  for (Task& task : tasks) {
    task();
    task = nullptr;
  }
  {
    const std::lock_guard lock(state->mutex);
    if (state->tasks.empty()) {
      state->running = false;
      return;
    }
  }
  // What came meanwhile waits for its turn behind the work of others.
  state->underlying.post([state] { run(state); });
}

struct ThreadPool::State {
  std::mutex mutex;
  std::condition_variable work;
  std::condition_variable idle;
  std::deque<Task> tasks;  // guarded by mutex
  std::size_t active = 0;  // guarded by mutex
  bool stopping = false;   // guarded by mutex
  std::vector<std::thread> threads;

  void stop() {
    {
      const std::lock_guard lock(mutex);
      stopping = true;
    }
    work.notify_all();
    for (std::thread& thread : threads) {
      thread.join();
    }
  }

  void run() {
    std::unique_lock lock(mutex);
    while (true) {
      work.wait(lock, [this] { return stopping || !tasks.empty(); });
      if (tasks.empty()) {
        return;
      }
      Task task = std::move(tasks.front());
      tasks.pop_front();
      ++active;
      lock.unlock();
      task();
      task = nullptr;
      lock.lock();
      --active;
      if (active == 0 && tasks.empty()) {
        idle.notify_all();
      }
    }
  }
};

ThreadPool::ThreadPool(std::size_t threads, std::string name) : state_(std::make_unique<State>()) {
  name.resize(std::min<std::size_t>(name.size(), 15));  // the kernel's limit
  try {
    for (std::size_t i = 0; i < threads; ++i) {
      state_->threads.emplace_back([state = state_.get(), name] {
        pthread_setname_np(pthread_self(), name.c_str());
        state->run();
      });
    }
  } catch (const std::system_error&) {
    state_->stop();  // those that there are
    throw;
  }
}

ThreadPool::~ThreadPool() { state_->stop(); }

void ThreadPool::post(Task task) {
  {
    const std::lock_guard lock(state_->mutex);
    state_->tasks.push_back(std::move(task));
  }
  state_->work.notify_one();
}

void ThreadPool::drain() {
  std::unique_lock lock(state_->mutex);
  state_->idle.wait(lock, [this] { return state_->tasks.empty() && state_->active == 0; });
}

}  // namespace patchbay::base
