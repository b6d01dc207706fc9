// SPDX-License-Identifier: MIT
#pragma once
/// \file
/// What the shared objects of the benchmarks export.

#include <cstddef>
#include <cstdint>
#include <span>

namespace bench::modules {

/// In a shared object like any other, built with -fPIC: one increment of the `which`-th of 32 counters; and a function that
/// only returns, for the cost of the call.
void increment(std::size_t which) noexcept;
void nothing(std::size_t which) noexcept;

/// In a shared object of code that has no SSE2 to use: observes `n` of the values in turn. `counts` reads the buckets.
void observe_portably(std::span<const double> bounds, std::span<const double, 1024> values, std::size_t n);
void portable_counts(std::span<const double> bounds, std::span<std::uint64_t> counts);

}  // namespace bench::modules
