// SPDX-License-Identifier: MIT
#pragma once
/// \file
/// The series of a metric that has just one: without labels there is nothing to look up, and so neither a table nor segments.

#include <cstdint>
#include <string_view>

#include <flowviz_metrics/cells/arena.hpp>
#include <flowviz_metrics/cells/series_store.hpp>

FLOWVIZ_METRICS_BEGIN
namespace cells {

/// One series or, until it is made, none.
template <Platform P>
class LoneSeries {
  using Store = SeriesStore<P>;
  using Series = typename Store::Series;

 public:
  LoneSeries() noexcept = default;
  LoneSeries(const LoneSeries&) = delete;
  LoneSeries& operator=(const LoneSeries&) = delete;
  ~LoneSeries() {
    if (Series* series = get()) Series::destroy(heap_, series, dated_);
  }

  /// Makes it, with the cells at `place`, which somebody else owns; false if memory is lacking. To be called once, before others
  /// know of it; `born` is kept if it is to be `dated`.
  bool make(Place<P> place, std::string_view labels, bool dated, std::int64_t born) noexcept {
    Series* series = Series::make(heap_, 0, labels, 0, dated, born);
    if (series == nullptr) return false;
    home_.chunk.set(place.chunk);
    series->home.set(&home_);
    series->at.set(place.at);
    series_.store(series, std::memory_order_relaxed);
    dated_ = dated;
    return true;
  }

  explicit operator bool() const noexcept { return get() != nullptr; }

  /// See SeriesTable.
  template <class Visit>
  void each_segment(Visit visit) const {
    const Place<P> place = get()->place();
    visit(*place.chunk, place.at, &series_, std::uint32_t{1});
  }

 private:
  [[no_unique_address]] Heap<P> heap_;

  [[nodiscard]] Series* get() const noexcept { return series_.load(std::memory_order_relaxed); }

  typename Store::Link series_{nullptr};
  typename Store::Home home_;
  bool dated_ = false;
};

}  // namespace cells
FLOWVIZ_METRICS_END
