// The threads of adapters, and the loader's, as a test with a virtual clock needs them: it may let
// time pass only while nobody is inside a call, or the watch sees a call that took all that time.
#pragma once

#include <cerrno>
#include <condition_variable>
#include <cstddef>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <system_error>
#include <utility>

#include "base/executor.hpp"
#include "test_common/virtual_loop.hpp"

namespace patchbay::adapters {

class WatchedThreads {
 public:
  std::set<std::string> refused;

  // std::system_error for a name that is refused, as of a system that has no thread left.
  [[nodiscard]] std::unique_ptr<base::Executor> make(const std::string& name) {
    if (refused.contains(name)) {
      throw std::system_error(EAGAIN, std::generic_category());
    }
    return std::make_unique<Thread>(name, counts_);
  }

  // Until no thread but those named has anything to do. False: not within the loop's patience.
  [[nodiscard]] bool wait_until_idle(const std::set<std::string>& but) {
    std::unique_lock lock(counts_->mutex);
    return counts_->changed.wait_for(lock, test::VirtualLoop::kPatience, [this, &but] {
      for (const auto& [name, count] : counts_->tasks) {
        if (count != 0 && !but.contains(name)) {
          return false;
        }
      }
      return true;
    });
  }

 private:
  // A thread that hangs outlives the test.
  struct Counts {
    std::mutex mutex;
    std::condition_variable changed;
    std::map<std::string, std::size_t> tasks;  // posted and not over
  };

  class Thread final : public base::Executor {
   public:
    Thread(std::string name, std::shared_ptr<Counts> counts)
        : name_(std::move(name)), counts_(std::move(counts)), thread_(name_) {}
    void post(base::Task task) override {
      {
        const std::lock_guard lock(counts_->mutex);
        ++counts_->tasks[name_];
      }
      thread_.post([name = name_, counts = counts_, task = std::move(task)]() mutable {
        std::exchange(task, nullptr)();
        const std::lock_guard lock(counts->mutex);
        --counts->tasks[name];
        counts->changed.notify_all();
      });
    }

   private:
    const std::string name_;
    const std::shared_ptr<Counts> counts_;
    base::SingleThread thread_;
  };

  std::shared_ptr<Counts> counts_ = std::make_shared<Counts>();
};

}  // namespace patchbay::adapters
