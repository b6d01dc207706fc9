// SPDX-License-Identifier: MIT
#pragma once
/// \file
/// A label value as the sets of texts keep it: its number, and its characters behind it in memory.

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <new>
#include <string_view>

#include <flowviz_metrics/cells/hash.hpp>
#include <flowviz_metrics/cells/platform.hpp>

FLOWVIZ_METRICS_BEGIN
namespace cells {

/// A text of a set: its number, and the characters as the set keeps them. Number 0 is no text.
struct TextValue {
  std::uint32_t number = 0;
  std::string_view text;
};

/// The base of the entries of a set, `Entry`, as small as can be: no hash is kept, for who has looked at the length is as soon
/// through with the text.
template <Platform P, class Entry>
struct TextEntry {
  typename P::template plain<std::uint32_t> number;
  typename P::template plain<std::uint32_t> length;

  static std::uint64_t hash_of(std::string_view text) noexcept { return hash_text(text.data(), text.size()); }

  [[nodiscard]] TextValue value() const noexcept { return {number.get(), {characters(), length.get()}}; }
  [[nodiscard]] bool is(std::string_view other) const noexcept {
    return length.get() == other.size() && same_text(characters(), other.data(), other.size());
  }
  /// The hash of its text.
  [[nodiscard]] std::uint64_t hash() const noexcept { return hash_of(value().text); }

  /// An entry in memory from an Arena or a Heap, or nullptr when that is lacking.
  template <class Memory>
  static Entry* make(Memory& from, std::string_view text) noexcept {
    static_assert(alignof(Entry) <= alignof(void*));
    void* memory = from.take(bytes(text.size()));
    if (memory == nullptr) return nullptr;
    auto* entry = new (memory) Entry;
    entry->length.set(static_cast<std::uint32_t>(text.size()));
    if (!text.empty()) std::memcpy(reinterpret_cast<char*>(entry + 1), text.data(), text.size());
    return entry;
  }
  template <class Memory>
  static void destroy(Memory& from, Entry* entry) noexcept {
    const std::size_t size = bytes(entry->length.get());
    entry->~Entry();
    from.give_back(entry, size);
  }

 private:
  static std::size_t bytes(std::size_t length) noexcept { return sizeof(Entry) + length; }
  [[nodiscard]] const char* characters() const noexcept {
    return reinterpret_cast<const char*>(static_cast<const Entry*>(this) + 1);
  }
};

}  // namespace cells
FLOWVIZ_METRICS_END
