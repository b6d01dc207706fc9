// SPDX-License-Identifier: MIT
#pragma once
/// \file
/// The values of an open label: the first N distinct texts get the numbers 1 to N for ever, whatever comes later gets
/// 0, which stands for `_other`. Looking a text up is a hash, a probe and a comparison, and never allocates.

#include <cstddef>
#include <cstdint>
#include <new>
#include <string_view>

#include <flowviz_metrics/cells/append.hpp>
#include <flowviz_metrics/cells/arena.hpp>
#include <flowviz_metrics/cells/text_entry.hpp>

FLOWVIZ_METRICS_BEGIN
namespace cells {

/// A set of at most `cap` texts that only grows. Look-ups are wait-free; additions are lock-free and allocate once per
/// text.
template <Platform P>
class TextSet {
 public:
  using Value = TextValue;

  /// Memory for the table is taken here; `ready()` says whether it was there.
  explicit TextSet(std::uint32_t cap) noexcept : cap_(cap) {
    // At most half full, so that a probe for a text that is not there ends soon.
    while (mask_ + 1 < std::size_t{cap} * 2) mask_ = mask_ * 2 + 1;
    void* memory = P::allocate(table_bytes(), alignof(Link));
    if (memory == nullptr) return;
    table_ = static_cast<Link*>(memory);
    for (std::size_t i = 0; i <= mask_; ++i) new (table_ + i) Link(nullptr);
  }
  ~TextSet() {
    for (Entry* entry = first_.load(std::memory_order_relaxed); entry != nullptr;) {
      Entry* next = entry->next.load(std::memory_order_relaxed);
      entry->~Entry();
      entry = next;
    }
    if (table_ == nullptr) return;
    for (std::size_t i = 0; i <= mask_; ++i) table_[i].~Link();
    P::deallocate(table_, table_bytes(), alignof(Link));
  }
  TextSet(const TextSet&) = delete;
  TextSet& operator=(const TextSet&) = delete;

  [[nodiscard]] bool ready() const noexcept { return table_ != nullptr; }
  [[nodiscard]] std::uint32_t cap() const noexcept { return cap_; }

  /// The value with this text, or number 0.
  [[nodiscard]] Value find(std::string_view text) const noexcept { return find(text, Entry::hash_of(text)); }

  /// The value with this text, which is added if there is room and memory; otherwise number 0.
  Value find_or_add(std::string_view text) noexcept {
    // Read before the table is searched: all entries up to this one are in the table by then, so a search that
    // fails has ruled them out. Acquire, paired with the release in help().
    Entry* last = helped_.load(std::memory_order_acquire);
    const std::uint64_t key = Entry::hash_of(text);
    if (const Value there = find(text, key); there.number != 0) return there;
    if (last != nullptr && last->number.get() == cap_) return {};

    Entry* entry = Entry::make(memory_, text);
    if (entry == nullptr) {
      failures_.fetch_add(1, std::memory_order_relaxed);
      return {};
    }
    Entry* there = append_unless_there(
        last, entry,
        [this](Entry* before) -> Link* {
          if (before == nullptr) return &first_;
          return before->number.get() == cap_ ? nullptr : &before->next;
        },
        [](Entry* node, Entry* before) { node->number.set(before == nullptr ? 1 : before->number.get() + 1); },
        [&](Entry* node) { return node->is(text); }, [this](Entry* node) { help(node); });
    if (there != entry) Entry::destroy(memory_, entry);
    return there == nullptr ? Value{} : there->value();
  }

  /// How many texts could not be added for want of memory.
  [[nodiscard]] std::uint64_t allocation_failures() const noexcept { return failures_.load(std::memory_order_relaxed); }

  /// How many texts there are.
  [[nodiscard]] std::uint32_t size() const noexcept {
    std::uint32_t count = 0;
    for (const Entry* entry = first_.load(std::memory_order_acquire); entry != nullptr;
         entry = entry->next.load(std::memory_order_acquire)) {
      ++count;
    }
    return count;
  }

 private:
  struct Entry;
  using Link = typename P::template atomic<Entry*>;

  struct Entry : TextEntry<P, Entry> {
    Link next{nullptr};
  };

  [[nodiscard]] Value find(std::string_view text, std::uint64_t key) const noexcept {
    for (std::size_t i = key & mask_;; i = (i + 1) & mask_) {
      // Acquire, paired with the release in help(): the entry is seen whole.
      const Entry* entry = table_[i].load(std::memory_order_acquire);
      if (entry == nullptr) return {};
      if (entry->is(text)) return entry->value();
    }
  }

  // Enters the node into the table, unless somebody did, and notes that all nodes up to it are there.
  void help(Entry* node) noexcept {
    for (std::size_t i = node->hash() & mask_;; i = (i + 1) & mask_) {
      // Relaxed where it is read: the entry is compared by its address alone. Release: see find().
      Entry* there = table_[i].load(std::memory_order_relaxed);
      if (there == nullptr &&
          table_[i].compare_exchange_strong(there, node, std::memory_order_release, std::memory_order_relaxed)) {
        break;
      }
      if (there == node) break;
    }
    // May step back when an older helper comes late. That is harmless: it stays true of every entry up to this one.
    helped_.store(node, std::memory_order_release);
  }

  [[nodiscard]] std::size_t table_bytes() const noexcept { return (mask_ + 1) * sizeof(Link); }

  std::uint32_t cap_;
  std::size_t mask_ = 1;
  Link* table_ = nullptr;
  Arena<P> memory_;
  Link first_{nullptr};
  Link helped_{nullptr};
  typename P::template atomic<std::uint64_t> failures_{0};
};

}  // namespace cells
FLOWVIZ_METRICS_END
