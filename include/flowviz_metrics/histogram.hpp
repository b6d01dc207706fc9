// SPDX-License-Identifier: MIT
#pragma once
/// \file
/// Histograms: how many observations fell below each bound, and their sum.

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <vector>

#include <flowviz_metrics/buckets.hpp>
#include <flowviz_metrics/exemplar.hpp>
#include <flowviz_metrics/metric.hpp>
#include <flowviz_metrics/timer.hpp>
#include <flowviz_metrics/value.hpp>

FLOWVIZ_METRICS_BEGIN

/// What a histogram's series holds.
struct HistogramValue {
  std::uint64_t count = 0;             ///< all observations: the sum of `buckets`
  double sum = 0;                      ///< of the observed values
  std::vector<std::uint64_t> buckets;  ///< observations in each bucket alone, not cumulated; the last one is +Inf

  bool operator==(const HistogramValue&) const = default;
};

/// What was observed between two readings.
[[nodiscard]] inline HistogramValue operator-(HistogramValue now, const HistogramValue& before) {
  now.count -= before.count;
  now.sum -= before.sum;
  if (now.buckets.size() < before.buckets.size()) now.buckets.resize(before.buckets.size());  // one that was never read
  for (std::size_t i = 0; i < before.buckets.size(); ++i) now.buckets[i] -= before.buckets[i];
  return now;
}

/// How many of `count` ascending bounds, as `Bounds` has them in memory, are below `v`, no NaN: the number of v's bucket, whose bound is
/// the first one that is not less than v. All bounds are compared, four at a time and without a branch: up to some twenty of
/// them that beats a search.
[[nodiscard]] inline std::uint32_t bucket_of(const double* bounds, std::uint32_t count, double v) noexcept {
  const double* const end = bounds + count;
#if defined(__GNUC__) && (defined(__SSE2__) || defined(__aarch64__))
  // Vectors of the compiler's own: <emmintrin.h> costs more to read than this header.
  using Two = double __attribute__((vector_size(16)));
  const Two value{v, v};
  decltype(value > value) below{}, more{};
  for (; bounds < end; bounds += 4) {
    Two low, high;
    std::memcpy(&low, bounds, sizeof low);
    std::memcpy(&high, bounds + 2, sizeof high);
    below -= value > low;  // true is -1
    more -= value > high;
  }
  below += more;
  return static_cast<std::uint32_t>(below[0]) + static_cast<std::uint32_t>(below[1]);
#else
  // Not `v > bound`: what is true without a number in it takes an instruction more each.
  std::uint32_t below = 0;
  for (; bounds < end; bounds += 4) {
    below += v <= bounds[0] ? 0u : 1u;
    below += v <= bounds[1] ? 0u : 1u;
    below += v <= bounds[2] ? 0u : 1u;
    below += v <= bounds[3] ? 0u : 1u;
  }
  return below;
#endif
}

/// One series of a histogram: a small copyable handle, worth keeping. Default-constructed it counts nothing.
class HistogramSeries {
 public:
  HistogramSeries() noexcept = default;

  /// Counts one observation: a number, or a duration in seconds.
  ///
  /// Compares the bounds, which are inclusive, then adds to a bucket and to the sum; safety as CounterSeries::inc. NaN
  /// and infinities have no effect, for no sum recovers from them, and are counted in a metric of the library's own. From
  /// the first value below zero on OpenMetrics shows no sum, for there it is a counter.
  void observe(Amount amount) const noexcept {
    const double v = amount.value();
    if (metrics_enabled && !is_total(v)) [[unlikely]]
      return observe_other(chunk_, bounds_, at_, count_, v);
    count(v);
  }

  /// The same with an exemplar of the observation's bucket; see CounterSeries::inc.
  template <class = void>
  void observe(Amount amount, const Exemplar& exemplar) const noexcept {
    const double v = amount.value();
    observe(amount);
    if (is_finite(v)) exemplar.keep(*chunk_, at_ + bucket_of(bounds_, count_, v), v);
  }

  /// Observes the duration of a scope in seconds when the returned timer ends.
  [[nodiscard]] ScopedTimer<HistogramSeries> time() const noexcept { return ScopedTimer<HistogramSeries>(*this); }

  /// What was observed so far; allocates. For tests and decisions, not for hot paths.
  // A template, so that files which only observe do not compile it.
  template <class = void>
  [[nodiscard]] HistogramValue value() const {
    HistogramValue value{0, 0, std::vector<std::uint64_t>(count_ + std::size_t{1})};
    chunk_->read_histogram(at_, {value.buckets.data(), value.buckets.size()}, value.sum);
    for (const std::uint64_t bucket : value.buckets) value.count += bucket;
    return value;
  }

