// SPDX-License-Identifier: MIT
#pragma once
/// \file
/// A question put to several contestants in alternating rounds, so that what disturbs the machine disturbs all of them alike. A
/// contestant's figure is the median over its rounds; a claim is the ratio of two medians of the same run.

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

namespace bench {

/// One way to do the work. `run(n)` does it n times; whatever it needs is prepared when it is made, outside the clock.
struct Contestant {
  std::string name;
  std::function<void(std::size_t n)> run;
};

/// "The median of `subject` is at most `factor` times that of `peer`", or at least so much faster for a factor below 1.
struct Claim {
  std::string subject;
  std::string peer;
  double factor;
};

struct Question {
  std::string name;
  std::string unit = "ns";  ///< of one repetition
  std::size_t repetitions;  ///< per round; a round should take some milliseconds
  std::vector<Contestant> contestants;
  std::vector<Claim> claims;
};

struct Figure {
  std::string contestant;
  double median = 0, low = 0, high = 0;  ///< ns for one repetition; low and high are the quartiles
};

/// Runs all contestants `rounds` times in turn, after one round that does not count.
inline std::vector<Figure> ask(const Question& question, std::size_t rounds) {
  using Clock = std::chrono::steady_clock;
  std::vector<std::vector<double>> times(question.contestants.size());
  for (std::size_t round = 0; round <= rounds; ++round) {
    for (std::size_t i = 0; i < question.contestants.size(); ++i) {
      const auto start = Clock::now();
      question.contestants[i].run(question.repetitions);
      const std::chrono::duration<double, std::nano> took = Clock::now() - start;
      if (round > 0) times[i].push_back(took.count() / static_cast<double>(question.repetitions));
    }
  }
  std::vector<Figure> figures;
  for (std::size_t i = 0; i < times.size(); ++i) {
    std::sort(times[i].begin(), times[i].end());
    const std::size_t n = times[i].size();
    figures.push_back({question.contestants[i].name, times[i][n / 2], times[i][n / 4], times[i][n * 3 / 4]});
  }
  return figures;
}

/// Keeps a value, and what led to it, from being optimised away.
template <class T>
inline void keep(const T& value) {
  asm volatile("" : : "r,m"(value) : "memory");
}

/// Runs `work(thread)` on `threads` threads at once and waits for them.
void on_threads(std::size_t threads, const std::function<void(std::size_t thread)>& work);

/// The questions, one file each.
Question increment();
Question increment_on_two_threads();
Question closed_label();
Question open_labels();
Question observation();
Question gauge();
Question scrape_counters();
Question scrape_histograms();

}  // namespace bench
