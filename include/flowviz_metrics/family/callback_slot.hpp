// SPDX-License-Identifier: MIT
#pragma once
/// \file
/// Where a metric keeps the function that its values are asked of, and how that function comes and goes while pages are made.

#include <sched.h>
#include <unistd.h>

#include <cassert>
#include <cstdint>

#include <flowviz_metrics/cells/gate.hpp>
#include <flowviz_metrics/cells/std_platform.hpp>

FLOWVIZ_METRICS_BEGIN

/// What a call leaves its answer in, which is for one page and no other; that of a collector has more to it.
struct CallbackAnswer {
  double value = 0;
};

/// The function that a metric's values are asked of, as long as its owner lives.
class CallbackSlot {
 public:
  CallbackSlot() noexcept { late_.open(); }

  /// For an owner: `function(bound, answer)` is called from now on. False if another one has the metric.
  bool take(void (*function)(void*, CallbackAnswer&), void* bound) noexcept {
    if (!gate_.take()) return false;
    call_ = function;
    bound_ = bound;
    gate_.open();
    return true;
  }
  /// Waits for calls that are running.
  void end() noexcept {
    assert(!retired_ && "a callback was used after its registry was destroyed");
    gate_.shut();
    while (!gate_.is_left(process())) ::sched_yield();
    gate_.give_back();
  }

  /// The registry is no more: who has the metric still comes too late to end it.
  void retire() noexcept { retired_ = true; }

  /// Whether there is a function; if so, it stays until leave().
  bool enter() const noexcept { return gate_.enter(process()); }
  void leave() const noexcept { gate_.leave(); }
  /// Whose it is: the same for all metrics of a collector. Nobody's if it is nullptr.
  [[nodiscard]] const void* owner() const noexcept {
    if (!enter()) return nullptr;
    const void* owner = bound_;
    leave();
    return owner;
  }
  /// Calls it; false if it throws.
  bool call(CallbackAnswer& answer) const noexcept {
#if defined(__cpp_exceptions)
    try {
      call_(bound_, answer);
    } catch (...) {
      return false;
    }
#else
    call_(bound_, answer);
#endif
    return true;
  }

  /// Whether calls are still running that pages have given up.
  [[nodiscard]] bool is_late() const noexcept { return !late_.is_left(process()); }
  /// A page gives up a call; to be followed by come_back().
  void give_up() const noexcept { late_.enter(process()); }
  void come_back() const noexcept { late_.leave(); }

 private:
  static std::uint32_t process() noexcept { return static_cast<std::uint32_t>(::getpid()); }

  mutable cells::Gate<cells::StdPlatform> gate_;
  mutable cells::Gate<cells::StdPlatform> late_;  // always open; inside are the calls that pages have given up
  void (*call_)(void*, CallbackAnswer&) = nullptr;
  void* bound_ = nullptr;
  bool retired_ = false;
};

FLOWVIZ_METRICS_END