 private:
  template <class>
  friend class Held;
  template <class Handle>
  using TimerOf = ScopedTimer<Handle>;

  template <class, LabelValue...>
  friend class Metric;
  HistogramSeries(const Family& family, Place place) noexcept
      : chunk_(place.chunk), bounds_(family.bounds().data()), at_(place.at), count_(family.bounds().size()) {}
  template <class, class, LabelValue...>
  friend class AnyHistogram;
  static Traits traits(const Buckets& buckets, MetricOptions options) noexcept {
    return {Kind::histogram, buckets.bounds(), options};
  }
  static std::uint32_t cells(const Family& family) noexcept { return family.bounds().size() + 2; }

  HistogramSeries(Chunk* chunk, const double* bounds, std::uint32_t at, std::uint32_t count) noexcept
      : chunk_(chunk), bounds_(bounds), at_(at), count_(count) {}

  void count(double v) const noexcept { chunk_->observe(at_ + bucket_of(bounds_, count_, v), at_ + count_ + 1, v); }
  // Takes the members one by one: they stay in registers, as those of a series whose address is taken do not.
  FLOWVIZ_METRICS_NOINLINE static void observe_other(Chunk* chunk, const double* bounds, std::uint32_t at,
                                                     std::uint32_t count, double v) noexcept {
    if (admit(*chunk, at + count + 1, v)) HistogramSeries(chunk, bounds, at, count).count(v);
  }

  Chunk* chunk_ = &cells::nowhere;
  const double* bounds_ = nullptr;
  std::uint32_t at_ = 0;
  std::uint32_t count_ = 0;
};

/// What histograms have in common, whatever their buckets are.
template <class Series, class B, LabelValue... L>
class AnyHistogram : public Metric<Series, L...> {
 public:
  AnyHistogram(Registry& registry, MetricName name, HelpText help, const B& buckets,
               const typename LabelTraits<L>::Definition&... labels)
      : AnyHistogram(registry, name, help, buckets, MetricOptions(), labels...) {}
  AnyHistogram(Registry& registry, MetricName name, HelpText help, const B& buckets, MetricOptions options,
               const typename LabelTraits<L>::Definition&... labels)
      : Metric<Series, L...>(registry, Series::traits(buckets, options), name, help, labels...) {}
  AnyHistogram(MetricName name, HelpText help, const B& buckets, const typename LabelTraits<L>::Definition&... labels)
      : AnyHistogram(default_registry(), name, help, buckets, labels...) {}
  AnyHistogram(MetricName name, HelpText help, const B& buckets, MetricOptions options,
               const typename LabelTraits<L>::Definition&... labels)
      : AnyHistogram(default_registry(), name, help, buckets, options, labels...) {}

  /// See the series, for one without labels.
  void observe(Amount amount) const noexcept { unlabelled().observe(amount); }
  void observe(Amount amount, const Exemplar& exemplar) const noexcept { unlabelled().observe(amount, exemplar); }
  [[nodiscard]] ScopedTimer<Series> time() const noexcept { return unlabelled().time(); }
  [[nodiscard]] auto value() const { return unlabelled().value(); }

 private:
  [[nodiscard]] const Series& unlabelled() const noexcept {
    static_assert(sizeof...(L) == 0, "this metric has labels: write with(...).observe()");
    return this->only();
  }
};

/// How many observations fell below each bound, and their sum.
///
///     flowviz::Histogram trace{registry, "trace_duration_seconds", "Latency of a trace.", flowviz::Buckets{0.1, 0.25,
///     0.5, 1},
///                              flowviz::Label<Direction>{"direction"}};
///     auto timing = trace.with(Direction::forward).time();
template <LabelValue... L>  // what with() takes: enums, bool, flowviz::Text
class Histogram : public AnyHistogram<HistogramSeries, Buckets, L...> {
  using AnyHistogram<HistogramSeries, Buckets, L...>::AnyHistogram;
};

template <class... D>
Histogram(Registry&, MetricName, HelpText, Buckets, const D&...) -> Histogram<ValueType<D>...>;
template <class... D>
Histogram(Registry&, MetricName, HelpText, Buckets, MetricOptions, const D&...) -> Histogram<ValueType<D>...>;
template <class... D>
Histogram(MetricName, HelpText, Buckets, const D&...) -> Histogram<ValueType<D>...>;
template <class... D>
Histogram(MetricName, HelpText, Buckets, MetricOptions, const D&...) -> Histogram<ValueType<D>...>;
template <>
class Histogram<Misplaced> {
 public:
  template <class... Arguments>
  Histogram(const Arguments&...) noexcept {  // NOLINT: never called
    misdefined<Arguments...>();
  }
};
Histogram(...) -> Histogram<Misplaced>;

FLOWVIZ_METRICS_END
