// SPDX-License-Identifier: MIT
#pragma once
/// \file
/// The series of a metric with labels that expire, and how they end.
///
/// Besides its own, each series has two cells that count handles: one rises when a look-up or a copy gives one out
/// (arrivals), the other when a handle is destroyed (departures). They are cells like any others, so counting costs a load, an
/// addition and a store; an increment through the handle pays nothing.
///
/// A label value ends when it has not been looked up for its lifetime, and nobody keeps a handle onto any of its series. Rounds
/// find that out, one at a time, at scrapes:
///
///     arrivals as in the last round, and as many departures    -> idle; for long enough -> doubted (cells/expiring_texts.hpp)
///     grace period: who found the value before the doubt has counted its arrival, who finds it later takes the doubt away
///     departures, THEN arrivals, of all its series: as before? -> ended: text and series are taken out of their tables
///     grace period: nobody looks at them any more              -> cells zeroed; number, cells and memory free
///
/// So a number means one text for all who can use it, cells are never counted in by two series, and what was counted was on a
/// page before it ends: an arrival since the last round keeps the value alive, and so does a handle that was there then.
///
/// Departures are counted with release and read with acquire, before the arrivals: whoever sees a handle destroyed sees
/// where it came from, and everything that was counted through it. No round waits: if a grace period has not come, because
/// somebody is looking, the next round asks again.

#include <cstddef>
#include <cstdint>
#include <new>
#include <span>
#include <string_view>

#include <flowviz_metrics/cells/expiring_texts.hpp>
#include <flowviz_metrics/cells/grace.hpp>
#include <flowviz_metrics/cells/series_store.hpp>

FLOWVIZ_METRICS_BEGIN
namespace cells {

/// A set of series that come and go, by combination. Look-ups, creation and walks run inside of a section.
template <Platform P>
class ExpiringSeries : public SeriesStore<P> {
  using Store = SeriesStore<P>;

 public:
  using Store::find, Store::refuge, Store::remove, Store::is_shown;
  using typename Store::Layout, typename Store::Link, typename Store::Segment, typename Store::SegmentLink,
      typename Store::Series;

  /// How many cells a series has for its handles, behind its own.
  static constexpr std::uint32_t handle_cells = 2;

  /// A label whose values expire.
  struct Label {
    ExpiringTexts<P>* texts;
    std::uint32_t stride;   ///< what a combination grows by when the value's number grows by one
    std::int64_t lifetime;  ///< in the unit of `round`'s `now`, which is never below zero
  };

  /// Which series may end, besides being idle: any, or only those whose own two cells, ups and downs, are even. An up-down
  /// counter that ended in between would be shown negative when it goes down.
  enum class Ends : std::uint8_t { any, even };

  /// `layout.cells_per_series` has `handle_cells` in it.
  ExpiringSeries(Slots<P>& leases, Layout layout, Ends ends = Ends::any) noexcept : Store(leases, layout), ends_(ends) {
    void* memory = P::allocate(notes_bytes(), alignof(Note));
    if (memory == nullptr) return;
    notes_ = static_cast<Note*>(memory);
    for (std::size_t i = 0; i < layout.combinations; ++i) new (notes_ + i) Note;
  }
  ~ExpiringSeries() {
    this->clear(heap_);
    if (notes_ == nullptr) return;
    for (std::size_t i = 0; i < layout_.combinations; ++i) notes_[i].~Note();
    P::deallocate(notes_, notes_bytes(), alignof(Note));
  }

  [[nodiscard]] bool ready() const noexcept { return Store::ready() && notes_ != nullptr; }

  /// See SeriesTable.
  bool add_refuge(std::string_view labels, std::uint16_t tag = 0, std::int64_t born = 0) noexcept {
    Series* series = Store::make_series(heap_, 0, labels, tag, born);
    if (series == nullptr) return false;
    if (!claim_cells(series)) {
      Store::destroy(heap_, series);
      return false;
    }
    series->shown.store(Store::Shown::when_asked_for, std::memory_order_relaxed);
    refuge_ = series;
    return true;
  }

  /// The place of a combination, whose series is made if need be; the refuge if memory is lacking.
  Place<P> find_or_add(std::uint32_t combination, std::string_view labels, std::uint16_t tag = 0,
                       std::int64_t born = 0) noexcept {
    assert(!retired_ && "a series was used after its registry was destroyed");
    if (const Place<P> there = find(combination); there.chunk != nullptr) return there;
    if (combination != 0) {
      if (const Series* series = add(combination, labels, tag, born)) return series->place();
      failures_.fetch_add(1, std::memory_order_relaxed);
    }
    return refuge();
  }

  /// Visits the series as SeriesTable does, one at a time; allocates. A value that ends meanwhile may come again under another
  /// number: so it is noted what is there before the first is visited, and what has ended by then is passed over. Without memory
  /// for that a value may be visited twice.
  template <class Visit>
  void each_segment(std::span<const Label> labels, Visit visit) const {
    const auto visit_one = [&](Series* series) {
      if (has_ended(labels, series->combination.get())) return;
      const Link link(series);
      const Place<P> place = series->place();
      visit(*place.chunk, place.at, &link, std::uint32_t{1});
    };
    const Found found(table_, layout_.combinations);
    if (found.series != nullptr) {
      for (std::size_t i = 0; i < found.count; ++i) visit_one(found.series[i]);
      return;
    }
    for (std::uint32_t c = 0; c < layout_.combinations; ++c) {
      if (Series* series = table_[c].load(std::memory_order_acquire)) visit_one(series);
    }
  }

