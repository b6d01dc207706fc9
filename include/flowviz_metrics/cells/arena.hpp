// SPDX-License-Identifier: MIT
#pragma once
/// \file
/// Memory for what is made piece by piece and ends all at once, as the series and the label values of a metric do.
///
/// Pieces stand side by side in blocks, in the order in which they were made. So a page that walks through series finds their
/// texts where the processor fetches them ahead of time, and a piece costs its bytes, without what an allocator keeps beside each.
///
/// A block is taken from its front: a compare-and-swap on how much of it is used. When a block is full, who needs more makes
/// the next one, and if several do, the others find that of the first and free theirs. A thread that stops in the middle
/// holds nobody up; the piece it had taken is lost until the end.
///
/// Orders: a block is published with release and found with acquire, so its size is seen. How much of it is used is relaxed: a
/// piece is nobody's before it is taken, and is not given back.

#include <cstddef>
#include <cstdint>
#include <new>

#include <flowviz_metrics/cells/platform.hpp>

FLOWVIZ_METRICS_BEGIN
namespace cells {

/// Hands out memory that stays until the arena ends. Lock-free; allocates once for many pieces.
template <Platform P>
class Arena {
 public:
  constexpr Arena() noexcept = default;
  ~Arena() {
    for (Block* block = newest_.load(std::memory_order_acquire); block != nullptr;) {
      Block* older = block->older.get();
      destroy(block);
      block = older;
    }
  }
  Arena(const Arena&) = delete;
  Arena& operator=(const Arena&) = delete;

  /// Room for `bytes` bytes, in one block if memory for that can be had. To be called before all others, if at all.
  void expect(std::size_t bytes) noexcept { newest_.store(make(nullptr, bytes, 0), std::memory_order_relaxed); }

  /// `bytes` bytes, aligned as a pointer is, or nullptr when memory is lacking.
  void* take(std::size_t bytes) noexcept {
    bytes = round_up(bytes);
    for (Block* block = newest_.load(std::memory_order_acquire);;) {
      if (void* piece = take_from(block, bytes)) return piece;
      Block* made = make(block, bytes, bytes);
      if (made == nullptr) return nullptr;
      if (newest_.compare_exchange_strong(block, made, std::memory_order_release, std::memory_order_acquire)) {
        return made->piece(0);
      }
      destroy(made);
    }
  }

  /// Does nothing: a piece that was taken for nothing, since another thread was quicker, ends with all others.
  static void give_back(void* /*piece*/, std::size_t /*bytes*/) noexcept {}

 private:
  // Its pieces follow in memory.
  struct Block {
    typename P::template plain<Block*> older;
    typename P::template plain<std::uint32_t> size;
    typename P::template atomic<std::uint32_t> used{0};

    [[nodiscard]] void* piece(std::uint32_t at) noexcept { return reinterpret_cast<char*>(this + 1) + at; }
  };

  static constexpr std::size_t alignment = alignof(void*);
  static constexpr std::size_t round_up(std::size_t bytes) noexcept {
    return (bytes + alignment - 1) / alignment * alignment;
  }
  // With what stands before them, and what an allocator may keep, a page of memory.
  static constexpr std::size_t most = 4096 - 2 * 16;

  static void* take_from(Block* block, std::size_t bytes) noexcept {
    if (block == nullptr) return nullptr;
    std::uint32_t used = block->used.load(std::memory_order_relaxed);
    while (used + bytes <= block->size.get()) {
      if (block->used.compare_exchange_strong(used, static_cast<std::uint32_t>(used + bytes), std::memory_order_relaxed,
                                              std::memory_order_relaxed)) {
        return block->piece(used);
      }
    }
    return nullptr;
  }

  // A block with room for `bytes`, of which the first are `taken`, half as large as all before it: many metrics have few series, and few have many.
  static Block* make(Block* older, std::size_t bytes, std::size_t taken) noexcept {
    std::size_t size = 0;
    for (const Block* block = older; block != nullptr && size < 2 * most; block = block->older.get()) {
      size += block->size.get();
    }
    size = size / 2 / alignment * alignment;
    if (size > most) size = most;
    if (size < bytes) size = bytes;
    void* memory = P::allocate(sizeof(Block) + size, alignof(Block));
    if (memory == nullptr) return nullptr;
    auto* block = new (memory) Block;
    block->older.set(older);
    block->size.set(static_cast<std::uint32_t>(size));
    block->used.store(static_cast<std::uint32_t>(taken), std::memory_order_relaxed);  // published with the block
    return block;
  }
  static void destroy(Block* block) noexcept {
    const std::size_t bytes = sizeof(Block) + block->size.get();
    block->~Block();
    P::deallocate(block, bytes, alignof(Block));
  }

  typename P::template atomic<Block*> newest_{nullptr};
};

/// The same for what ends piece by piece.
template <Platform P>
struct Heap {
  static void* take(std::size_t bytes) noexcept { return P::allocate(bytes, alignof(void*)); }
  static void give_back(void* piece, std::size_t bytes) noexcept { P::deallocate(piece, bytes, alignof(void*)); }
};

}  // namespace cells
FLOWVIZ_METRICS_END
