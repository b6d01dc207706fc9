// SPDX-License-Identifier: MIT
#pragma once
/// \file
/// The values of an open label that expire: at most N texts at a time, each with a number from 1 to N that is given to another
/// text when it has ended.
///
/// Entries hang in buckets. One is added at the head of its bucket by a compare-and-swap, after all of the bucket were
/// compared: if the head is still the same, nobody has added the text meanwhile. Its number is claimed before, as one bit of a
/// bitmap. All look-ups and additions run inside of a section (cells/grace.hpp).
///
/// One thread at a time ends entries, in these steps; see cells/expiring_series.hpp for who decides.
/// - *doubt*: the entry is marked. A look-up that meets it takes the mark away, and the entry lives on.
/// - a grace period, after which nobody holds the number who has not taken the mark away or kept a handle;
/// - *end*: the mark becomes final, unless it is gone, and the entry is taken out of its bucket;
/// - another grace period, after which nobody looks at it any more: its memory and its number are free.

#include <bit>
#include <cstddef>
#include <cstdint>
#include <new>
#include <string_view>

#include <flowviz_metrics/cells/arena.hpp>
#include <flowviz_metrics/cells/text_entry.hpp>

FLOWVIZ_METRICS_BEGIN
namespace cells {

/// A set of at most `cap` texts at a time. Look-ups are wait-free but for taking a doubt away; additions are lock-free.
///
/// Texts that compete for the last number may find none while one of them is about to give it back. A thread that a fork
/// leaves behind in the middle of an addition keeps a number in the child.
template <Platform P>
class ExpiringTexts {
 public:
  using Value = TextValue;

  /// Memory is taken here; `ready()` says whether it was there.
  explicit ExpiringTexts(std::uint32_t cap) noexcept : cap_(cap) {
    while (mask_ + 1 < cap) mask_ = mask_ * 2 + 1;
    buckets_ = make_array<Link>(mask_ + 1);
    taken_ = make_array<Word>(words());
    of_number_ = make_array<OfNumber>(std::size_t{cap} + 1);
  }
  ~ExpiringTexts() {
    // Acquire: a thread that has stopped, or that a fork left behind, may have made what is found here.
    for (std::size_t i = 0; buckets_ != nullptr && i <= mask_; ++i) {
      for (Entry* entry = buckets_[i].load(std::memory_order_acquire); entry != nullptr;) {
        Entry* next = entry->next.load(std::memory_order_relaxed);
        Entry::destroy(heap_, entry);
        entry = next;
      }
    }
    while (ended_ != nullptr) Entry::destroy(heap_, take_first(ended_));
    free_array(buckets_, mask_ + 1);
    free_array(taken_, words());
    free_array(of_number_, std::size_t{cap_} + 1);
  }
  ExpiringTexts(const ExpiringTexts&) = delete;
  ExpiringTexts& operator=(const ExpiringTexts&) = delete;

  [[nodiscard]] bool ready() const noexcept {
    return buckets_ != nullptr && taken_ != nullptr && of_number_ != nullptr;
  }
  [[nodiscard]] std::uint32_t cap() const noexcept { return cap_; }

  // --- inside of a section ---

  /// The value with this text, or number 0. As long as the section lasts the number belongs to the text.
  [[nodiscard]] Value find(std::string_view text) const noexcept {
    return find_in(bucket(Entry::hash_of(text)).load(std::memory_order_acquire), nullptr, text,
                   std::memory_order_relaxed);
  }

