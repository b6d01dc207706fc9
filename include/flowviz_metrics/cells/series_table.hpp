// SPDX-License-Identifier: MIT
#pragma once
/// \file
/// The series of a metric, which only grow in number.
///
/// Series stand in the order of their creation in segments, each with the cells of its series side by side in a chunk,
/// so that a scrape adds up neighbours.

#include <cassert>
#include <cstdint>
#include <string_view>

#include <flowviz_metrics/cells/append.hpp>
#include <flowviz_metrics/cells/arena.hpp>
#include <flowviz_metrics/cells/series_store.hpp>

FLOWVIZ_METRICS_BEGIN
namespace cells {

/// A set of series that only grows, by combination. Look-ups are wait-free, creation is lock-free.
template <Platform P>
class SeriesTable : public SeriesStore<P> {
  using Store = SeriesStore<P>;

 public:
  using typename Store::Layout, typename Store::Link, typename Store::Segment, typename Store::SegmentLink,
      typename Store::Series, typename Store::Shown;

  using Store::Store;
  ~SeriesTable() { this->clear(memory_); }

  using Store::find, Store::refuge, Store::remove, Store::is_shown;

  /// Cells of this table's first series, in a chunk that others share: for metrics too small for a chunk of their own.
  /// All `combinations` fit there. To be called once, before any series is made.
  bool start_in(Chunk<P>* chunk, std::uint32_t at) noexcept {
    Segment* segment = make_segment(chunk, at, layout_.combinations, false);
    first_.store(segment, std::memory_order_relaxed);  // nobody else knows the table yet
    return segment != nullptr;
  }

  /// Memory for `count` series that will be added, with label texts of some `length`. To be called before that, if at all.
  void expect(std::size_t count, std::size_t length) noexcept {
    memory_.expect(count * Series::bytes(length, layout_.dated));
  }

  /// Adds the refuge; false when memory is lacking. To be called once, before the table is shared.
  bool add_refuge(std::string_view labels, std::uint16_t tag = 0, std::int64_t born = 0) noexcept {
    if (table_ == nullptr) return false;
    refuge_ = append(0, labels, tag, born);
    if (refuge_ == nullptr) return false;
    refuge_->shown.store(Store::Shown::when_asked_for, std::memory_order_relaxed);
    return true;
  }

  /// The place of a combination, whose series is made if need be; `labels` is its label text, `tag` is kept with it, and `born` where
  /// the layout is dated.
  /// The refuge if memory is lacking.
  Place<P> find_or_add(std::uint32_t combination, std::string_view labels, std::uint16_t tag = 0,
                       std::int64_t born = 0) noexcept {
    assert(!retired_ && "a series was used after its registry was destroyed");
    if (const Place<P> there = find(combination); there.chunk != nullptr) return there;
    if (combination != 0) {
      if (const Series* series = append(combination, labels, tag, born)) return series->place();
      failures_.fetch_add(1, std::memory_order_relaxed);
    }
    return refuge();
  }

  /// Visits the series in the order of their creation, segment by segment: `visit(chunk, at, series, count)`, where
  /// series i of the `count` has its cells at `at + i * cells_per_series`. Series made meanwhile may or may not be
  /// visited.
  template <class Visit>
  void each_segment(Visit visit) const {
    // Relaxed: the first segment, with the refuge in it, is there before the table is shared.
    for (const Segment* segment = first_.load(std::memory_order_relaxed); segment != nullptr;
         segment = segment->next.load(std::memory_order_acquire)) {
      const Link* links = segment->links();
      std::uint32_t count = 0;
      while (count < segment->capacity.get() && links[count].load(std::memory_order_acquire) != nullptr) ++count;
      if (count > 0) visit(*segment->chunk.get(), segment->at.get(), links, count);
    }
  }

 private:
  Series* append(std::uint32_t combination, std::string_view labels, std::uint16_t tag, std::int64_t born) noexcept {
    // Read before the table is searched: all series up to this one are in the table by then, so a search that fails has
    // ruled them out. Acquire, paired with the release in help().
    Series* last = helped_.load(std::memory_order_acquire);
    if (link_after(last) == nullptr) return nullptr;  // before memory is taken that nobody gives back
    Series* series = make_series(combination, labels, tag, born);
    if (series == nullptr) return nullptr;
    Series* there = table_[combination].load(std::memory_order_acquire);
    if (there == nullptr) {
      there = append_unless_there(
          last, series, [this](Series* before) { return link_after(before); },
          [this](Series* node, Series* before) { place_behind(node, before); },
          [combination](Series* node) { return node->combination.get() == combination; },
          [this](Series* node) { help(node); });
    }
    if (there != series) this->destroy(memory_, series);
    return there;
  }

  // The link behind a series, in a new segment when its own is full; nullptr when there is no memory for one.
  Link* link_after(Series* before) noexcept {
    SegmentLink* next = &first_;
    if (before != nullptr) {
      Segment* segment = this->segment_of(*before);
      const std::uint32_t index = this->index_of(*before) + 1;
      if (index < segment->capacity.get()) return segment->links() + index;
      next = &segment->next;
    }
    Segment* segment = this->segment_at(*next);
    return segment == nullptr ? nullptr : segment->links();
  }

  void place_behind(Series* node, Series* before) noexcept {
    Segment* segment = before == nullptr ? nullptr : this->segment_of(*before);
    std::uint32_t index = before == nullptr ? 0 : this->index_of(*before) + 1;
    if (segment == nullptr || index == segment->capacity.get()) {
      // Relaxed: link_after() has acquired this segment.
      segment = (segment == nullptr ? first_ : segment->next).load(std::memory_order_relaxed);
      index = 0;
    }
    this->place_in(segment, index, node);
  }

  // The refuge stays out of the table until it is asked for: see refuge().
  void help(Series* node) noexcept {
    if (node->combination.get() != 0) table_[node->combination.get()].store(node, std::memory_order_release);
    helped_.store(node, std::memory_order_release);
  }

  Series* make_series(std::uint32_t combination, std::string_view labels, std::uint16_t tag,
                      std::int64_t born) noexcept {
    return Store::make_series(memory_, combination, labels, tag, born);
  }

  using Store::failures_, Store::first_, Store::layout_, Store::make_segment, Store::refuge_, Store::retired_,
      Store::table_;

  Arena<P> memory_;  // of series, side by side in the order in which pages show them
  Link helped_{nullptr};
};

}  // namespace cells
FLOWVIZ_METRICS_END
