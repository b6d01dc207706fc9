// SPDX-License-Identifier: MIT
#pragma once
/// \file
/// The last exemplar of each cell of a chunk: which trace an observation belongs to, as a reader of the page may look it
/// up. Observations that carry none never come here.
///
/// A cell's exemplar has two buffers, made when the cell gets its first one. A writer takes a lock that it does not wait
/// for, since an exemplar is one of many, and whoever comes second drops his; it fills the buffer that readers do not look
/// at, and then turns them to it. Readers take no lock: the buffer that they read is refilled after the next exemplar but
/// one, and then its number has changed.
///
/// Orders: the number is published with release and read with acquire, so the buffer that it names is complete. Each word
/// is stored with release and loaded with acquire: a reader that meets a word of a later exemplar sees the number that was
/// published before it, and so that it was too slow.

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <new>
#include <string_view>

#include <flowviz_metrics/cells/cell_table.hpp>

FLOWVIZ_METRICS_BEGIN
namespace cells {

/// An exemplar but for its labels.
struct ExemplarValue {
  double value = 0;               ///< what was observed, or by how much a counter rose
  std::int64_t milliseconds = 0;  ///< when, since 1970 (UTC)
};

/// The exemplars of one chunk. Lock-free; writers never wait, and drop what they have if another one is writing.
template <Platform P>
class Exemplars {
 public:
  constexpr Exemplars() noexcept = default;
  Exemplars(const Exemplars&) = delete;
  Exemplars& operator=(const Exemplars&) = delete;

  /// Whether a cell may have one.
  [[nodiscard]] bool any() const noexcept { return table_.any(); }

  /// Keeps an exemplar for the cell at `at` of a chunk of `cells` cells. False if memory for it could not be had.
  bool keep(std::uint32_t cells, std::uint32_t at, ExemplarValue of, std::string_view labels) noexcept {
    auto* link = table_.link(cells, at);
    if (link == nullptr) return false;
    Slot* slot = link->load(std::memory_order_acquire);
    if (slot != nullptr && labels.size() <= slot->capacity.get() * sizeof(std::uint64_t)) {
      slot->write(of, labels);
      return true;
    }
    Slot* made = Slot::make(labels.size(), slot);
    if (made == nullptr) return false;
    made->write(of, labels);
    // Another one that was quicker has one as new as this one.
    if (!link->compare_exchange_strong(slot, made, std::memory_order_release, std::memory_order_relaxed)) {
      Slot::destroy(made);
    }
    return true;
  }

  /// The exemplar of the cell at `at`, its labels in `labels`, a std::string. False if there is none, or if writers were
  /// quicker than this reader several times.
  template <class Text>
  bool read(std::uint32_t at, ExemplarValue& of, Text& labels) const {
    const Slot* slot = table_.find(at);
    return slot != nullptr && slot->read(of, labels);
  }

  /// The cells from `at` on have none any more. Nobody may be writing them, and who calls this has seen what was written. A writer
  /// that a fork left behind in the middle of it is done.
  void clear(std::uint32_t at, std::uint32_t count) noexcept {
    table_.each(at, count, [](auto& link) {
      if (Slot* slot = link.load(std::memory_order_relaxed)) slot->write_none();
    });
  }

  /// Frees all of them. Likewise, and nobody may be reading.
  void destroy(std::uint32_t cells) noexcept {
    table_.each(0, cells, [](auto& link) {
      for (Slot* slot = link.load(std::memory_order_relaxed); slot != nullptr;) {
        Slot* older = slot->older.get();
        Slot::destroy(slot);
        slot = older;
      }
    });
    table_.destroy(cells);
  }

 private:
  using Word = typename P::template atomic<std::uint64_t>;

  // The words of both buffers follow in memory.
  struct Slot {
    typename P::template plain<Slot*> older;  // too small for some labels; whoever reads it may do so to the end
    typename P::template plain<std::uint32_t> capacity;  // words of a buffer's text
    typename P::template atomic<std::uint32_t> busy{0};
    Word number{0};  // of exemplars so far; the last one is in buffer number % 2

    static constexpr std::uint32_t head = 3;  // value, time and length
    static constexpr std::uint64_t none = ~std::uint64_t{0};

