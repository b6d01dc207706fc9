// SPDX-License-Identifier: MIT
#pragma once
/// \file
/// Handles onto series that may end: while somebody has one, the series does not.

#include <cstdint>
#include <utility>

#include <flowviz_metrics/exemplar.hpp>
#include <flowviz_metrics/family/family.hpp>

FLOWVIZ_METRICS_BEGIN

/// A handle onto a series of a metric with labels that expire: a `Held<CounterSeries>` does what a `CounterSeries` does, at the
/// same cost, and keeps the series for as long as it lives. Copying and destroying it costs as much as an increment each; moving
/// it less. May be passed between threads. Default-constructed it belongs to no metric. To destroy it is to use it: it must not
/// outlive the registry, and neither must its scopes and timers.
///
///     auto bytes = metrics.upload_bytes.with(client);   // the series is there until `bytes` and its copies are gone
template <class Series>
class Held {
 public:
  Held() noexcept = default;
  /// Takes over what a look-up has found and counts the handle. The look-up's section lasts until then.
  Held(Series series, Chunk* chunk, std::uint32_t handles) noexcept
      : series_(series), chunk_(chunk), handles_(handles) {
    arrive();
  }
  Held(const Held& other) noexcept : series_(other.series_), chunk_(other.chunk_), handles_(other.handles_) {
    arrive();
  }
  Held(Held&& other) noexcept
      : series_(std::exchange(other.series_, Series())),
        chunk_(std::exchange(other.chunk_, nullptr)),
        handles_(other.handles_) {}
  Held& operator=(Held other) noexcept {
    std::swap(series_, other.series_);
    std::swap(chunk_, other.chunk_);
    handles_ = std::exchange(other.handles_, handles_);
    return *this;
  }
  ~Held() {
    if (chunk_ != nullptr) Counted::depart(*chunk_, handles_);
  }

  // What series have; each kind has some of them.
  template <class... A, class S = Series>
  auto inc(A... a) const noexcept -> decltype(std::declval<const S&>().inc(a...)) {
    return series_.inc(a...);
  }
  template <class A, class S = Series>
  auto inc(A a, const Exemplar& exemplar) const noexcept -> decltype(std::declval<const S&>().inc(a, exemplar)) {
    return series_.inc(a, exemplar);
  }
  template <class... A, class S = Series>
  auto dec(A... a) const noexcept -> decltype(std::declval<const S&>().dec(a...)) {
    return series_.dec(a...);
  }
  template <class... A, class S = Series>
  auto inc_from_signal(A... a) const noexcept -> decltype(std::declval<const S&>().inc_from_signal(a...)) {
    return series_.inc_from_signal(a...);
  }
  template <class A, class S = Series>
  auto set(A a) const noexcept -> decltype(std::declval<const S&>().set(a)) {
    return series_.set(a);
  }
  template <class A, class S = Series>
  auto add(A a) const noexcept -> decltype(std::declval<const S&>().add(a)) {
    return series_.add(a);
  }
  template <class A, class S = Series>
  auto sub(A a) const noexcept -> decltype(std::declval<const S&>().sub(a)) {
    return series_.sub(a);
  }
  template <class A, class S = Series>
  auto observe(A a) const noexcept -> decltype(std::declval<const S&>().observe(a)) {
    return series_.observe(a);
  }
  template <class A, class S = Series>
  auto observe(A a, const Exemplar& exemplar) const noexcept
      -> decltype(std::declval<const S&>().observe(a, exemplar)) {
    return series_.observe(a, exemplar);
  }
  /// The scope and the timer keep the series, too.
  template <class S = Series>
  [[nodiscard]] auto track() const noexcept -> typename S::template ScopeOf<Held> {
    return typename S::template ScopeOf<Held>(*this);
  }
  template <class S = Series>
  [[nodiscard]] auto time() const noexcept -> typename S::template TimerOf<Held> {
    return typename S::template TimerOf<Held>(*this);
  }
  [[nodiscard]] auto value() const { return series_.value(); }

 private:
  using Counted = cells::ExpiringSeries<cells::StdPlatform>;

  void arrive() const noexcept {
    if (chunk_ != nullptr) Counted::arrive(*chunk_, handles_);
  }

  Series series_;
  Chunk* chunk_ = nullptr;
  std::uint32_t handles_ = 0;
};

FLOWVIZ_METRICS_END