  /// The value with this text, which is added if there is room and memory; otherwise number 0. One that is `pinned` does
  /// not end.
  Value find_or_add(std::string_view text, bool pinned = false) noexcept {
    Link& head = bucket(Entry::hash_of(text));
    Entry* first = head.load(std::memory_order_acquire);
    // Acquire, paired with the release in take_out(): a text that comes again is seen by nobody who does not see that it had ended.
    if (const Value there = find_in(first, nullptr, text, std::memory_order_acquire); there.number != 0) return there;
    const std::uint32_t number = claim();
    if (number == 0) return {};
    Entry* entry = Entry::make(heap_, text);
    if (entry == nullptr) {
      failures_.fetch_add(1, std::memory_order_relaxed);
      release(number);
      return {};
    }
    entry->number.set(number);
    entry->pinned.set(pinned);
    of_number_[number].entry.store(entry, std::memory_order_relaxed);  // published with the entry
    for (;;) {
      entry->next.store(first, std::memory_order_relaxed);
      Entry* const compared = first;
      // Release, paired with the acquire of whoever finds the entry here: it is seen whole.
      if (head.compare_exchange_strong(first, entry, std::memory_order_release, std::memory_order_acquire))
        return entry->value();
      if (const Value there = find_in(first, compared, text, std::memory_order_acquire); there.number != 0) {
        Entry::destroy(heap_, entry);
        release(number);
        return there;
      }
    }
  }

  /// Whether the text of a number that was found in this section has ended since.
  [[nodiscard]] bool has_ended(std::uint32_t number) const noexcept {
    return of_number_[number].entry.load(std::memory_order_relaxed)->state.load(std::memory_order_relaxed) == dead;
  }

  // --- by one thread at a time ---

  /// The text of this number was in use at `now`.
  void note_active(std::uint32_t number, std::int64_t now) noexcept { of_number_[number].active_since.set(now); }

  /// Doubts the texts that were last in use before `since`; returns whether there are any.
  bool doubt(std::int64_t since) noexcept {
    for (std::size_t i = 0; i <= mask_; ++i) {
      for (Entry* entry = buckets_[i].load(std::memory_order_acquire); entry != nullptr;
           entry = entry->next.load(std::memory_order_relaxed)) {
        if (entry->pinned.get() || of_number_[entry->number.get()].active_since.get() > since) continue;
        entry->state.store(doubted, std::memory_order_relaxed);  // ordered by the grace period
        entry->after.set(doubted_);
        doubted_ = entry;
      }
    }
    return doubted_ != nullptr;
  }
  /// After a grace period: ends each doubted text of whose number `idle` says so, and that nobody looked up meanwhile; calls
  /// `ended(number)`. The others live on.
  template <class Idle, class Ended>
  void end_if(Idle idle, Ended ended) noexcept {
    while (doubted_ != nullptr) {
      Entry* entry = take_first(doubted_);
      std::uint32_t state = doubted;
      const bool ends = idle(entry->number.get());
      entry->state.compare_exchange_strong(state, ends ? dead : live, std::memory_order_relaxed,
                                           std::memory_order_relaxed);
      if (!ends || state != doubted) continue;
      take_out(entry);
      entry->after.set(ended_);
      ended_ = entry;
      ended(entry->number.get());
    }
  }
  /// After another grace period: their numbers and memory are free from `now` on.
  void reclaim(std::int64_t now) noexcept {
    while (ended_ != nullptr) {
      Entry* entry = take_first(ended_);
      const std::uint32_t number = entry->number.get();
      of_number_[number].active_since.set(now);
      Entry::destroy(heap_, entry);
      release(number);
    }
  }
  /// How many texts could not be added for want of memory.
  [[nodiscard]] std::uint64_t allocation_failures() const noexcept { return failures_.load(std::memory_order_relaxed); }

 private:
  enum State : std::uint32_t { live, doubted, dead };

  struct Entry;
  using Link = typename P::template atomic<Entry*>;
  using Word = typename P::template atomic<std::uint64_t>;

  struct Entry : TextEntry<P, Entry> {
    Link next{nullptr};
    typename P::template atomic<std::uint32_t> state{live};
    typename P::template plain<bool> pinned;
    typename P::template plain<Entry*> after;  // among the doubted or the ended

    // Whether it can be used, after taking a doubt away.
    [[nodiscard]] bool lives() noexcept {
      std::uint32_t seen = state.load(std::memory_order_relaxed);
      if (seen == live) [[likely]]
        return true;
      if (seen == doubted)
        state.compare_exchange_strong(seen, live, std::memory_order_relaxed, std::memory_order_relaxed);
      return seen != dead;
    }
  };

