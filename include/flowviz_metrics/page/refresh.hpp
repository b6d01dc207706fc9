// SPDX-License-Identifier: MIT
#pragma once
/// \file
/// Calls the callbacks of the metrics that a page is to show, and says which of them have answered.
///
/// Without a budget they are called one after another, on the scraping thread. With one they are called on another thread
/// and waited for. A call that takes longer than a quarter of the budget has the rest go on without it, on one more
/// thread; what has not answered at the end is late, and is not called again until that call has come back. So what hangs
/// costs each page that is being made one thread and a quarter of the budget, and later ones nothing.
///
/// A function may make a page itself. That page is without it: to ask it again would never end.

#include <pthread.h>
#include <time.h>

#include <cstddef>
#include <span>
#include <utility>
#include <vector>

#include <flowviz_metrics/durations.hpp>
#include <flowviz_metrics/family/collected.hpp>
#include <flowviz_metrics/family/family.hpp>

FLOWVIZ_METRICS_BEGIN

/// A lock that can be waited on, in POSIX terms: <mutex>, <condition_variable> and <thread> would cost every file that
/// includes this a tenth of a second of compile time.
class Monitor {
 public:
  Monitor() noexcept {
    pthread_condattr_t attributes;
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(&changed_, &attributes);
    pthread_condattr_destroy(&attributes);
  }
  Monitor(const Monitor&) = delete;
  Monitor& operator=(const Monitor&) = delete;
  ~Monitor() {
    pthread_cond_destroy(&changed_);
    pthread_mutex_destroy(&mutex_);
  }

  void lock() noexcept { pthread_mutex_lock(&mutex_); }
  void unlock() noexcept { pthread_mutex_unlock(&mutex_); }
  void notify() noexcept { pthread_cond_broadcast(&changed_); }

  /// Unlocks, waits until somebody notifies or this much time has passed, and locks again. May return early.
  void wait(std::chrono::nanoseconds time) noexcept {
    timespec until{};
    clock_gettime(CLOCK_MONOTONIC, &until);
    const auto nanoseconds = until.tv_nsec + time.count() % 1'000'000'000;
    until.tv_sec += time.count() / 1'000'000'000 + nanoseconds / 1'000'000'000;
    until.tv_nsec = nanoseconds % 1'000'000'000;
    pthread_cond_timedwait(&changed_, &mutex_, &until);
  }

 private:
  pthread_mutex_t mutex_ = PTHREAD_MUTEX_INITIALIZER;
  pthread_cond_t changed_;
};

/// The callbacks of one page. A template, so that only files that make a page compile it.
template <class Clock>
class Refresh {
 public:
  Refresh() noexcept = default;
  Refresh(const Refresh&) = delete;
  Refresh& operator=(const Refresh&) = delete;
  ~Refresh() {
    if (round_ != nullptr) round_->leave();
  }

  /// Has the callback of a family called by `run`, once for all families of a collector. The family's registry outlives the call.
  void add(const Family& family) {
    const void* owner = family.callback().owner();
    if (owner == nullptr) return;
    if (round_ == nullptr) round_ = new Round;  // most pages have no callbacks
    std::size_t call = 0;
    while (call < round_->calls.size() && round_->calls[call].owner != owner) ++call;
    if (call == round_->calls.size()) round_->calls.push_back({&family, owner, State::waits, {}, {}});
    asked_.push_back({&family, call});
  }

  /// Calls them all; no longer than `budget`, if it is above zero.
  void run(typename Clock::duration budget) {
    if (round_ == nullptr) return;
    const Uncancelled uncancelled;
    const Lock lock(round_->monitor);
    leave_out_askers();
    if (budget.count() <= 0) {
      round_->work();
    } else {
      // As good as no limit, and no sum of times overflows.
      constexpr typename Clock::duration longest = std::chrono::hours(24 * 365);
      run_within(budget < longest ? budget : longest);
    }
    for (Call& call : round_->calls) {
      if (call.state == State::threw) cells::incidents.callbacks_threw.add();
      if (call.state == State::runs) call.family->callback().give_up();
      if (call.state == State::runs || call.state == State::waits) call.state = State::late;
      if (call.state == State::late) cells::incidents.callbacks_late.add();
    }
  }

  /// Whether a family was added and has answered.
  [[nodiscard]] bool answered(const Family& family) const noexcept {
    const auto* answer = answer_of(family);
    return answer != nullptr && (!is_collected(family.definition().kind) || answer->find(family) != nullptr);
  }

  /// What a callback without labels has answered, if it has.
  [[nodiscard]] double value(const Family& family) const noexcept {
    const auto* answer = answer_of(family);
    return answer == nullptr ? 0 : answer->value;
  }

  /// The samples of a collector's family, if it has answered.
  [[nodiscard]] std::span<const typename CollectedFamily<Family>::Sample> samples(const Family& family) const noexcept {
    const auto* answer = answer_of(family);
    const auto* one = answer == nullptr ? nullptr : answer->find(family);
    if (one == nullptr) return {};
    return {one->samples().data(), one->samples().size()};
  }

