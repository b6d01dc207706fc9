// SPDX-License-Identifier: MIT
#pragma once
/// \file
/// What some cells of a chunk have beside their number: a link for each cell, which few chunks need and no increment sees.

#include <cstdint>
#include <new>

#include <flowviz_metrics/cells/platform.hpp>

FLOWVIZ_METRICS_BEGIN
namespace cells {

/// Links to a `T` for each cell of a chunk, all null at first. They are made with the first one that is asked for. Lock-free.
template <Platform P, class T>
class CellTable {
 public:
  using Link = typename P::template atomic<T*>;

  constexpr CellTable() noexcept = default;
  CellTable(const CellTable&) = delete;
  CellTable& operator=(const CellTable&) = delete;

  /// Whether there may be any.
  [[nodiscard]] bool any() const noexcept { return links_.load(std::memory_order_relaxed) != nullptr; }

  /// What the link of the cell at `at` leads to, whose contents are seen; nullptr if there is none.
  [[nodiscard]] T* find(std::uint32_t at) const noexcept {
    const Link* links = links_.load(std::memory_order_acquire);
    return links == nullptr ? nullptr : links[at].load(std::memory_order_acquire);
  }

  /// Calls `visit(link)` for the `count` links from `at` on, if there are any. Nobody else may be using them.
  template <class Visit>
  void each(std::uint32_t at, std::uint32_t count, Visit visit) noexcept {
    Link* links = links_.load(std::memory_order_relaxed);
    for (std::uint32_t i = 0; links != nullptr && i < count; ++i) visit(links[at + i]);
  }

  /// The link of the cell at `at` of a chunk of `cells` cells; nullptr if memory for links cannot be had.
  [[nodiscard]] Link* link(std::uint32_t cells, std::uint32_t at) noexcept {
    Link* links = links_.load(std::memory_order_acquire);
    if (links == nullptr) links = make(cells);
    return links == nullptr ? nullptr : links + at;
  }

  /// Frees the links. Likewise.
  void destroy(std::uint32_t cells) noexcept {
    if (Link* links = links_.exchange(nullptr, std::memory_order_relaxed)) free(links, cells);
  }

 private:
  Link* make(std::uint32_t cells) noexcept {
    void* memory = P::allocate(cells * sizeof(Link), alignof(Link));
    if (memory == nullptr) return nullptr;
    auto* made = static_cast<Link*>(memory);
    for (std::uint32_t i = 0; i < cells; ++i) new (made + i) Link(nullptr);
    Link* other = nullptr;
    if (links_.compare_exchange_strong(other, made, std::memory_order_release, std::memory_order_acquire)) return made;
    free(made, cells);
    return other;
  }
  static void free(Link* links, std::uint32_t cells) noexcept {
    for (std::uint32_t i = 0; i < cells; ++i) links[i].~Link();
    P::deallocate(links, cells * sizeof(Link), alignof(Link));
  }

  typename P::template atomic<Link*> links_{nullptr};
};

}  // namespace cells
FLOWVIZ_METRICS_END