  /// Where the handles of a series are counted: arrivals, and departures behind them.
  [[nodiscard]] std::uint32_t handles_of(Place<P> place) const noexcept {
    return place.at + layout_.cells_per_series - handle_cells;
  }
  /// Counts a handle, or that it is gone, where `handles_of` says.
  static void arrive(Chunk<P>& chunk, std::uint32_t handles) noexcept { chunk.add(handles, std::uint64_t{1}); }
  // Release, paired with the acquire of who reads both counts: what was counted through this handle is seen by then.
  static void depart(Chunk<P>& chunk, std::uint32_t handles) noexcept {
    chunk.add_release(handles + 1, std::uint64_t{1});
  }

  /// Ends what has not been in use since the lifetime of its label before `now`, as far as grace periods permit; the next round
  /// goes on from there. Calls `ended(series)` for what has just left the table. Never waits. Does nothing while another
  /// thread is in a round.
  template <class Ended>
  void round(Readers<P>& readers, std::int64_t now, std::span<const Label> labels, Ended ended) noexcept {
    if (in_round_.exchange(1, std::memory_order_acquire) != 0) return;
    finish(readers, now, labels);
    if (step_.get() == Step::none) {
      note_activity(now, labels);
      bool any = false;
      for (const Label& label : labels) {
        any = (now >= label.lifetime && label.texts->doubt(now - label.lifetime)) || any;
      }
      if (any) step_.set(Step::doubted);
      if (any && !wait_.begin()) end_idle(labels, [](const Label&, std::uint32_t) { return false; }, ended);
    }
    if (step_.get() == Step::doubted && wait_.is_over(readers)) {
      end_idle(labels, [this](const Label& label, std::uint32_t number) { return is_idle(label, number); }, ended);
    }
    finish(readers, now, labels);
    in_round_.store(0, std::memory_order_release);
  }

 private:
  // How far rounds have come: whether values are doubted and a grace period is waited for; whether some have ended; whether a
  // grace period is waited for after that.
  enum class Step : std::uint8_t { none, doubted, ended, leaving };

  // What rounds know of a combination.
  struct Note {
    typename P::template plain<std::uint64_t> arrivals;
    typename P::template plain<bool> held;  // in the last round
    typename P::template plain<Series*> ended;
  };

  // What was in the table at some time after this began; `series` is nullptr if memory is lacking.
  struct Found {
    Found(const Link* table, std::uint32_t combinations) noexcept
        : series(static_cast<Series**>(P::allocate(combinations * sizeof(Series*), alignof(Series*)))),
          room(combinations) {
      for (std::uint32_t c = 0; series != nullptr && c < combinations; ++c) {
        // Acquire, paired with the release in add(). It brings with it the end of whatever had the same text before.
        if (Series* one = table[c].load(std::memory_order_acquire)) series[count++] = one;
      }
    }
    ~Found() {
      if (series != nullptr) P::deallocate(series, room * sizeof(Series*), alignof(Series*));
    }
    Found(const Found&) = delete;
    Found& operator=(const Found&) = delete;

    Series** series;
    std::size_t room, count = 0;
  };

  static bool has_ended(std::span<const Label> labels, std::uint32_t combination) noexcept {
    for (const Label& label : labels) {
      const std::uint32_t number = combination / label.stride % (label.texts->cap() + 1);
      if (number != 0 && label.texts->has_ended(number)) return true;
    }
    return false;
  }

  Series* add(std::uint32_t combination, std::string_view labels, std::uint16_t tag, std::int64_t born) noexcept {
    Series* series = Store::make_series(heap_, combination, labels, tag, born);
    if (series == nullptr) return nullptr;
    if (!claim_cells(series)) {
      Store::destroy(heap_, series);
      return nullptr;
    }
    Series* there = nullptr;
    // Release, paired with the acquire in find().
    if (table_[combination].compare_exchange_strong(there, series, std::memory_order_release,
                                                    std::memory_order_acquire)) {
      return series;
    }
    give_cells_back(series);
    return there;
  }

  // The links of a segment say whose cells are taken. A series that a fork left without a place in the table keeps its cells.
  bool claim_cells(Series* series) noexcept {
    for (SegmentLink* next = &first_;;) {
      Segment* segment = this->segment_at(*next);
      if (segment == nullptr) return false;
      for (std::uint32_t i = 0; i < segment->capacity.get(); ++i) {
        Series* nobody = nullptr;
        if (segment->links()[i].load(std::memory_order_relaxed) != nullptr) continue;
        // Acquire, paired with the release in give_cells_back(): the cells are zero. Release, paired with the acquire in
        // clear(): it frees the series even if its maker has stopped here.
        if (segment->links()[i].compare_exchange_strong(nobody, series, std::memory_order_acq_rel,
                                                        std::memory_order_relaxed)) {
          this->place_in(segment, i, series);
          return true;
        }
      }
      next = &segment->next;
    }
  }
  void give_cells_back(Series* series) noexcept {
    Link& link = this->segment_of(*series)->links()[this->index_of(*series)];
    link.store(nullptr, std::memory_order_release);
    Store::destroy(heap_, series);
  }