    // Capacities double, so there are few older ones, all together no larger than this one.
    static Slot* make(std::size_t length, Slot* older) noexcept {
      constexpr std::size_t least = 8;  // a trace_id fits
      const std::size_t words = (length + sizeof(std::uint64_t) - 1) / sizeof(std::uint64_t);
      const auto capacity = static_cast<std::uint32_t>(std::bit_ceil(words < least ? least : words));
      void* memory = P::allocate(bytes(capacity), alignof(Slot));
      if (memory == nullptr) return nullptr;
      auto* slot = new (memory) Slot;
      slot->older.set(older);
      slot->capacity.set(capacity);
      for (std::uint32_t i = 0; i < 2 * (head + capacity); ++i) new (slot->buffer(0) + i) Word(0);
      return slot;
    }
    static void destroy(Slot* slot) noexcept {
      const std::uint32_t capacity = slot->capacity.get();
      for (std::uint32_t i = 0; i < 2 * (head + capacity); ++i) slot->buffer(0)[i].~Word();
      slot->~Slot();
      P::deallocate(slot, bytes(capacity), alignof(Slot));
    }

    void write(ExemplarValue of, std::string_view labels) noexcept {
      write([&](Word* to) {
        to[0].store(std::bit_cast<std::uint64_t>(of.value), std::memory_order_release);
        to[1].store(static_cast<std::uint64_t>(of.milliseconds), std::memory_order_release);
        to[2].store(labels.size(), std::memory_order_release);
        for (to += head; !labels.empty(); ++to) {
          std::uint64_t word = 0;
          const std::string_view part = labels.substr(0, sizeof(word));
          std::memcpy(&word, part.data(), part.size());
          to->store(word, std::memory_order_release);
          labels.remove_prefix(part.size());
        }
      });
    }
    void write_none() noexcept {
      busy.store(0, std::memory_order_relaxed);
      write([](Word* to) { to[2].store(none, std::memory_order_relaxed); });
    }

    template <class Text>
    bool read(ExemplarValue& of, Text& labels) const {
      constexpr int attempts = 4;
      for (int attempt = 0; attempt < attempts; ++attempt) {
        const std::uint64_t now = number.load(std::memory_order_acquire);
        const Word* from = buffer(now);
        of.value = std::bit_cast<double>(from[0].load(std::memory_order_acquire));
        of.milliseconds = static_cast<std::int64_t>(from[1].load(std::memory_order_acquire));
        const std::uint64_t length = from[2].load(std::memory_order_acquire);
        const bool is_one = now != 0 && length != none;
        if (is_one) {  // or the length of a later one, which fits, too
          labels.resize(static_cast<std::size_t>(length));
          from += head;
          for (std::size_t i = 0; i < labels.size(); i += sizeof(std::uint64_t), ++from) {
            const std::uint64_t word = from->load(std::memory_order_acquire);
            const std::size_t rest = labels.size() - i;
            std::memcpy(&labels[i], &word, rest < sizeof(word) ? rest : sizeof(word));
          }
        }
        if (number.load(std::memory_order_relaxed) == now) return is_one;
      }
      return false;
    }

   private:
    static std::size_t bytes(std::uint32_t capacity) noexcept {
      return sizeof(Slot) + std::size_t{2} * (head + capacity) * sizeof(Word);
    }
    [[nodiscard]] Word* buffer(std::uint64_t of) noexcept {
      return reinterpret_cast<Word*>(this + 1) + of % 2 * (head + capacity.get());
    }
    [[nodiscard]] const Word* buffer(std::uint64_t of) const noexcept {
      return reinterpret_cast<const Word*>(this + 1) + of % 2 * (head + capacity.get());
    }

    template <class Fill>
    void write(Fill fill) noexcept {
      // Acquire and release, paired with each other: who fills a buffer has seen the number that its last writer gave.
      if (busy.exchange(1, std::memory_order_acquire) != 0) return;
      const std::uint64_t next = number.load(std::memory_order_relaxed) + 1;
      fill(buffer(next));
      number.store(next, std::memory_order_release);
      busy.store(0, std::memory_order_release);
    }
  };

  CellTable<P, Slot> table_;
};

}  // namespace cells
FLOWVIZ_METRICS_END
