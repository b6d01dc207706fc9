// SPDX-License-Identifier: MIT
#pragma once
/// \file
/// Replaces the program's memory: every new and delete of it, those of the library among them, comes down to the
/// program's own `take` and `give_back`. All forms are replaced, for sanitizers bring their own of each.

#include <cstddef>
#include <cstdlib>
#include <new>

namespace own_memory {

/// Memory, or nullptr. The program defines both; never inlined, for a compiler that sees through them takes free() for
/// the wrong partner of new.
[[gnu::noinline]] void* take(std::size_t bytes, std::size_t align) noexcept;
[[gnu::noinline]] void give_back(void* memory) noexcept;

inline void* take_or_throw(std::size_t bytes, std::size_t align) {
  void* memory = take(bytes, align);
  if (memory == nullptr) {
#if defined(__cpp_exceptions)
    throw std::bad_alloc();
#else
    std::abort();
#endif
  }
  return memory;
}

}  // namespace own_memory

void* operator new(std::size_t n) { return own_memory::take_or_throw(n, __STDCPP_DEFAULT_NEW_ALIGNMENT__); }
void* operator new[](std::size_t n) { return own_memory::take_or_throw(n, __STDCPP_DEFAULT_NEW_ALIGNMENT__); }
void* operator new(std::size_t n, std::align_val_t a) {
  return own_memory::take_or_throw(n, static_cast<std::size_t>(a));
}
void* operator new[](std::size_t n, std::align_val_t a) {
  return own_memory::take_or_throw(n, static_cast<std::size_t>(a));
}
void* operator new(std::size_t n, const std::nothrow_t&) noexcept {
  return own_memory::take(n, __STDCPP_DEFAULT_NEW_ALIGNMENT__);
}
void* operator new[](std::size_t n, const std::nothrow_t&) noexcept {
  return own_memory::take(n, __STDCPP_DEFAULT_NEW_ALIGNMENT__);
}
void* operator new(std::size_t n, std::align_val_t a, const std::nothrow_t&) noexcept {
  return own_memory::take(n, static_cast<std::size_t>(a));
}
void* operator new[](std::size_t n, std::align_val_t a, const std::nothrow_t&) noexcept {
  return own_memory::take(n, static_cast<std::size_t>(a));
}
void operator delete(void* p) noexcept { own_memory::give_back(p); }
void operator delete[](void* p) noexcept { own_memory::give_back(p); }
void operator delete(void* p, std::size_t) noexcept { own_memory::give_back(p); }
void operator delete[](void* p, std::size_t) noexcept { own_memory::give_back(p); }
void operator delete(void* p, std::align_val_t) noexcept { own_memory::give_back(p); }
void operator delete[](void* p, std::align_val_t) noexcept { own_memory::give_back(p); }
void operator delete(void* p, std::size_t, std::align_val_t) noexcept { own_memory::give_back(p); }
void operator delete[](void* p, std::size_t, std::align_val_t) noexcept { own_memory::give_back(p); }
