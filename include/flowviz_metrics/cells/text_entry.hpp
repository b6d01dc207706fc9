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

/// The base of the entries of a set, `Entry`.
template <Platform P, class Entry>
struct TextEntry {
  typename P::template plain<std::uint64_t> hash;
  typename P::template plain<std::uint32_t> number;
  typename P::template plain<std::uint32_t> length;

  static std::uint64_t hash_of(std::string_view text) noexcept { return hash_text(text.data(), text.size()); }

  [[nodiscard]] TextValue value() const noexcept { return {number.get(), {characters(), length.get()}}; }
  /// Whether it has this text, whose hash is `key`.
  [[nodiscard]] bool is(std::string_view other, std::uint64_t key) const noexcept {
    return hash.get() == key && length.get() == other.size() && same_text(characters(), other.data(), other.size());
  }

  /// An entry, or nullptr when memory is lacking.
  static Entry* make(std::string_view text, std::uint64_t key) noexcept {
    void* memory = P::allocate(bytes(text.size()), alignof(Entry));
    if (memory == nullptr) return nullptr;
    auto* entry = new (memory) Entry;
    entry->hash.set(key);
    entry->length.set(static_cast<std::uint32_t>(text.size()));
    if (!text.empty()) std::memcpy(reinterpret_cast<char*>(entry + 1), text.data(), text.size());
    return entry;
  }
  static void destroy(Entry* entry) noexcept {
    const std::size_t size = bytes(entry->length.get());
    entry->~Entry();
    P::deallocate(entry, size, alignof(Entry));
  }

 private:
  static std::size_t bytes(std::size_t length) noexcept { return sizeof(Entry) + length; }
  [[nodiscard]] const char* characters() const noexcept {
    return reinterpret_cast<const char*>(static_cast<const Entry*>(this) + 1);
  }
};

}  // namespace cells
FLOWVIZ_METRICS_END
