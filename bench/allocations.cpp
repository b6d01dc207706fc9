// SPDX-License-Identifier: MIT
#include "allocations.hpp"

#include <malloc.h>

#include <atomic>
#include <cstdlib>
#include <new>

namespace {

std::atomic<bool> counting{false};
std::atomic<std::int64_t> in_use{0}, highest{0}, blocks{0};

std::int64_t size_of(void* memory) noexcept {
  return static_cast<std::int64_t>(malloc_usable_size(memory) + sizeof(std::size_t));
}

void* note(void* memory) noexcept {
  if (counting.load(std::memory_order_relaxed) && memory != nullptr) [[unlikely]] {
    const std::int64_t now = in_use.fetch_add(size_of(memory)) + size_of(memory);
    std::int64_t before = highest.load();
    while (before < now && !highest.compare_exchange_weak(before, now)) {
    }
    blocks.fetch_add(1);
  }
  return memory;
}

void release(void* memory) noexcept {
  if (counting.load(std::memory_order_relaxed) && memory != nullptr) [[unlikely]]
    in_use.fetch_sub(size_of(memory));
  std::free(memory);
}

void* take(std::size_t bytes) noexcept { return note(std::malloc(bytes == 0 ? 1 : bytes)); }
void* take(std::size_t bytes, std::align_val_t align) noexcept {
  const auto to = static_cast<std::size_t>(align);
  return note(std::aligned_alloc(to, (bytes + to - 1) / to * to));
}

void* or_throw(void* memory) {
  if (memory == nullptr) throw std::bad_alloc();
  return memory;
}

}  // namespace

void* operator new(std::size_t bytes) { return or_throw(take(bytes)); }
void* operator new[](std::size_t bytes) { return or_throw(take(bytes)); }
void* operator new(std::size_t bytes, const std::nothrow_t&) noexcept { return take(bytes); }
void* operator new[](std::size_t bytes, const std::nothrow_t&) noexcept { return take(bytes); }
void* operator new(std::size_t bytes, std::align_val_t align) { return or_throw(take(bytes, align)); }
void* operator new[](std::size_t bytes, std::align_val_t align) { return or_throw(take(bytes, align)); }
void* operator new(std::size_t bytes, std::align_val_t align, const std::nothrow_t&) noexcept {
  return take(bytes, align);
}
void* operator new[](std::size_t bytes, std::align_val_t align, const std::nothrow_t&) noexcept {
  return take(bytes, align);
}
void operator delete(void* memory) noexcept { release(memory); }
void operator delete[](void* memory) noexcept { release(memory); }
void operator delete(void* memory, std::size_t) noexcept { release(memory); }
void operator delete[](void* memory, std::size_t) noexcept { release(memory); }
void operator delete(void* memory, std::align_val_t) noexcept { release(memory); }
void operator delete[](void* memory, std::align_val_t) noexcept { release(memory); }
void operator delete(void* memory, std::size_t, std::align_val_t) noexcept { release(memory); }
void operator delete[](void* memory, std::size_t, std::align_val_t) noexcept { release(memory); }

namespace bench {

Allocations::Allocations() noexcept {
  in_use = highest = blocks = 0;
  counting = true;
}
Allocations::~Allocations() { counting = false; }
double Allocations::bytes() const noexcept { return static_cast<double>(in_use.load()); }
double Allocations::peak() const noexcept { return static_cast<double>(highest.load()); }
double Allocations::count() const noexcept { return static_cast<double>(blocks.load()); }

}  // namespace bench
