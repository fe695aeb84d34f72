#include "adapters/loader_thread.hpp"

#include <deque>
#include <system_error>
#include <utility>

#include "adapters/for_ever.hpp"
#include "base/log.hpp"

namespace patchbay::adapters {

namespace {

constexpr std::chrono::seconds kThreadRetry{1};

}  // namespace

struct LoaderThread::State : std::enable_shared_from_this<State> {
  struct Job {
    base::UniqueFunction<void()> run;
    base::UniqueFunction<void(bool)> done;
  };

  State(base::Loop& core, std::shared_ptr<HostGate> host_gate,
        std::function<std::unique_ptr<base::Executor>()> maker, base::Milliseconds longest)
      : loop(core),
        gate(std::move(host_gate)),
        make_executor(std::move(maker)),
        patience(longest) {}

  base::Loop& loop;
  std::shared_ptr<HostGate> gate;
  std::function<std::unique_ptr<base::Executor>()> make_executor;
  base::Milliseconds patience;
  std::shared_ptr<base::Executor> executor;
  std::deque<Job> jobs;  // the first one runs if `running`
  bool running = false;
  std::uint64_t number = 0;  // of the job that runs
  base::TimerId timer = 0;   // over the job that runs; else over the next try for a thread

  void next() {
    if (running || jobs.empty() || timer != 0) {
      return;
    }
    if (!executor && !make_thread()) {
      timer = loop.run_after(kThreadRetry, [this] {
        timer = 0;
        next();
      });
      return;
    }
    running = true;
    ++number;
    timer = loop.run_after(patience, [this] {
      timer = 0;
      keep_for_ever(std::exchange(executor, nullptr));
      finish(false);
    });
    executor->post([weak = weak_from_this(), host_gate = gate, at = number,
                    run = std::move(jobs.front().run)] {
      run();
      host_gate->post([weak, at] {
        const auto self = weak.lock();
        if (self && self->running && self->number == at) {
          self->finish(true);
        }
      });
    });
  }

  bool make_thread() {
    try {
      executor = make_executor();
    } catch (const std::system_error& error) {
      base::log_warning("adapters.no_thread",
                        {{"reason", std::string("the system gives no thread for adapters: ") +
                                        error.what() + "; it is tried again in a second"}});
    }
    return executor != nullptr;
  }

  void finish(bool finished) {
    if (timer != 0) {
      loop.cancel(std::exchange(timer, 0));
    }
    running = false;
    const auto self = shared_from_this();  // `done` may destroy the owner
    const auto done = std::move(jobs.front().done);
    jobs.pop_front();
    done(finished);
    next();
  }
};

LoaderThread::LoaderThread(base::Loop& loop, std::shared_ptr<HostGate> gate,
                           std::function<std::unique_ptr<base::Executor>()> make_executor,
                           base::Milliseconds patience)
    : state_(std::make_shared<State>(loop, std::move(gate), std::move(make_executor), patience)) {}

LoaderThread::~LoaderThread() {
  if (state_->timer != 0) {
    state_->loop.cancel(std::exchange(state_->timer, 0));
  }
  if (state_->running && state_->executor) {
    keep_for_ever(state_->executor);  // it may hang in there
  }
  state_->jobs.clear();
  state_->running = false;
}

void LoaderThread::run(base::UniqueFunction<void()> job,
                       base::UniqueFunction<void(bool finished)> done) {
  state_->jobs.push_back({std::move(job), std::move(done)});
  state_->next();
}

}  // namespace patchbay::adapters
