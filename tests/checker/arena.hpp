// SPDX-License-Identifier: MIT
#pragma once
/// \file
/// The heap of the simulated machine: the same addresses in each execution, and no address used twice in one.
///
/// Freed memory stays mapped and is overwritten, so that whoever still reads it finds a value that no object has. Only
/// a caller who asks for it gets a freed block again.

#include <cstddef>
#include <cstdint>
#include <vector>

#include "memory_model.hpp"

namespace checker {

class Arena {
 public:
  struct Block {
    std::byte* begin;
    std::size_t bytes;
    std::size_t align;
    ThreadId allocated_by;
    bool live;
  };

  Arena();
  ~Arena();
  Arena(const Arena&) = delete;
  Arena& operator=(const Arena&) = delete;

  /// Forgets all blocks.
  void reset() noexcept;

  /// A block that was not in use before; null when the arena is exhausted.
  [[nodiscard]] void* allocate(std::size_t bytes, std::size_t align, ThreadId by);
  /// The block of that size freed last, or null.
  [[nodiscard]] Block* last_freed(std::size_t bytes, std::size_t align) noexcept;
  [[nodiscard]] void* allocate_again(Block& block, ThreadId by) noexcept;
  /// Null when done, or what is wrong with giving `p` back.
  [[nodiscard]] const char* deallocate(void* p, std::size_t bytes, std::size_t align) noexcept;

  /// The block that `address` lies in, or null.
  [[nodiscard]] const Block* find(const void* address) const noexcept;
  [[nodiscard]] const std::vector<Block>& blocks() const noexcept { return blocks_; }

 private:
  static constexpr std::size_t capacity = std::size_t{256} << 20;

  std::byte* memory_ = nullptr;
  std::size_t used_ = 0;
  std::vector<Block> blocks_;       // in the order of their addresses
  std::vector<std::size_t> freed_;  // indices of blocks, the last freed last
};

}  // namespace checker
