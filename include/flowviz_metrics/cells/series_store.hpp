// SPDX-License-Identifier: MIT
#pragma once
/// \file
/// What all tables of series have in common: a dense table that leads from a combination of label values, as a number, to
/// its series, the memory of series, and the segments in which their cells stand side by side.
///
/// The last series that was born with the table is the *refuge*: it stands for `_other` on every label, and is what a
/// look-up falls back to when a new series is needed and memory cannot be had. Scrapes pass it over until somebody
/// writes to it.
///
/// A series that is *removed* leaves pages and nothing else: its cells go on, and as soon as more has been written to them pages
/// show it again, with all that it ever held. So removal loses nothing whatever writers do meanwhile, and a total never goes
/// back. What tells is a number that rises with what is written: how much it was at the removal is noted beside the cells, and
/// pages show the series if it is more now. Numbers and notes only rise, so who has seen a series removed sees it so until
/// somebody writes. A removal counts what was written before it, and before any other removal that was quicker.

#include <cassert>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <new>
#include <string_view>

#include <flowviz_metrics/cells/arena.hpp>
#include <flowviz_metrics/cells/chunk.hpp>
#include <flowviz_metrics/cells/graveyard.hpp>

FLOWVIZ_METRICS_BEGIN
namespace cells {

/// Where the cells of a series are. Valid as long as the table.
template <Platform P>
struct Place {
  Chunk<P>* chunk = nullptr;
  std::uint32_t at = 0;
};

/// The base of the tables, which differ in how series come and whether they go. Combination 0 is `_other` on every label.
template <Platform P>
class SeriesStore {
 public:
  /// 4 KiB: what a thread's first touch has to clear, a microsecond's work.
  static constexpr std::uint32_t cells_per_chunk = 512;

  struct Series;

  /// When pages show a series.
  enum class Shown : std::uint8_t { always, when_asked_for, when_written };

  /// How cells and series are laid out.
  struct Layout {
    std::uint32_t combinations = 1;      ///< how many combinations there are; the table has an entry for each
    std::uint32_t cells_per_series = 1;  ///< how many cells a series has
    bool dated = false;                  ///< whether a series knows when it was made, for 8 bytes more
  };

  /// Memory for the table is taken here; `ready()` says whether it was there.
  explicit SeriesStore(Slots<P>& leases, Layout layout) noexcept : slots_(leases), layout_(layout) {
    void* memory = P::allocate(table_bytes(), alignof(Link));
    if (memory == nullptr) return;
    table_ = static_cast<Link*>(memory);
    for (std::size_t i = 0; i < layout_.combinations; ++i) new (table_ + i) Link(nullptr);
  }
  SeriesStore(const SeriesStore&) = delete;
  SeriesStore& operator=(const SeriesStore&) = delete;

  [[nodiscard]] bool ready() const noexcept { return table_ != nullptr; }

  /// The place of a combination that has a series already; otherwise the chunk is nullptr.
  [[nodiscard]] Place<P> find(std::uint32_t combination) const noexcept {
    // Acquire, paired with the release with which the table was given the series.
    const Series* series = table_[combination].load(std::memory_order_acquire);
    return series == nullptr ? Place<P>{} : series->place();
  }

  /// The place of the refuge, which is shown from now on.
  Place<P> refuge() noexcept {
    if (refuge_ == nullptr) return {};
    // Relaxed: it was complete before the table was shared, and whether a page shows it a moment earlier or later is
    // all that depends on this.
    refuge_->shown.store(Shown::always, std::memory_order_relaxed);
    table_[0].store(refuge_, std::memory_order_relaxed);
    return refuge_->place();
  }

  /// Takes the series of a combination off pages until more is written to it; `written(place)` is a number that rises with that.
  /// True for one of those who do so at the same time; false if it is on no page, or memory is lacking.
  template <class Written>
  bool remove(std::uint32_t combination, Written written) noexcept {
    Series* series = table_[combination].load(std::memory_order_acquire);
    if (series == nullptr) return false;
    const Place<P> place = series->place();
    using Noted = typename Chunk<P>::Noted;
    const Noted noted = place.chunk->note_removed(place.at, [&] { return written(place); });
    if (noted == Noted::no_memory) return false;
    series->shown.store(Shown::when_written, std::memory_order_relaxed);
    return noted == Noted::removed;
  }

  /// Whether pages show a series; `written(place)` as above.
  template <class Written>
  [[nodiscard]] static bool is_shown(const Series& series, Written written) noexcept {
    switch (series.shown.load(std::memory_order_relaxed)) {
      case Shown::always:
        return true;
      case Shown::when_asked_for:
        return false;
      default:
        const Place<P> place = series.place();
        return !place.chunk->is_removed(place.at, written(place));
    }
  }

