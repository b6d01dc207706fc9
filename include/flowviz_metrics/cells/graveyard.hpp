// SPDX-License-Identifier: MIT
#pragma once
/// \file
/// Where chunks go whose registry has ended, in builds that check.

#include <flowviz_metrics/cells/chain.hpp>
#include <flowviz_metrics/cells/chunk.hpp>

FLOWVIZ_METRICS_BEGIN
namespace cells {

/// Where chunks go whose registry has ended, in builds that check: emptied, but there, so that a write through a handle
/// that outlived its registry runs into an assertion and not into freed memory.
template <Platform P>
class Graveyard {
 public:
  constexpr Graveyard() noexcept = default;

  void take(Chunk<P>* chunk) noexcept {
    chunk->free_blocks();
    chunk->retired_ = true;
    chunks_.prepend(chunk);
  }

 private:
  Chain<P, Chunk<P>> chunks_;  // keeps them reachable, for those who look for leaks
};

}  // namespace cells
FLOWVIZ_METRICS_END
