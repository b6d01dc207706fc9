// SPDX-License-Identifier: MIT
#include "arena.hpp"

#include <sys/mman.h>

#include <algorithm>
#include <cstring>
#include <new>

namespace checker {
namespace {

constexpr int never_written = 0xCD;
constexpr int given_back = 0xDD;

}  // namespace

Arena::Arena() {
  void* memory = mmap(nullptr, capacity, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (memory == MAP_FAILED) throw std::bad_alloc();
  memory_ = static_cast<std::byte*>(memory);
}

Arena::~Arena() { munmap(memory_, capacity); }

void Arena::reset() noexcept {
  used_ = 0;
  blocks_.clear();
  freed_.clear();
}

void* Arena::allocate(std::size_t bytes, std::size_t align, ThreadId by) {
  const std::size_t begin = (used_ + align - 1) / align * align;
  if (begin + bytes > capacity) return nullptr;
  // A gap between blocks, so that one past the end of one is not the beginning of the next.
  used_ = begin + bytes + 1;
  std::byte* p = memory_ + begin;
  std::memset(p, never_written, bytes);
  blocks_.push_back({p, bytes, align, by, true});
  return p;
}

Arena::Block* Arena::last_freed(std::size_t bytes, std::size_t align) noexcept {
  const auto found = std::find_if(freed_.rbegin(), freed_.rend(), [&](std::size_t i) {
    return blocks_[i].bytes == bytes && blocks_[i].align == align;
  });
  return found == freed_.rend() ? nullptr : &blocks_[*found];
}

void* Arena::allocate_again(Block& block, ThreadId by) noexcept {
  freed_.erase(std::find(freed_.begin(), freed_.end(), static_cast<std::size_t>(&block - blocks_.data())));
  block.live = true;
  block.allocated_by = by;
  std::memset(block.begin, never_written, block.bytes);
  return block.begin;
}

const char* Arena::deallocate(void* p, std::size_t bytes, std::size_t align) noexcept {
  const Block* found = find(p);
  if (found == nullptr || found->begin != p) return "gives back what is not a block";
  Block& block = blocks_[static_cast<std::size_t>(found - blocks_.data())];
  if (!block.live) return "gives a block back twice";
  if (block.bytes != bytes || block.align != align) return "gives a block back with another size or alignment";
  block.live = false;
  std::memset(block.begin, given_back, block.bytes);
  freed_.push_back(static_cast<std::size_t>(found - blocks_.data()));
  return nullptr;
}

const Arena::Block* Arena::find(const void* address) const noexcept {
  const auto* p = static_cast<const std::byte*>(address);
  const auto after = std::upper_bound(blocks_.begin(), blocks_.end(), p,
                                      [](const std::byte* a, const Block& b) { return a < b.begin; });
  if (after == blocks_.begin()) return nullptr;
  const Block& block = *(after - 1);
  return p < block.begin + std::max<std::size_t>(block.bytes, 1) ? &block : nullptr;
}

}  // namespace checker
