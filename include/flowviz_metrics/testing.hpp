// SPDX-License-Identifier: MIT
#pragma once
/// \file
/// For unit tests of code that counts.

#include <algorithm>
#include <cstdlib>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <flowviz_metrics/durations.hpp>
#include <flowviz_metrics/scrape.hpp>
#include <flowviz_metrics/timer.hpp>

FLOWVIZ_METRICS_BEGIN
namespace testing {

/// How much a metric or a series has changed since the delta was made. Metrics live as long as the program, and other
/// tests count too, so a test asks for the change and not for the value:
///
///     flowviz::testing::Delta registered{metrics.lots.with(LotType::raw)};
///     register_lot(LotType::raw);
///     CHECK(registered.value() == 1);
template <class Series>
class Delta {
  static_assert(
      requires(const Series& series) { series.value() - series.value(); },
      "a Delta is of numbers: compare the states that value() gives");

 public:
  explicit Delta(Series series) : series_(std::move(series)), before_(series_.value()) {}

  /// The change: an integer for counters, signed for up-down counters, a double for gauges, a HistogramValue for
  /// histograms.
  [[nodiscard]] auto value() const { return series_.value() - before_; }

  /// Measures from now on.
  void restart() { before_ = series_.value(); }

 private:
  Series series_;
  decltype(std::declval<const Series&>().value()) before_;
};

/// A clock that stands still until it is told to go on: while one lives, all stopwatches and timers read it, so that a test
/// says how long something took, and when label values expire. One at a time; make it before what it is to measure begins.
///
///     flowviz::testing::FakeClock clock;
///     auto timing = metrics.trace.with(Direction::forward).time();
///     clock.advance(250ms);
class FakeClock {
 public:
  /// Throws `Error` if there is one already.
  FakeClock() {
    if (cells::time_is_fake.load(std::memory_order_relaxed)) fail("there is one FakeClock at a time");
    cells::fake_time.store(TimerClock::Clock::now().time_since_epoch().count(), std::memory_order_relaxed);
    cells::time_is_fake.store(true, std::memory_order_relaxed);
  }
  ~FakeClock() { cells::time_is_fake.store(false, std::memory_order_relaxed); }
  FakeClock(const FakeClock&) = delete;
  FakeClock& operator=(const FakeClock&) = delete;

  /// The clock goes on by this long. Any thread may say so.
  void advance(TimerClock::Clock::duration by) noexcept {
    cells::fake_time.fetch_add(by.count(), std::memory_order_relaxed);
  }
};

/// In what a registry's page differs from `expected`, lines of the text format 0.0.4 in any order; empty if in nothing. Only
/// metrics that `expected` names are looked at, all of their samples; comments and blanks before a line are not. Values are compared
/// as numbers: `1e+06` is 1000000.
///
///     CHECK(flowviz::testing::differences(registry, R"(
///       lots_registered_total{lot_type="raw"} 1
///       lots_registered_total{lot_type="intermediate"} 0
///       lots_registered_total{lot_type="finished"} 0
///     )") == "");
[[nodiscard]] inline std::string differences(const Registry& registry, std::string_view expected) {
  const auto each_line = [](std::string_view text, auto visit) {
    while (!text.empty()) {
      const std::size_t end = std::min(text.find('\n'), text.size());
      std::string_view line = text.substr(0, end);
      line.remove_prefix(std::min(line.find_first_not_of(" \t"), line.size()));
      line = line.substr(0, line.find_last_not_of(" \t\r") + 1);
      if (!line.empty()) visit(line);
      text.remove_prefix(std::min(end + 1, text.size()));
    }
  };
  const auto begin_of_value = [](std::string_view line) { return line.find_last_of(" \t}") + 1; };
  const auto value_of = [&](std::string_view line) { return line.substr(begin_of_value(line)); };
  const auto series_of = [&](std::string_view line) {
    line = line.substr(0, begin_of_value(line));
    return line.substr(0, line.find_last_not_of(" \t") + 1);
  };
  const auto is_same = [](std::string_view a, std::string_view b) {
    const auto is_number = [](const std::string& text, double& number) {
      char* end = nullptr;
      number = std::strtod(text.c_str(), &end);
      return end != text.c_str() && *end == '\0';  // with a locale of another point a text is just a text
    };
    double x = 0, y = 0;
    return a == b || (is_number(std::string(a), x) && is_number(std::string(b), y) && x == y);
  };

  std::multimap<std::string_view, std::string_view> missing;  // lines by series
  each_line(expected, [&](std::string_view line) {
    if (!line.starts_with('#')) missing.emplace(series_of(line), line);
  });
  const auto name_of = [](std::string_view line) { return line.substr(0, line.find_first_of("{ ")); };
  std::set<std::string_view> names;
  for (const auto& [series, line] : missing) names.insert(name_of(line));

  const std::string page = scrape(registry).body;
  std::string found;
  std::vector<std::string_view> family;
  const auto compare = [&](std::string_view line) {
    const auto [first, last] = missing.equal_range(series_of(line));
    const auto same =
        std::find_if(first, last, [&](const auto& one) { return is_same(value_of(one.second), value_of(line)); });
    if (same != last) {
      missing.erase(same);
    } else if (first != last) {
      ((((found += "differs: ") += line) += ", expected ") += value_of(first->second)) += '\n';
      missing.erase(first);
    } else {
      ((found += "unexpected: ") += line) += '\n';
    }
  };
  const auto end_family = [&] {
    if (std::any_of(family.begin(), family.end(), [&](auto line) { return names.contains(name_of(line)); })) {
      std::for_each(family.begin(), family.end(), compare);
    }
    family.clear();
  };
  each_line(page, [&](std::string_view line) {
    if (line.starts_with("# HELP ")) end_family();
    if (!line.starts_with('#')) family.push_back(line);
  });
  end_family();
  for (const auto& [series, line] : missing) ((found += "missing: ") += line) += '\n';
  return found;
}

}  // namespace testing
FLOWVIZ_METRICS_END
