// SPDX-License-Identifier: MIT
#include "fibre.hpp"

#include <sys/mman.h>
#include <unistd.h>

#include <cstdint>
#include <cstdlib>
#include <new>

#if defined(__x86_64__)
// Saves what the System V ABI lets a callee keep, changes the stack, and restores the same from there.
asm(R"(
.text
.globl checker_change_stack
.hidden checker_change_stack
.type checker_change_stack, @function
checker_change_stack:
  pushq %rbp
  pushq %rbx
  pushq %r12
  pushq %r13
  pushq %r14
  pushq %r15
  movq %rsp, (%rdi)
  movq %rsi, %rsp
  popq %r15
  popq %r14
  popq %r13
  popq %r12
  popq %rbx
  popq %rbp
  ret
.size checker_change_stack, . - checker_change_stack
)");
#elif defined(__aarch64__)
asm(R"(
.text
.globl checker_change_stack
.hidden checker_change_stack
.type checker_change_stack, %function
checker_change_stack:
  sub sp, sp, #160
  stp x19, x20, [sp, #0]
  stp x21, x22, [sp, #16]
  stp x23, x24, [sp, #32]
  stp x25, x26, [sp, #48]
  stp x27, x28, [sp, #64]
  stp x29, x30, [sp, #80]
  stp d8, d9, [sp, #96]
  stp d10, d11, [sp, #112]
  stp d12, d13, [sp, #128]
  stp d14, d15, [sp, #144]
  mov x9, sp
  str x9, [x0]
  mov sp, x1
  ldp x19, x20, [sp, #0]
  ldp x21, x22, [sp, #16]
  ldp x23, x24, [sp, #32]
  ldp x25, x26, [sp, #48]
  ldp x27, x28, [sp, #64]
  ldp x29, x30, [sp, #80]
  ldp d8, d9, [sp, #96]
  ldp d10, d11, [sp, #112]
  ldp d12, d13, [sp, #128]
  ldp d14, d15, [sp, #144]
  add sp, sp, #160
  ret
.size checker_change_stack, . - checker_change_stack
)");
#endif

#if defined(__x86_64__) || defined(__aarch64__)
extern "C" void checker_change_stack(void** save, void* load);
#endif

namespace checker {
namespace {

Fibre* beginning = nullptr;  // the fibre that is being switched to, for `begin`, which takes no argument

}  // namespace

Fibre::Fibre(std::size_t stack_bytes) {
  const auto page = static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
  mapped_ = (stack_bytes + page - 1) / page * page + page;
  void* memory = mmap(nullptr, mapped_, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) throw std::bad_alloc();
  stack_ = static_cast<std::byte*>(memory);
  mprotect(stack_, page, PROT_NONE);
}

Fibre::~Fibre() {
  if (stack_ != nullptr) munmap(stack_, mapped_);
}

void Fibre::begin() noexcept {
  Fibre* self = beginning;
  self->entry_(self->argument_);
  std::abort();
}

void Fibre::start(Entry entry, void* argument) noexcept {
  entry_ = entry;
  argument_ = argument;
#if defined(__x86_64__)
  // A zero return address below the top keeps the alignment that a called function expects, and ends backtraces.
  auto* frame = reinterpret_cast<std::uintptr_t*>(stack_ + mapped_);
  *--frame = 0;
  *--frame = reinterpret_cast<std::uintptr_t>(&Fibre::begin);
  for (int saved = 0; saved < 6; ++saved) *--frame = 0;
  stack_pointer_ = frame;
#elif defined(__aarch64__)
  auto* frame = reinterpret_cast<std::uintptr_t*>(stack_ + mapped_ - 160);
  for (int saved = 0; saved < 20; ++saved) frame[saved] = 0;
  frame[11] = reinterpret_cast<std::uintptr_t>(&Fibre::begin);  // x30
  stack_pointer_ = frame;
#else
  getcontext(&context_);
  context_.uc_stack.ss_sp = stack_;
  context_.uc_stack.ss_size = mapped_;
  context_.uc_link = nullptr;
  makecontext(&context_, &Fibre::begin, 0);
#endif
}

void Fibre::change(Fibre& from, Fibre& to) noexcept {
  beginning = &to;
#if defined(__x86_64__) || defined(__aarch64__)
  checker_change_stack(&from.stack_pointer_, to.stack_pointer_);
#else
  swapcontext(&from.context_, &to.context_);
#endif
}

}  // namespace checker
