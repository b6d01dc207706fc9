// SPDX-License-Identifier: MIT
#include <flowviz_metrics/timer.hpp>

#include <doctest/doctest.h>

#include <chrono>
#include <optional>
#include <type_traits>
#include <utility>
#include <vector>

using flowviz::ScopedTimer;
using flowviz::Stopwatch;

namespace {

using Clock = std::chrono::steady_clock;

/// A series that keeps what it was given.
struct Recorder {
  std::vector<Clock::duration>* observed;
  void observe(Clock::duration d) const noexcept { observed->push_back(d); }
};

void wait_for_a_tick() {
  const auto begin = Clock::now();
  while (Clock::now() == begin) {
  }
}

}  // namespace

static_assert(!std::is_copy_constructible_v<ScopedTimer<Recorder>>);

TEST_CASE("a stopwatch runs from its construction, on the monotonic clock") {
  static_assert(Stopwatch::Clock::is_steady);
  const auto before = Clock::now();
  const Stopwatch watch;
  const auto after = Clock::now();
  wait_for_a_tick();
  const auto later = Clock::now();
  const auto elapsed = watch.elapsed();
  CHECK(elapsed >= later - after);
  CHECK(elapsed <= Clock::now() - before);
  CHECK(elapsed > Clock::duration::zero());
  CHECK(watch.elapsed() >= elapsed);
}

TEST_CASE("a timer observes once, when its scope ends") {
  std::vector<Clock::duration> observed;
  const auto before = Clock::now();
  {
    const ScopedTimer timing{Recorder{&observed}};
    wait_for_a_tick();
    CHECK(timing.elapsed() > Clock::duration::zero());
    CHECK(observed.empty());
  }
  REQUIRE(observed.size() == 1);
  CHECK(observed[0] > Clock::duration::zero());
  CHECK(observed[0] <= Clock::now() - before);
}

TEST_CASE("a discarded timer observes nothing") {
  std::vector<Clock::duration> observed;
  {
    ScopedTimer timing{Recorder{&observed}};
    timing.discard();
  }
  CHECK(observed.empty());
}

TEST_CASE("a timer that was moved goes on in its new place and observes once") {
  std::vector<Clock::duration> observed;
  Clock::duration at_move{};
  {
    std::optional<ScopedTimer<Recorder>> outer;
    {
      ScopedTimer inner{Recorder{&observed}};
      wait_for_a_tick();
      at_move = inner.elapsed();
      outer.emplace(std::move(inner));
    }
    CHECK(observed.empty());
  }
  REQUIRE(observed.size() == 1);
  CHECK(observed[0] >= at_move);
}

TEST_CASE("a discarded timer stays discarded when it is moved") {
  std::vector<Clock::duration> observed;
  {
    ScopedTimer first{Recorder{&observed}};
    first.discard();
    const ScopedTimer second = std::move(first);
  }
  CHECK(observed.empty());
}