  struct OfNumber {
    typename P::template plain<std::int64_t> active_since;
    Link entry{nullptr};
  };

  [[nodiscard]] Link& bucket(std::uint64_t key) const noexcept { return buckets_[key & mask_]; }

  // Looks at the entries from `first` on, up to `end`. For what is found relaxed is enough as the order in which entries are gone
  // through: what stands behind one was added before it, and whoever added it had seen that.
  static Value find_in(Entry* first, const Entry* end, std::string_view text, std::memory_order order) noexcept {
    for (Entry* entry = first; entry != end && entry != nullptr; entry = entry->next.load(order)) {
      if (entry->is(text) && entry->lives()) return entry->value();
    }
    return {};
  }

  // Only one thread takes out, and others only add at the head.
  void take_out(Entry* entry) noexcept {
    Entry* const next = entry->next.load(std::memory_order_relaxed);
    for (Link* link = &bucket(entry->hash());;) {
      // Acquire, paired with the release in find_or_add(): somebody may have added one.
      Entry* there = link->load(std::memory_order_acquire);
      if (there != entry) {
        link = &there->next;
      } else if (link->compare_exchange_strong(there, next, std::memory_order_release, std::memory_order_relaxed)) {
        return;  // release: see find_or_add()
      }
    }
  }

  // A free number, or 0.
  std::uint32_t claim() noexcept {
    // Most of those who ask come when all are taken, and need not look through the bitmap.
    if (taken_count_.load(std::memory_order_relaxed) >= cap_) return 0;
    for (std::uint32_t w = 0; w < words(); ++w) {
      const std::uint32_t bits = cap_ - w * 64 < 64 ? cap_ - w * 64 : 64;
      std::uint64_t taken = taken_[w].load(std::memory_order_relaxed);
      for (;;) {
        const auto bit = static_cast<std::uint32_t>(std::countr_one(taken));
        if (bit >= bits) break;
        const std::uint64_t mask = std::uint64_t{1} << bit;
        // Relaxed: whoever finds a number free came after the grace period that freed it, and sees what was taken away.
        const std::uint64_t before = taken_[w].fetch_or(mask, std::memory_order_relaxed);
        if ((before & mask) == 0) {
          taken_count_.fetch_add(1, std::memory_order_relaxed);
          return w * 64 + bit + 1;
        }
        taken = before;
      }
    }
    return 0;
  }
  void release(std::uint32_t number) noexcept {
    taken_[(number - 1) / 64].fetch_and(~(std::uint64_t{1} << ((number - 1) % 64)), std::memory_order_relaxed);
    taken_count_.fetch_sub(1, std::memory_order_relaxed);
  }

  static Entry* take_first(Entry*& list) noexcept {
    Entry* entry = list;
    list = entry->after.get();
    return entry;
  }

  [[nodiscard]] std::uint32_t words() const noexcept { return (cap_ + 63) / 64; }
  template <class T>
  static T* make_array(std::size_t count) noexcept {
    void* memory = P::allocate(count * sizeof(T), alignof(T));
    auto* array = static_cast<T*>(memory);
    for (std::size_t i = 0; memory != nullptr && i < count; ++i) new (array + i) T{};
    return array;
  }
  template <class T>
  static void free_array(T* array, std::size_t count) noexcept {
    if (array == nullptr) return;
    for (std::size_t i = 0; i < count; ++i) array[i].~T();
    P::deallocate(array, count * sizeof(T), alignof(T));
  }

  [[no_unique_address]] Heap<P> heap_;  // texts end one by one

  std::uint32_t cap_;
  std::size_t mask_ = 0;
  Link* buckets_ = nullptr;
  Word* taken_ = nullptr;
  typename P::template atomic<std::uint32_t> taken_count_{0};
  OfNumber* of_number_ = nullptr;
  Entry* doubted_ = nullptr;
  Entry* ended_ = nullptr;
  typename P::template atomic<std::uint64_t> failures_{0};
};

}  // namespace cells
FLOWVIZ_METRICS_END
