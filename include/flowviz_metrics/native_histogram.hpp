// SPDX-License-Identifier: MIT
#pragma once
/// \file
/// Native histograms: buckets of the same relative width wherever values are, without a choice of bounds.

#include <cstdint>
#include <span>

#include <flowviz_metrics/histogram.hpp>
#include <flowviz_metrics/metric.hpp>
#include <flowviz_metrics/native_buckets.hpp>
#include <flowviz_metrics/native_value.hpp>

FLOWVIZ_METRICS_BEGIN

/// One series of a native histogram: a small copyable handle, worth keeping. Default-constructed it counts nothing.
class NativeHistogramSeries {
 public:
  NativeHistogramSeries() noexcept = default;

  /// Counts one observation: a number, or a duration in seconds.
  ///
  /// Computes the bucket, by two look-ups in tables, then adds to it and to the sum; safety as CounterSeries::inc. The first
  /// value of a thread, and one that is beyond all before, allocates room for its buckets: if memory for that cannot be had
  /// the observation has no effect, and is counted as a failed allocation. NaN and infinities have no effect either.
  // A template, as those below, so that only files which observe compile what puts values into buckets.
  template <class = void>
  void observe(Amount amount) const noexcept {
    const double v = amount.value();
    if (metrics_enabled && !is_total(v) && !admit(*chunk_, native_at() + Native::sum, v)) [[unlikely]]
      return;
    if (count_ == 0) return chunk_->observe_native(native_at(), *scale_, v);
    chunk_->observe_native(native_at(), *scale_, v, at_ + bucket_of(bounds_, count_, v));
  }

  /// The same with an exemplar: that of the observation's classic bucket, or, if there are none, of the series; see
  /// CounterSeries::inc.
  template <class = void>
  void observe(Amount amount, const Exemplar& exemplar) const noexcept {
    const double v = amount.value();
    observe(amount);
    if (is_finite(v)) exemplar.keep(*chunk_, at_ + (count_ == 0 ? 0 : bucket_of(bounds_, count_, v)), v);
  }

  /// Observes the duration of a scope in seconds when the returned timer ends.
  template <class = void>
  [[nodiscard]] ScopedTimer<NativeHistogramSeries> time() const noexcept {
    return ScopedTimer<NativeHistogramSeries>(*this);
  }

  /// What was observed so far; allocates. For tests and decisions, not for hot paths.
  // A template, so that files which only observe do not compile it.
  template <class = void>
  [[nodiscard]] NativeHistogramValue value() const {
    NativeHistogramValue value;
    read_native(*chunk_, native_at(), *scale_, value);
    return value;
  }

 private:
  template <class>
  friend class Held;
  template <class Handle>
  using TimerOf = ScopedTimer<Handle>;

  using Native = cells::NativeBlocks<cells::StdPlatform>;

  template <class, LabelValue...>
  friend class Metric;
  NativeHistogramSeries(const Family& family, Place place) noexcept
      : chunk_(place.chunk),
        bounds_(family.bounds().data()),
        scale_(&family.definition().native),
        at_(place.at),
        count_(family.bounds().size()) {}
  template <class, class, LabelValue...>
  friend class AnyHistogram;
  static Traits traits(const NativeBuckets& buckets, MetricOptions options) noexcept {
    return {.kind = Kind::native_histogram,
            .bounds = buckets.classic ? buckets.classic->bounds() : std::span<const double>(),
            .options = options,
            .native = buckets.scale()};
  }
  static std::uint32_t cells(const Family& family) noexcept { return family.cells().count(); }

  [[nodiscard]] std::uint32_t native_at() const noexcept { return at_ + (count_ == 0 ? 0 : count_ + 1); }

  static constexpr cells::NativeScale none{0, 0, 0};

  Chunk* chunk_ = &cells::nowhere;
  const double* bounds_ = nullptr;
  const cells::NativeScale* scale_ = &none;
  std::uint32_t at_ = 0;
  std::uint32_t count_ = 0;
};

/// How many observations fell into each of many buckets, each as much wider than the one below as the schema says, and their
/// sum. There are no bounds to choose, and a quantile is off by a bucket at most: 9 % with schema 3.
///
///     flowviz::NativeHistogram trace{registry, "trace_duration_seconds", "Latency of a trace.",
///                                    flowviz::NativeBuckets{}, flowviz::Label<Direction>{"direction"}};
///     auto timing = trace.with(Direction::forward).time();
///
/// Prometheus reads the buckets in the protobuf format, from 2.40 on with `--enable-feature=native-histograms`. The text
/// formats have no place for them; they show count and sum, and the classic buckets if the metric has some.
template <LabelValue... L>  // what with() takes: enums, bool, flowviz::Text
class NativeHistogram : public AnyHistogram<NativeHistogramSeries, NativeBuckets, L...> {
  using AnyHistogram<NativeHistogramSeries, NativeBuckets, L...>::AnyHistogram;
};

template <class... D>
NativeHistogram(Registry&, MetricName, HelpText, NativeBuckets, const D&...) -> NativeHistogram<ValueType<D>...>;
template <class... D>
NativeHistogram(Registry&, MetricName, HelpText, NativeBuckets, MetricOptions, const D&...)
    -> NativeHistogram<ValueType<D>...>;
template <class... D>
NativeHistogram(MetricName, HelpText, NativeBuckets, const D&...) -> NativeHistogram<ValueType<D>...>;
template <class... D>
NativeHistogram(MetricName, HelpText, NativeBuckets, MetricOptions, const D&...) -> NativeHistogram<ValueType<D>...>;
template <>
class NativeHistogram<Misplaced> {
 public:
  template <class... Arguments>
  NativeHistogram(const Arguments&...) noexcept {  // NOLINT: never called
    misdefined<Arguments...>();
  }
};
NativeHistogram(...) -> NativeHistogram<Misplaced>;

FLOWVIZ_METRICS_END