  /// Ends the cells but keeps the chunks, so that a write through a handle that outlived this table is caught.
  void retire_chunks(Graveyard<P>& graveyard) noexcept {
    retired_ = true;
    for (Segment* segment = first_.load(std::memory_order_relaxed); segment != nullptr;
         segment = segment->next.load(std::memory_order_relaxed)) {
      if (!segment->owns_chunk.get()) continue;
      graveyard.take(segment->chunk.get());
      segment->owns_chunk.set(false);
    }
  }

  /// How often memory for a series or a block could not be had.
  [[nodiscard]] std::uint64_t allocation_failures() const noexcept {
    std::uint64_t count = failures_.load(std::memory_order_relaxed);
    for (const Segment* segment = first_.load(std::memory_order_acquire); segment != nullptr;
         segment = segment->next.load(std::memory_order_acquire)) {
      if (segment->owns_chunk.get()) count += segment->chunk.get()->allocation_failures();
    }
    return count;
  }

  [[nodiscard]] const Layout& layout() const noexcept { return layout_; }

  struct Segment;
  using Link = typename P::template atomic<Series*>;
  using SegmentLink = typename P::template atomic<Segment*>;

  /// The label text of a series can be read up to the next multiple of so many bytes, and for so many if there is one: one of up to
  /// eight bytes takes eight more.
  static constexpr std::size_t text_step = 8, text_least = 16;

  /// Where series have their cells.
  struct Home {
    typename P::template plain<Chunk<P>*> chunk;
  };

  /// A series, as small as can be, for there are many; the characters of its label text follow in memory, and then its time, if it
  /// has one.
  struct Series {
    typename P::template plain<Home*> home;  // of a table's series, their segment
    typename P::template plain<std::uint32_t> at;
    typename P::template plain<std::uint32_t> combination;
    typename P::template plain<std::uint32_t> length;
    typename P::template plain<std::uint16_t> tag;  // whatever the maker wants to find again
    typename P::template atomic<Shown> shown{Shown::always};

    [[nodiscard]] Place<P> place() const noexcept { return {home.get()->chunk.get(), at.get()}; }

    [[nodiscard]] std::string_view labels() const noexcept {
      return {reinterpret_cast<const char*>(this + 1), length.get()};
    }

    /// When it was made, in whatever unit the maker has. Only where the layout is dated.
    [[nodiscard]] std::int64_t born() const noexcept {
      std::int64_t time = 0;
      std::memcpy(&time, reinterpret_cast<const char*>(this + 1) + padded(length.get()), sizeof(time));
      return time;
    }

    /// How many bytes one takes.
    static std::size_t bytes(std::size_t length, bool dated) noexcept {
      return sizeof(Series) + padded(length) + (dated ? sizeof(std::int64_t) : 0);
    }
    /// One without cells, in memory from there; nullptr if that is lacking.
    template <class Memory>
    static Series* make(Memory& from, std::uint32_t combination, std::string_view labels, std::uint16_t tag, bool dated,
                        std::int64_t born) noexcept {
      const std::size_t bytes = Series::bytes(labels.size(), dated);
      static_assert(alignof(Series) <= alignof(void*));
      void* memory = from.take(bytes);
      if (memory == nullptr) return nullptr;
      auto* series = new (memory) Series;
      auto* text = reinterpret_cast<char*>(series + 1);
      std::memset(text, 0, bytes - sizeof(Series));
      series->combination.set(combination);
      series->tag.set(tag);
      series->length.set(static_cast<std::uint32_t>(labels.size()));
      if (!labels.empty()) std::memcpy(text, labels.data(), labels.size());
      if (dated) std::memcpy(text + padded(labels.size()), &born, sizeof(born));
      return series;
    }
    template <class Memory>
    static void destroy(Memory& from, Series* series, bool dated) noexcept {
      const std::size_t bytes = Series::bytes(series->length.get(), dated);
      series->~Series();
      from.give_back(series, bytes);
    }

   private:
    static constexpr std::size_t padded(std::size_t length) noexcept {
      if (length > 0 && length < text_least) return text_least;
      return (length + text_step - 1) / text_step * text_step;
    }
  };

  /// Series that stand side by side; the links to them follow in memory.
  struct Segment : Home {
    SegmentLink next{nullptr};
    typename P::template plain<std::uint32_t> at;
    typename P::template plain<std::uint32_t> capacity;
    typename P::template plain<bool> owns_chunk;