  // Calls `visit(combination)` for all combinations with this value.
  template <class Visit>
  void each_combination(const Label& label, std::uint32_t number, Visit visit) const noexcept {
    const std::uint32_t period = label.stride * (label.texts->cap() + 1);
    for (std::uint32_t high = 0; high < layout_.combinations; high += period) {
      for (std::uint32_t low = 0; low < label.stride; ++low) visit(high + number * label.stride + low);
    }
  }

  // Whether there are handles, or something is still to be counted down, and how many handles there ever were.
  struct Handles {
    bool in_use = false;
    std::uint64_t ever = 0;
  };
  [[nodiscard]] Handles handles(const Series& series) const noexcept {
    const Place<P> place = series.place();
    std::uint64_t now = 0, up = 0, ever = 0;
    place.chunk->read_up_downs(handles_of(place), {&now, 1});
    if (ends_ == Ends::even) place.chunk->read_up_downs(place.at, {&up, 1});
    place.chunk->read_counts(handles_of(place), {&ever, 1});
    return {now != 0 || up != 0, ever};
  }

  void note_activity(std::int64_t now, std::span<const Label> labels) noexcept {
    for (std::uint32_t c = 0; c < layout_.combinations; ++c) {
      const Series* series = table_[c].load(std::memory_order_acquire);
      if (series == nullptr) continue;
      const Handles count = handles(*series);
      // A handle that was there in the last round and is gone was in use until it went.
      if (!count.in_use && !notes_[c].held.get() && count.ever == notes_[c].arrivals.get()) continue;
      notes_[c].arrivals.set(count.ever);
      notes_[c].held.set(count.in_use);
      for (const Label& label : labels) {
        if (const std::uint32_t number = c / label.stride % (label.texts->cap() + 1)) {
          label.texts->note_active(number, now);
        }
      }
    }
  }

  [[nodiscard]] bool is_idle(const Label& label, std::uint32_t number) const noexcept {
    bool idle = true;
    each_combination(label, number, [&](std::uint32_t c) {
      const Series* series = table_[c].load(std::memory_order_acquire);
      if (series == nullptr) return;
      const Handles count = handles(*series);
      idle = idle && !count.in_use && count.ever == notes_[c].arrivals.get();
    });
    return idle;
  }

  template <class Ended>
  void take_away(const Label& label, std::uint32_t number, Ended ended) noexcept {
    each_combination(label, number, [&](std::uint32_t c) {
      // Relaxed: the grace period before orders who made the series, the one after orders who looks at it.
      Series* series = table_[c].load(std::memory_order_relaxed);
      if (series == nullptr) return;
      table_[c].store(nullptr, std::memory_order_relaxed);
      notes_[c].ended.set(series);
      ended(*series);
    });
  }

  // Ends the doubted values of which `idle` says so; the others live on.
  template <class Idle, class Ended>
  void end_idle(std::span<const Label> labels, Idle idle, Ended ended) noexcept {
    bool any = false;
    for (const Label& label : labels) {
      label.texts->end_if([&](std::uint32_t number) { return idle(label, number); },
                          [&](std::uint32_t number) {
                            take_away(label, number, ended);
                            any = true;
                          });
    }
    step_.set(any ? Step::ended : Step::none);
  }

  // Gives the memory of what has ended to others, once nobody looks at it any more.
  void finish(Readers<P>& readers, std::int64_t now, std::span<const Label> labels) noexcept {
    if (step_.get() == Step::ended && wait_.begin()) step_.set(Step::leaving);
    if (step_.get() != Step::leaving || !wait_.is_over(readers)) return;
    for (std::uint32_t c = 0; c < layout_.combinations; ++c) {
      Series* series = notes_[c].ended.get();
      if (series == nullptr) continue;
      notes_[c].ended.set(nullptr);
      notes_[c].arrivals.set(0);
      notes_[c].held.set(false);
      const Place<P> place = series->place();
      place.chunk->zero(place.at, layout_.cells_per_series);
      give_cells_back(series);
    }
    for (const Label& label : labels) label.texts->reclaim(now);
    step_.set(Step::none);
  }

  [[nodiscard]] std::size_t notes_bytes() const noexcept { return layout_.combinations * sizeof(Note); }

  using Store::failures_, Store::first_, Store::layout_, Store::refuge_, Store::retired_, Store::table_;

  // Series end one by one.
  [[no_unique_address]] Heap<P> heap_;

  Ends ends_;
  Note* notes_ = nullptr;
  // Of whoever is in a round.
  typename P::template atomic<std::uint32_t> in_round_{0};
  typename P::template plain<Step> step_;
  typename Readers<P>::Wait wait_;
};

}  // namespace cells
FLOWVIZ_METRICS_END
