// SPDX-License-Identifier: MIT
// A file of its own, for a compiler that sees through new and delete takes liberties: g++ finds that free() is the wrong partner of
// new, and clang++ 14 leaves out what stands behind a call that made an object with them. All forms are replaced, for sanitizers
// bring their own of each.

#include "../own_memory.hpp"

#include <cstdlib>
#include <new>

namespace {

void* take_or_throw(std::size_t bytes, std::size_t align) {
  void* memory = own_memory::take(bytes, align);
  if (memory == nullptr) {
#if defined(__cpp_exceptions)
    throw std::bad_alloc();
#else
    std::abort();
#endif
  }
  return memory;
}

}  // namespace

void* operator new(std::size_t n) { return take_or_throw(n, __STDCPP_DEFAULT_NEW_ALIGNMENT__); }
void* operator new[](std::size_t n) { return take_or_throw(n, __STDCPP_DEFAULT_NEW_ALIGNMENT__); }
void* operator new(std::size_t n, std::align_val_t a) { return take_or_throw(n, static_cast<std::size_t>(a)); }
void* operator new[](std::size_t n, std::align_val_t a) { return take_or_throw(n, static_cast<std::size_t>(a)); }
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
