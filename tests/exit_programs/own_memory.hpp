// SPDX-License-Identifier: MIT
#pragma once
/// \file
/// Replaces the program's memory: every new and delete of it, those of the library among them, comes down to the
/// program's own `take` and `give_back`, by own_memory/operators.cpp.

#include <cstddef>

namespace own_memory {

/// Memory, or nullptr. The program defines both.
void* take(std::size_t bytes, std::size_t align) noexcept;
void give_back(void* memory) noexcept;

}  // namespace own_memory