    [[nodiscard]] Link* links() noexcept { return reinterpret_cast<Link*>(this + 1); }
    [[nodiscard]] const Link* links() const noexcept { return reinterpret_cast<const Link*>(this + 1); }
  };

 protected:
  ~SeriesStore() = default;  // who derives from it calls clear()

  template <class Memory>
  Series* make_series(Memory& from, std::uint32_t combination, std::string_view labels, std::uint16_t tag,
                      std::int64_t born) const noexcept {
    return Series::make(from, combination, labels, tag, layout_.dated, born);
  }
  template <class Memory>
  void destroy(Memory& from, Series* series) const noexcept {
    Series::destroy(from, series, layout_.dated);
  }

  static std::size_t segment_bytes(std::uint32_t capacity) noexcept {
    return sizeof(Segment) + capacity * sizeof(Link);
  }
  // The cells of series `index` of a segment are those of `series`; which one that is.
  void place_in(Segment* segment, std::uint32_t index, Series* series) const noexcept {
    series->home.set(segment);
    series->at.set(segment->at.get() + index * layout_.cells_per_series);
  }
  [[nodiscard]] static Segment* segment_of(const Series& series) noexcept {
    return static_cast<Segment*>(series.home.get());
  }
  [[nodiscard]] std::uint32_t index_of(const Series& series) const noexcept {
    return (series.at.get() - segment_of(series)->at.get()) / layout_.cells_per_series;
  }

  // The segment that `next` leads to, which is made if there is none; nullptr when there is no memory for one.
  Segment* segment_at(SegmentLink& next) noexcept {
    Segment* segment = next.load(std::memory_order_acquire);
    if (segment != nullptr) return segment;
    Segment* made = make_segment();
    if (made == nullptr) return nullptr;
    if (next.compare_exchange_strong(segment, made, std::memory_order_release, std::memory_order_acquire)) return made;
    destroy(made);
    return segment;
  }
  Segment* make_segment() noexcept {
    std::uint32_t capacity = cells_per_chunk / layout_.cells_per_series;
    if (capacity == 0) capacity = 1;
    if (capacity > layout_.combinations) capacity = layout_.combinations;
    Chunk<P>* chunk = Chunk<P>::make(slots_, capacity * layout_.cells_per_series);
    if (chunk == nullptr) return nullptr;
    Segment* segment = make_segment(chunk, 0, capacity, true);
    if (segment == nullptr) Chunk<P>::destroy(chunk);
    return segment;
  }
  Segment* make_segment(Chunk<P>* chunk, std::uint32_t at, std::uint32_t capacity, bool owns_chunk) noexcept {
    void* memory = P::allocate(segment_bytes(capacity), alignof(Segment));
    if (memory == nullptr) return nullptr;
    auto* segment = new (memory) Segment;
    segment->chunk.set(chunk);
    segment->at.set(at);
    segment->capacity.set(capacity);
    segment->owns_chunk.set(owns_chunk);
    for (std::uint32_t i = 0; i < capacity; ++i) new (segment->links() + i) Link(nullptr);
    return segment;
  }
  static void destroy(Segment* segment) noexcept {
    if (segment->owns_chunk.get()) Chunk<P>::destroy(segment->chunk.get());
    const std::size_t bytes = segment_bytes(segment->capacity.get());
    for (std::uint32_t i = 0; i < segment->capacity.get(); ++i) segment->links()[i].~Link();
    segment->~Segment();
    P::deallocate(segment, bytes, alignof(Segment));
  }

  // Destroys everything, series in the memory that they were made in. Acquire: a thread that has stopped, or that a fork left
  // behind, may have made what is found here.
  template <class Memory>
  void clear(Memory& from) noexcept {
    for (Segment* segment = first_.load(std::memory_order_relaxed); segment != nullptr;) {
      for (std::uint32_t i = 0; i < segment->capacity.get(); ++i) {
        if (Series* series = segment->links()[i].load(std::memory_order_acquire)) destroy(from, series);
      }
      Segment* next = segment->next.load(std::memory_order_acquire);
      destroy(segment);
      segment = next;
    }
    if (table_ == nullptr) return;
    for (std::size_t i = 0; i < layout_.combinations; ++i) table_[i].~Link();
    P::deallocate(table_, table_bytes(), alignof(Link));
  }

  [[nodiscard]] std::size_t table_bytes() const noexcept { return layout_.combinations * sizeof(Link); }

  Slots<P>& slots_;
  Layout layout_;
  Link* table_ = nullptr;
  SegmentLink first_{nullptr};
  Series* refuge_ = nullptr;
  bool retired_ = false;
  typename P::template atomic<std::uint64_t> failures_{0};
};

}  // namespace cells
FLOWVIZ_METRICS_END
