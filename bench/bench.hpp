// SPDX-License-Identifier: MIT
#pragma once
/// \file
/// What a benchmark is made of. A question is put to several contestants in alternating rounds, so that what disturbs the
/// machine disturbs all of them alike. Each round gives samples; a contestant's figure is their median, with quartiles. A
/// claim compares figures of one question, hence of one run.

#include <cstddef>
#include <functional>
#include <string>
#include <vector>

namespace bench {

/// Makes one round and appends its samples, in the unit of the question.
using Round = std::function<void(std::vector<double>& samples)>;

struct Contestant {
  std::string name;
  Round round;
  std::string curve{};  ///< for plots: contestants of one curve, by `x`
  double x = 0;
};

struct Figure {
  std::string contestant;
  std::size_t samples = 0;  ///< without any, nothing was measured, and no claim holds
  double median = 0, low = 0, high = 0, p999 = 0, max = 0;
  std::string curve{};
  double x = 0;
};

enum class Statistic { median, p999 };

/// One of the targets in RESULTS.md.
struct Claim {
  enum class Kind { at_most, within, faster, more_per };
  int target;
  Kind kind;
  std::string subject, peer;
  double limit;
  Statistic statistic = Statistic::median;
  double per = 1;
  std::string unit{};

  /// The subject's figure is at most `limit`.
  static Claim at_most(int target, std::string subject, double limit, Statistic statistic = Statistic::median) {
    return {target, Kind::at_most, std::move(subject), {}, limit, statistic};
  }
  /// The subject's figure is at most `factor` times the peer's.
  static Claim within(int target, std::string subject, std::string peer, double factor) {
    return {target, Kind::within, std::move(subject), std::move(peer), factor};
  }
  /// The peer's figure is at least `factor` times the subject's.
  static Claim faster(int target, std::string subject, std::string peer, double factor) {
    return {target, Kind::faster, std::move(subject), std::move(peer), factor};
  }
  /// The subject's figure exceeds the peer's by at most `limit` for each of `per` things: `unit` says of what.
  static Claim more_per(int target, std::string subject, std::string peer, double per, std::string unit, double limit) {
    return {target, Kind::more_per, std::move(subject), std::move(peer), limit, Statistic::median,
            per,    std::move(unit)};
  }
};

struct Question {
  std::string name;
  std::string unit;
  std::vector<Contestant> contestants;
  std::vector<Claim> claims;
  std::size_t rounds_at_most = 1000;  ///< for what takes long, or what gives the same each time
  bool tails = false;                 ///< samples are single writes: the table shows p99.9 and the maximum
};

/// Keeps a value, and what led to it, from being optimised away.
template <class T>
inline void keep(const T& value) {
  asm volatile("" : : "r,m"(value) : "memory");
}

// The questions, one file for each subject.
Question increment();
Question increment_on_two_threads();
Question increment_of_one_on_two_threads();
Question increment_against_threads();
Question shared_slot();
Question closed_label();
Question open_labels();
Question open_labels_on_two_threads();
Question open_labels_against_threads();
Question open_labels_allocations();
Question first_touch();
Question observation();
Question observation_on_two_threads();
Question gauge();
Question up_down_counter();
Question scrape_counters();
Question scrape_histograms();
Question scrape_against_series();
Question scrape_against_threads();
Question scrape_memory();
Question blocked_share();
Question blocked_writes();
Question series_memory();
Question service_memory();
Question service_scrape();
Question compile_time();
Question shared_object();
Question http_request();
Question http_allocations();

}  // namespace bench
