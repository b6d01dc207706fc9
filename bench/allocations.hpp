// SPDX-License-Identifier: MIT
#pragma once
/// \file
/// What is allocated while somebody counts: this program's `operator new` asks malloc how much it gave, and adds the eight
/// bytes that malloc keeps beside each block. While nobody counts it does nothing more than ask whether somebody does.

#include <cstddef>
#include <cstdint>

namespace bench {

/// Counts from its construction on, on all threads. One at a time.
class Allocations {
 public:
  Allocations() noexcept;
  ~Allocations();
  Allocations(const Allocations&) = delete;
  Allocations& operator=(const Allocations&) = delete;

  /// How many bytes more are in use than at the start, the most that there ever were, and how many blocks were allocated.
  [[nodiscard]] double bytes() const noexcept;
  [[nodiscard]] double peak() const noexcept;
  [[nodiscard]] double count() const noexcept;
};

}  // namespace bench