 private:
  enum class State { waits, runs, answered, threw, gone, late };
  struct Call {
    const Family* family;  // of those that are asked by it the first one
    const void* owner;
    State state;
    typename Clock::time_point began;
    CollectedSamples<Family> samples;
  };
  struct Asked {
    const Family* family;
    std::size_t call;  // which one is its
  };
  struct Lock {
    explicit Lock(Monitor& of) noexcept : monitor(of) { monitor.lock(); }
    ~Lock() { monitor.unlock(); }
    Lock(const Lock&) = delete;
    Lock& operator=(const Lock&) = delete;
    Monitor& monitor;
  };
  // Puts off that the thread is cancelled, which would unwind it out of a callback or from where it waits, through what is
  // noexcept.
  struct Uncancelled {
    Uncancelled() noexcept { pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &before); }
    ~Uncancelled() { pthread_setcancelstate(before, nullptr); }
    Uncancelled(const Uncancelled&) = delete;
    Uncancelled& operator=(const Uncancelled&) = delete;
    int before = PTHREAD_CANCEL_ENABLE;
  };

  // Who is asked for a page and makes one.
  struct Asker {
    const void* owner;
  };

  // What the scraping thread and its helpers share, locked by the monitor. May be left to a helper whose callback is late.
  struct Round {
    Monitor monitor;
    std::vector<Call> calls;
    std::vector<Asker> askers;  // the owners of the functions that make this page, if functions do
    bool has_budget = false;
    unsigned holders = 1;  // who share it

    // Of each holder the last thing it does here. Not locked.
    void leave() noexcept {
      monitor.lock();
      const bool last = --holders == 0;
      monitor.unlock();
      if (last) delete this;
    }

    // Calls whatever waits. Unlocks while it does.
    void work() {
      for (Call& call : calls) {
        if (call.state != State::waits) continue;
        const CallbackSlot& callback = call.family->callback();
        if (has_budget && callback.is_late()) {
          call.state = State::late;
          continue;
        }
        if (!callback.enter()) {
          call.state = State::gone;  // its owner has ended
          continue;
        }
        call.state = State::runs;
        call.began = Clock::now();
        monitor.unlock();
        const Running here{this, call.owner};
        const Running* const outer = std::exchange(running_, &here);
        const bool answered = callback.call(call.samples);
        running_ = outer;
        monitor.lock();
        if (call.state == State::late) {
          callback.come_back();
        } else {
          call.state = answered ? State::answered : State::threw;
        }
        callback.leave();  // from here on there may be no family
        monitor.notify();
      }
      monitor.notify();
    }
  };

  // A call that a thread is in the middle of.
  struct Running {
    const Round* round;
    const void* owner;
  };

  void leave_out_askers() {
    if (running_ == nullptr) return;
    round_->askers = running_->round->askers;
    round_->askers.push_back({running_->owner});
    for (const auto [asker] : round_->askers) {
      for (Call& call : round_->calls) {
        if (call.owner == asker) call.state = State::late;
      }
    }
  }

  void run_within(typename Clock::duration budget) {
    const auto end = Clock::now() + budget;
    round_->has_budget = true;
    auto helped = Clock::now();
    help();
    for (;;) {
      bool runs = false, waits = false;
      for (const Call& call : round_->calls) {
        runs = runs || call.state == State::runs;
        waits = waits || call.state == State::waits;
        if (call.state == State::runs && call.began > helped) helped = call.began;
      }
      const auto now = Clock::now();
      if ((!runs && !waits) || now >= end) return;
      // Whoever began last has had its time: the rest goes on without it.
      if (waits && now >= helped + budget / 4) {
        helped = now;
        help();
      }
      round_->monitor.wait((waits && helped + budget / 4 < end ? helped + budget / 4 : end) - now);
    }
  }

  // One more thread. If there is none to be had, this one calls what waits, and the page takes as long as that does.
  void help() {
    ++round_->holders;
    pthread_attr_t attributes;
    pthread_attr_init(&attributes);
    pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
    pthread_t thread;
    const int refused = pthread_create(
        &thread, &attributes,
        [](void* argument) -> void* {
          auto* round = static_cast<Round*>(argument);
          round->monitor.lock();
          round->work();
          round->monitor.unlock();
          round->leave();
          return nullptr;
        },
        round_);
    pthread_attr_destroy(&attributes);
    if (refused == 0) return;
    --round_->holders;
    round_->work();
  }

  // Without the lock: after run() no helper changes what has answered.
  [[nodiscard]] const CollectedSamples<Family>* answer_of(const Family& family) const noexcept {
    for (const Asked& asked : asked_) {
      if (asked.family != &family) continue;
      const Call& call = round_->calls[asked.call];
      return call.state == State::answered ? &call.samples : nullptr;
    }
    return nullptr;
  }

  FLOWVIZ_METRICS_SHARED static inline constinit thread_local const Running* running_ = nullptr;  // the innermost one
  Round* round_ = nullptr;
  std::vector<Asked> asked_;
};

FLOWVIZ_METRICS_END
