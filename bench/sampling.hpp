// SPDX-License-Identifier: MIT
#pragma once
/// \file
/// How a round takes its samples: nanoseconds for one repetition, from chunks that are stamped with the time.

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <vector>

#include "bench.hpp"

namespace bench {

using Clock = std::chrono::steady_clock;

/// Nanoseconds since some point in the past.
[[nodiscard]] inline std::int64_t now_ns() noexcept {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(Clock::now().time_since_epoch()).count();
}

/// For how long the calling thread has run.
[[nodiscard]] std::int64_t thread_cpu_ns() noexcept;

/// Does the work `n` times.
using Work = std::function<void(std::size_t n)>;

/// One thread, chunks of `chunk` repetitions by the wall clock: a chunk that was interrupted is one sample among many, and
/// the median does not see it.
[[nodiscard]] Round alone(std::size_t chunk, Work work);

/// `threads` threads at once, no more than there are cores, by the wall clock. Only stretches of eight chunks count in
/// each quarter of which every thread finished one: what a thread does while another waits for a core is no contention.
[[nodiscard]] Round together(std::size_t threads, std::size_t chunk, Work work);

/// Any number of threads, in CPU time for one repetition: what waiting for a core cannot change.
[[nodiscard]] Round cpu_time(std::size_t threads, std::size_t chunk, Work work);

/// In milliseconds, `chunk` repetitions for one sample, and three samples a round: after the first one the caches hold what
/// is this contestant's and not what was the last one's.
[[nodiscard]] Round milliseconds(std::function<void()> work, std::size_t chunk = 1);

/// A value that is simply there, such as bytes.
[[nodiscard]] inline Round value(std::function<double()> measure) {
  return [measure = std::move(measure)](std::vector<double>& samples) { samples.push_back(measure()); };
}

/// Times each of `n` repetitions alone. The clock, some 20 ns, is part of each sample.
template <class Op>
void time_each(std::vector<double>& samples, std::size_t n, Op op) {
  for (std::size_t i = 0; i < n; ++i) {
    const std::int64_t start = now_ns();
    op(i);
    samples.push_back(static_cast<double>(now_ns() - start));
  }
}

/// One contestant for each number of threads, in CPU time, as points of a curve.
void add_curve(Question& question, const std::string& name, const std::vector<std::size_t>& threads, std::size_t chunk,
               const Work& work);
[[nodiscard]] std::string on_threads(const std::string& name, std::size_t threads);

}  // namespace bench
